//! Sums up the year.

use sandtable_sdk::prelude::*;

use crate::foreign::{Humanity, Ledger};
use crate::kinds::{Entry, Subject, Tally};
use crate::text::count;

/// Days in a year, as the book counts them.
const YEAR_DAYS: u64 = 365;

/// Writes an entry about the year that ends.
#[system(every = 365)]
pub fn yearbook(
    humanity: Option<Res<Humanity>>,
    ledger: Option<Res<Ledger>>,
    tally: Option<Res<Tally>>,
    tables: Tables,
    mut commands: Commands,
    tick: Tick,
) -> Result<(), TableError> {
    let year = tick.number() / YEAR_DAYS;
    let people = humanity.map_or(0.0, |humanity| humanity.people);
    let cities = ledger.map_or(0, |ledger| ledger.standing);
    let wars = tally.map_or(0, |tally| tally.wars.saturating_sub(tally.peaces));
    let text = format!(
        "Year {year} ends: {} people, {} cities, wars that go on: {wars}",
        count(people),
        count(cities as f64),
    );
    info!("{text}");
    commands.spawn(Entry { tick: tick.number(), subject: Subject::Year, text });
    let busiest: Option<(String, String, f64)> = tables.query_one(
        "SELECT seller, buyer, sum(usd) FROM economy__trades WHERE tick > ?1
         GROUP BY seller, buyer ORDER BY 3 DESC, 1, 2 LIMIT 1",
        (tick.number().saturating_sub(YEAR_DAYS),),
    )?;
    if let Some((seller, buyer, usd)) = busiest {
        let text = format!("Nobody sold more than {seller} to {buyer}: {} dollars", count(usd));
        commands.spawn(Entry { tick: tick.number(), subject: Subject::Money, text });
    }
    Ok(())
}
