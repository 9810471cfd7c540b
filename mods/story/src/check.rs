//! Looks for what cannot be true.

use std::collections::BTreeSet;

use sandtable_sdk::prelude::*;

use crate::kinds::{Contradiction, Pending, Settings};
use crate::{list, pending};

/// What contradicts: what, of whom or what, which event, and which other one.
type Row = (String, String, String, String);

/// What contradicts, and how it is found of some people or items.
type Look = (&'static str, &'static str);

/// What was found before.
const KEPT: &str = "
    SELECT kept.what, kept.subject, kept.event, kept.other
    FROM json_each(?1) AS given
    JOIN story__contradictions AS kept ON kept.what = ?2 AND kept.subject = given.value";

/// One is there, in an event that the story tells after their death.
const DEAD: Look = (
    "the dead act",
    "
    SELECT 'the dead act', part.who, part.event, death.event
    FROM json_each(?1) AS given
    JOIN story__parts AS part ON part.who = given.value AND part.is_there
    JOIN story__lives AS death ON death.who = part.who
        AND (death.time, death.seq, death.event) = (
            SELECT time, seq, event FROM story__lives
            WHERE who = part.who AND (time, seq, event) < (part.time, part.seq, part.event)
            ORDER BY time DESC, seq DESC, event DESC LIMIT 1)
    WHERE given.value IN (SELECT who FROM story__lives WHERE NOT is_alive)
        AND NOT death.is_alive",
);

/// One is at two places in one minute. Times that say no minute say too little.
const TWO_PLACES: Look = (
    "in two places",
    "
    SELECT DISTINCT 'in two places', one.who, one.event, other.event
    FROM json_each(?1) AS given
    JOIN story__parts AS one ON one.who = given.value AND one.place IS NOT NULL
    JOIN story__parts AS other ON other.who = one.who AND other.time = one.time
    WHERE length(one.time) = 16 AND other.place IS NOT NULL AND other.place <> one.place
        AND (one.seq, one.event) > (other.seq, other.event)",
);

/// One gives what another holds, or what was left somewhere.
const NOT_HELD: Look = (
    "gives what is not held",
    "
    SELECT 'gives what is not held', item, event, before
    FROM (
        SELECT move.item, move.event, move.giver,
            lag(move.taker) OVER told AS holder, lag(move.event) OVER told AS before
        FROM json_each(?1) AS given
        JOIN story__moves AS move ON move.item = given.value
        WINDOW told AS (PARTITION BY move.item ORDER BY move.time, move.seq, move.event)
    )
    WHERE before IS NOT NULL AND giver IS NOT NULL AND giver IS NOT holder",
);

/// Looks at the whole story of each person and item of which something was told since.
/// What is found is kept for as long as it is so, and told once.
#[system(after = "record", run_if = Settings.derives && Pending.subjects > 0)]
pub fn check(
    settings: Res<Settings>,
    pending: Res<Pending>,
    mut found: EventWriter<Contradiction>,
    mut tables: Tables,
) -> Result<(), TableError> {
    let _ = pending.subjects;
    let batch = pending::first(&tables, settings.derived_at_once.max(1))?;
    let people = list::of(batch.people.iter().map(String::as_str));
    let items = list::of(batch.items.iter().map(String::as_str));
    let (mut now, mut before) = (BTreeSet::new(), BTreeSet::new());
    for (subjects, looks) in [(people, &[DEAD, TWO_PLACES][..]), (items, &[NOT_HELD][..])] {
        for subjects in subjects {
            for (what, sql) in looks {
                now.extend(tables.query::<Row>(sql, (&subjects,))?);
                before.extend(tables.query::<Row>(KEPT, (&subjects, what))?);
            }
        }
    }
    tables.execute_many(
        "DELETE FROM story__contradictions
         WHERE what = ?1 AND subject = ?2 AND event = ?3 AND other = ?4",
        before.difference(&now),
    )?;
    let news: Vec<&Row> = now.difference(&before).collect();
    tables.execute_many("INSERT INTO story__contradictions VALUES (?1, ?2, ?3, ?4)", &news)?;
    for (what, subject, event, other) in news.into_iter().cloned() {
        found.send(Contradiction { what, subject, event, other });
    }
    Ok(())
}
