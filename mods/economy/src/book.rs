//! Keeps the ledger of trade.

use sandtable_sdk::prelude::*;

use crate::SECONDS_PER_YEAR;
use crate::foreign::Nation;
use crate::kinds::Trade;

/// How long the ledger goes back, in ticks.
const KEPT_TICKS: u64 = 3650;

const QUARTER: u32 = 91;

/// Writes down what each nation sold to each other in the quarter that ends, at
/// the prices that were agreed on at its beginning.
#[system(every = 91, before = "trade", whole = "world")]
pub fn book(
    nations: Query<(Entity, &Nation)>,
    routes: Relations<Trade>,
    mut tables: Tables,
    tick: Tick,
) -> Result<(), TableError> {
    let share = f64::from(QUARTER) * tick.dt() / SECONDS_PER_YEAR;
    let mut rows: Vec<(u64, &str, &str, f64)> = Vec::new();
    for (from, seller) in &nations {
        for (to, trade) in routes.of(from) {
            if let Some((_, buyer)) = nations.get(to) {
                rows.push((tick.number(), &seller.iso, &buyer.iso, trade.usd_per_year * share));
            }
        }
    }
    tables.execute_many("INSERT INTO economy__trades VALUES (?1, ?2, ?3, ?4)", rows)?;
    let oldest = tick.number().saturating_sub(KEPT_TICKS);
    tables.execute("DELETE FROM economy__trades WHERE tick <= ?1", (oldest,))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sandtable_sdk::testing::{Rows, Sqlite, Trial};

    use super::*;
    use crate::foreign::Region;

    fn nation(iso: &str) -> Nation {
        let (iso, name, language) = (iso.to_owned(), iso.to_owned(), "und".to_owned());
        Nation { iso, name, region: Region::Elsewhere, language }
    }

    #[test]
    fn a_quarter_of_each_route_is_written_down_and_old_quarters_go() {
        let tables = Sqlite::new(&[include_str!("../migrations/0001_trades.sql")]).expect("tables");
        let [fr, de] = [1, 2].map(Entity::from_bits);
        let quarter = |tick: u64| {
            let nations = Rows::new([fr, de]).with([nation("FR"), nation("DE")]);
            let trial = Trial::of::<book>().tick(tick, 86_400.0).rows(nations);
            let trial = trial.edge(fr, de, Trade { usd_per_year: 365.2425 });
            trial.tables(&tables).run().expect("booked");
        };
        quarter(91);
        let sql = "SELECT tick, seller, buyer, usd FROM economy__trades";
        let rows: Vec<(u64, String, String, f64)> = tables.query(sql, ()).expect("rows");
        let [(91, seller, buyer, usd)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((seller.as_str(), buyer.as_str()), ("FR", "DE"));
        assert!((usd - 91.0).abs() < 1e-9, "{usd}");
        quarter(91 + KEPT_TICKS);
        let ticks: Vec<(u64,)> =
            tables.query("SELECT tick FROM economy__trades", ()).expect("rows");
        assert_eq!(ticks, [(91 + KEPT_TICKS,)]);
    }
}
