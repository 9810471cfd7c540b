//! Up to where the story is told, and up to where derived.

use sandtable_sdk::prelude::*;

/// So many more events are told; of those the last in the order of the story is this.
pub fn advance(tables: &mut Tables, more: u64, last: (&str, u32, &str)) -> Result<(), TableError> {
    let before: Option<(u64, String, u32, String)> = tables.query_one(
        "SELECT events, time, seq, event FROM story__checkpoints WHERE name = 'record'",
        (),
    )?;
    let (events, (time, seq, event)) = match &before {
        None => (more, last),
        Some((events, time, seq, event)) => (events + more, last.max((time, *seq, event))),
    };
    tables.execute(
        "INSERT OR REPLACE INTO story__checkpoints VALUES ('record', ?1, ?2, ?3, ?4)",
        (events, time, seq, event),
    )?;
    Ok(())
}

/// All that is told is derived.
pub fn catch_up(tables: &mut Tables) -> Result<(), TableError> {
    tables.execute(
        "INSERT OR REPLACE INTO story__checkpoints
         SELECT 'derive', events, time, seq, event FROM story__checkpoints WHERE name = 'record'",
        (),
    )?;
    Ok(())
}
