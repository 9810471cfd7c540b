//! Snapshots: ticks with a name, which can be gone back to for as long as they
//! are there.
//!
//! A snapshot is a row and nothing else while history reaches back to its tick,
//! so that making one costs nothing. Before history is pruned past it, it gets a
//! keyframe and a copy of the tables of mods.

use rusqlite::{Connection, params};

use super::super::error::Outcome;
use super::frames::compress;
use super::past::Past;
use super::store;
use crate::tables;

/// Gives snapshots of ticks before this one what they need to be gone back to
/// without history. One whose tick history has lost goes.
pub(super) fn detach(connection: &Connection, first_tick: i64) -> Outcome<()> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT tick FROM st_snapshots WHERE tick < ?1 AND keyframe IS NULL",
    )?;
    let ticks: Vec<i64> =
        select.query_map([first_tick], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for tick in ticks {
        let past = Past::new(connection);
        match past.world(tick.unsigned_abs()) {
            Ok((world, omitted)) => {
                let number = store::write_apart(connection, &world, &omitted)?;
                let tables = past.tables(tick.unsigned_abs(), false)?;
                keep_tables(connection, tick, &tables::copy(&tables.lock())?)?;
                connection.execute(
                    "UPDATE st_snapshots SET keyframe = ?2 WHERE tick = ?1",
                    params![tick, number],
                )?;
            }
            Err(_) => {
                tracing::warn!("the history of tick {tick} is damaged: its snapshot is lost");
                connection.execute("DELETE FROM st_snapshots WHERE tick = ?1", [tick])?;
            }
        }
    }
    Ok(())
}

/// Keeps a copy of the tables of mods as a tick left them.
pub(in crate::persist) fn keep_tables(
    connection: &Connection,
    tick: i64,
    copied: &[u8],
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO st_table_copies (tick, data) VALUES (?1, ?2)",
        params![tick, compress(copied)],
    )?;
    Ok(())
}
