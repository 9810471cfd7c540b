//! Keeps wars and treaties in tables, for questions that the book does not
//! answer.

use sandtable_sdk::prelude::*;

use crate::foreign::{Nation, PeaceSigned, TreatyEnded, TreatySigned, WarDeclared};

/// Files the wars and treaties of a week.
#[system(every = 7)]
pub fn archive(
    wars: EventReader<WarDeclared>,
    peaces: EventReader<PeaceSigned>,
    signed: EventReader<TreatySigned>,
    ended: EventReader<TreatyEnded>,
    nations: Lookup<&Nation>,
    mut tables: Tables,
    tick: Tick,
) -> Result<(), TableError> {
    let iso = |nation| nations.get(nation).map_or("", |nation| nation.iso.as_str());
    let now = tick.number();
    tables.execute_many(
        "INSERT INTO chronicle__wars (began, attacker, defender) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        wars.iter().map(|war| (now, iso(war.by), iso(war.on))),
    )?;
    tables.execute_many(
        "UPDATE chronicle__wars SET ended = ?1, winner = ?2
         WHERE ended IS NULL AND (attacker, defender) IN ((?2, ?3), (?3, ?2))",
        peaces.iter().map(|peace| (now, iso(peace.winner), iso(peace.loser))),
    )?;
    tables.execute_many(
        "INSERT INTO chronicle__treaties (signed, a, b) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        signed.iter().map(|treaty| (now, iso(treaty.a), iso(treaty.b))),
    )?;
    tables.execute_many(
        "UPDATE chronicle__treaties SET ended = ?1
         WHERE ended IS NULL AND (a, b) IN ((?2, ?3), (?3, ?2))",
        ended.iter().map(|treaty| (now, iso(treaty.a), iso(treaty.b))),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sandtable_sdk::testing::{Rows, Sqlite, Trial};

    use super::*;
    use crate::foreign::Region;

    #[test]
    fn a_war_is_filed_when_it_begins_and_again_when_it_ends() {
        let tables = Sqlite::new(&[include_str!("../migrations/0001_wars.sql")]).expect("tables");
        let [by, on] = [1, 2].map(Entity::from_bits);
        let nations = || {
            let nation = |iso: &str| {
                let (iso, name, language) = (iso.to_owned(), iso.to_owned(), "und".to_owned());
                Nation { iso, name, region: Region::Elsewhere, language }
            };
            Rows::new([by, on]).with([nation("AA"), nation("BB")])
        };
        let week =
            |tick: u64| Trial::of::<archive>().tick(tick, 1.0).rows(nations()).tables(&tables);
        type War = (u64, String, String, Option<u64>, Option<String>);
        let wars = || tables.query::<War>("SELECT * FROM chronicle__wars", ()).expect("rows");

        week(7).event(WarDeclared { by, on }).run().expect("filed");
        assert_eq!(wars(), [(7, "AA".to_owned(), "BB".to_owned(), None, None)]);
        week(14).event(PeaceSigned { winner: on, loser: by, days: 7 }).run().expect("filed");
        let winner = Some("BB".to_owned());
        assert_eq!(wars(), [(7, "AA".to_owned(), "BB".to_owned(), Some(14), winner)]);
    }
}
