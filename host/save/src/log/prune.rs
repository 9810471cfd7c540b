//! Takes out of the log what it keeps for a while only.

use rusqlite::{Connection, params};
use sandtable_world::ecs::Events;

use crate::topics::topic_number;

/// What commits before have pruned of the log of events, and what was read since.
pub(crate) struct Pruned<'a> {
    /// The tick up to which no event is left that everybody had read before.
    pub upto: i64,
    pub before: &'a Events,
    pub now: &'a Events,
}

/// What history needs of ticks, by tick, besides the ticks themselves.
const OF_TICKS: [&str; 7] = [
    "st_inputs",
    "st_resumes",
    "st_edits",
    "st_faults",
    "st_exclusions",
    "st_halts",
    "st_suspensions",
];

/// Drops what ticks did that are longer ago than `log_ticks`: system runs, and
/// events that everybody has read. The rest goes too once history, of which this
/// is the first tick, does not reach back to it.
///
/// Gives the tick up to which it did so, where there was one.
pub(crate) fn prune(
    connection: &Connection,
    tick: u64,
    log_ticks: u64,
    first_tick: Option<i64>,
    pruned: Option<Pruned<'_>>,
) -> rusqlite::Result<Option<i64>> {
    if log_ticks == 0 || tick <= log_ticks {
        return Ok(None);
    }
    let last = (tick - log_ticks) as i64;
    let mut delete = connection.prepare_cached("DELETE FROM st_runs WHERE tick <= ?1")?;
    delete.execute([last])?;
    // Lines have no index by tick, and come in its order.
    let mut delete = connection.prepare_cached(
        "DELETE FROM st_logs WHERE id < ifnull(
             (SELECT id FROM st_logs WHERE tick > ?1 ORDER BY id LIMIT 1), ?2)",
    )?;
    delete.execute([last, i64::MAX])?;
    prune_events(connection, last, pruned)?;
    let oldest = first_tick.map_or(last, |first| last.min(first - 1));
    if oldest > 0 {
        // Snapshots are held against the hash of their tick.
        let mut delete = connection.prepare_cached(
            "DELETE FROM st_ticks WHERE tick <= ?1 AND tick NOT IN (SELECT tick FROM st_snapshots)",
        )?;
        delete.execute([oldest])?;
        for table in OF_TICKS {
            let mut delete =
                connection.prepare_cached(&format!("DELETE FROM {table} WHERE tick <= ?1"))?;
            delete.execute([oldest])?;
        }
    }
    Ok(Some(last))
}

/// Drops the events up to a tick that everybody has read. Events that wait for a
/// reader may be any number, and are looked at once.
fn prune_events(
    connection: &Connection,
    last: i64,
    pruned: Option<Pruned<'_>>,
) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM st_events WHERE tick > ?1 AND tick <= ?2 AND number <=
             (SELECT passed FROM st_topics WHERE st_topics.topic = st_events.topic)",
    )?;
    delete.execute([pruned.as_ref().map_or(-1, |pruned| pruned.upto), last])?;
    let Some(Pruned { upto, before, now }) = pruned else { return Ok(()) };
    let mut delete = connection
        .prepare_cached("DELETE FROM st_events WHERE tick = ?1 AND topic = ?2 AND number = ?3")?;
    for (topic, ..) in now.iter() {
        let passed = now.passed(topic);
        let read = before.after(topic, 0).take_while(|event| event.number <= passed);
        for event in read.filter(|event| event.tick as i64 <= upto) {
            delete.execute(params![event.tick as i64, topic_number(topic), event.number as i64])?;
        }
    }
    Ok(())
}
