//! What ticks left behind: rows that refer to each other, values of their
//! kinds, and the chain of hashes.

use rusqlite::{Connection, OptionalExtension};

use super::super::error::{Failure, Fallible, damage};
use super::super::findings::Findings;
use super::super::head::Head;
use super::super::restore::{check_payload, shown};
use super::super::topics::topic_of;
use sandtable_world::ecs::{KindId, Registry, Topic};
use sandtable_world::hash;
use sandtable_world::record::{
    Digest, EditRun, Emitted, Exclusion, Input, Resume, SentEdit, TickRecord,
};

/// Rows that no save has: of which table, which of them, and what they are.
/// Repairing drops them, in this order.
pub(crate) const STRAY: &[(&str, &str, &str)] = &[
    ("st_ticks", "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)", "ticks that were not done"),
    ("st_ticks", "length(state) <> 32 OR length(chain) <> 32", "ticks without hashes"),
    (
        "st_inputs",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "inputs of ticks that were not done",
    ),
    (
        "st_inputs",
        "kind NOT IN (SELECT id FROM st_kinds WHERE role = 'input')",
        "inputs that no mod declares",
    ),
    (
        "st_events",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "events of ticks that were not done",
    ),
    (
        "st_events",
        "topic NOT IN (SELECT topic FROM st_topics)",
        "events of topics that there are not",
    ),
    (
        "st_events",
        "number NOT BETWEEN 1 AND (SELECT last FROM st_topics WHERE st_topics.topic = st_events.topic)",
        "events after the last of their topic",
    ),
    (
        "st_runs",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "runs in ticks that were not done",
    ),
    ("st_runs", "system NOT IN (SELECT system FROM st_totals)", "runs that no total counts"),
    (
        "st_faults",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "faults in ticks that were not done",
    ),
    (
        "st_exclusions",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "exclusions from ticks that were not done",
    ),
    (
        "st_suspensions",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "suspensions in ticks that were not done",
    ),
    (
        "st_logs",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "lines of ticks that were not done",
    ),
    ("st_logs", "level NOT IN ('error', 'warn', 'info', 'debug')", "lines of no level"),
    (
        "st_resumes",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "mods that were resumed in ticks that were not done",
    ),
    (
        "st_edits",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "edits of ticks that were not done",
    ),
    (
        "st_requests",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world) OR length(digest) <> 32",
        "requests of ticks that were not done",
    ),
    (
        "st_inbox_requests",
        "(part = 0 AND id NOT IN (SELECT id FROM st_inbox))
             OR (part = 1 AND id NOT IN (SELECT id FROM st_edit_inbox))
             OR part NOT IN (0, 1)",
        "requests of inputs that do not wait",
    ),
    (
        "st_set_aside",
        "tick NOT BETWEEN 1 AND (SELECT tick FROM st_world)
             OR topic NOT IN (SELECT topic FROM st_topics)",
        "events that were set aside and never there",
    ),
    (
        "st_halts",
        "(tick, mod) NOT IN (SELECT tick, mod FROM st_exclusions)",
        "systems that stopped ticks which were done",
    ),
    (
        "st_mod_sets",
        "since NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "sets of mods from ticks that were not done",
    ),
    (
        "st_mod_sets",
        "cause NOT IN ('made', 'swapped', 'migrated', 'rolled back', 'repaired')",
        "sets of mods that came from nowhere",
    ),
    (
        "st_mods",
        "mod_set NOT IN (SELECT number FROM st_mod_sets)",
        "mods of sets that there are not",
    ),
    (
        "st_recasts",
        "mod_set NOT IN (SELECT number FROM st_mod_sets)",
        "topics that were brought along by sets that there are not",
    ),
    ("st_mods", "length(component) <> 32", "mods without a component"),
    (
        "st_assets",
        "(mod_set, mod) NOT IN (SELECT mod_set, id FROM st_mods)",
        "files of mods that there are not",
    ),
    ("st_assets", "length(blob) <> 32", "files of mods without contents"),
    (
        "st_conversions",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "conversions after ticks that were not done",
    ),
    (
        "st_migrations",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "migrations after ticks that were not done",
    ),
    ("st_migrations", "length(digest) <> 32", "migrations without a digest"),
    ("st_blobs", "length(digest) <> 32", "contents without a digest"),
    (
        "st_deltas",
        "id >> 16 NOT BETWEEN 1 AND (SELECT tick FROM st_world)",
        "parts of the history of ticks that were not done",
    ),
    (
        "st_keyframes",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "keyframes of ticks that were not done",
    ),
    (
        "st_snapshots",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "snapshots of ticks that were not done",
    ),
    (
        "st_table_copies",
        "tick NOT BETWEEN 0 AND (SELECT tick FROM st_world)",
        "copies of tables of ticks that were not done",
    ),
];

/// What of the log has a payload. What was logged before values were migrated,
/// or before a repair, has the form of its time; unread events were looked at
/// with the world.
const INPUTS: &str = "SELECT tick, number, kind, payload FROM st_inputs WHERE tick > ?1";
const EVENTS: &str =
    "SELECT tick, number, topic, payload FROM st_events JOIN st_topics USING (topic)
     WHERE tick > ?1 AND number <= passed";

/// Notes rows that no save has, and payloads that are none.
pub(super) fn check(
    connection: &Connection,
    registry: &Registry,
    findings: &mut Findings,
) -> Fallible<()> {
    strays(connection, findings)?;
    payloads(connection, registry, findings).map(drop)
}

/// Notes rows that no save has.
pub(crate) fn strays(connection: &Connection, findings: &mut Findings) -> Fallible<()> {
    for (table, so, what) in STRAY {
        match count(connection, table, so)? {
            0 => {}
            rows => findings.note(Failure::Damage(format!("`{table}` has {rows} {what}")))?,
        }
    }
    Ok(())
}

/// How many rows of a table are so.
pub(super) fn count(connection: &Connection, table: &str, so: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM {table} WHERE {so}");
    connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// Payloads that are none, each with its table, tick, and number or topic.
pub(crate) fn payloads(
    connection: &Connection,
    registry: &Registry,
    findings: &mut Findings,
) -> Fallible<Vec<(&'static str, i64, i64)>> {
    let since = settled(connection)?;
    let mut none = Vec::new();
    for (table, select) in [("st_inputs", INPUTS), ("st_events", EVENTS)] {
        findings.each(connection, select, [since], |_, row| {
            let (tick, number, of): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Some(topic) = topic_of(of) else { return Ok(()) };
            let payload: Vec<u8> = row.get(3)?;
            let checked = check_payload(registry, topic, &payload);
            checked.or_else(|failure| {
                none.push((table, tick, number));
                let (topic, why) = (shown(registry, topic), failure.told());
                damage(format!("`{table}` has {topic} in tick {tick} that is none: {why}"))
            })
        })?;
    }
    Ok(none)
}

/// The last tick before which the log has other forms, or gaps: values were
/// migrated, or the save was repaired.
fn settled(connection: &Connection) -> rusqlite::Result<i64> {
    let sql =
        "SELECT ifnull(max(since), 0) FROM st_mod_sets WHERE cause IN ('migrated', 'repaired')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Follows the chain through every tick whose inputs and events are all still
/// there, and says through how many. System runs are dropped together with
/// events, so their oldest tells how far back that is.
pub(crate) fn chain(
    connection: &Connection,
    head: &Head,
    findings: &mut Findings,
) -> Fallible<u64> {
    let settled = settled(connection)?;
    let ticks = |sql: &str| -> rusqlite::Result<(Option<i64>, Option<i64>, i64)> {
        connection.query_row(sql, [settled], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    };
    // Snapshots keep their ticks in the log for longer than the others.
    let found = "SELECT first, max(tick), count(*) FROM st_ticks, (
                     SELECT min(tick) AS first FROM st_ticks
                     WHERE tick > ?1 AND tick NOT IN (SELECT tick FROM st_snapshots))
                 WHERE tick >= first";
    let (first, last, there) = ticks(found)?;
    let first = first.unwrap_or(settled + 1);
    let gaps = (head.tick - first + 1).max(0) - there;
    if gaps != 0 || last.is_some_and(|last| last != head.tick) {
        findings.note(Failure::Damage(format!(
            "{gaps} of its ticks between {first} and {} are not in its log",
            head.tick
        )))?;
    }
    let runs = "SELECT min(tick), max(tick), count(*) FROM st_runs WHERE tick > ?1";
    let Some(from) = ticks(runs)?.0 else { return Ok(0) };
    let before: Option<Digest> = connection
        .query_row("SELECT chain FROM st_ticks WHERE tick = ?1", [from - 1], |row| row.get(0))
        .optional()?;
    let mut previous = before.or((from == 1).then_some([0; 32]));
    let mut followed = 0;
    let select = "SELECT tick, state, chain FROM st_ticks WHERE tick >= ?1 ORDER BY tick";
    findings.each(connection, select, [from], |_, row| {
        let (tick, state, stored): (i64, Digest, Digest) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(previous) = previous.replace(stored) else { return Ok(()) };
        followed += 1;
        match hash::chain(&previous, &state, &record(connection, tick)?) == stored {
            true => Ok(()),
            false => damage(format!(
                "the chain does not lead to tick {tick}: its hash, an input, an event or an \
                 exclusion is another"
            )),
        }
    })?;
    if head.tick >= from && previous.is_some_and(|last| last != head.chain) {
        findings.note(Failure::Damage("the chain does not lead to its world".to_owned()))?;
    }
    Ok(followed)
}

/// What of a tick is in the chain.
fn record(connection: &Connection, tick: i64) -> Fallible<TickRecord> {
    let mut select = connection.prepare_cached(
        "SELECT kind, sender, payload FROM st_inputs WHERE tick = ?1 ORDER BY number",
    )?;
    let inputs = select.query_map([tick], |row| {
        let payload: Vec<u8> = row.get(2)?;
        Ok(Input { kind: KindId(row.get(0)?), sender: row.get(1)?, payload: payload.into() })
    })?;
    let inputs = inputs.collect::<Result<_, _>>()?;
    let mut select = connection
        .prepare_cached("SELECT mod, sender FROM st_resumes WHERE tick = ?1 ORDER BY number")?;
    let resumes =
        select.query_map([tick], |row| Ok(Resume { mod_id: row.get(0)?, sender: row.get(1)? }))?;
    let resumes = resumes.collect::<Result<_, _>>()?;
    let mut select = connection
        .prepare_cached("SELECT sender, edit FROM st_edits WHERE tick = ?1 ORDER BY number")?;
    let edits = select.query_map([tick], |row| {
        let sent = SentEdit { sender: row.get(0)?, edit: row.get(1)? };
        Ok(EditRun { sent, spawned: Vec::new(), refused: None })
    })?;
    let edits = edits.collect::<Result<_, _>>()?;
    let mut select = connection.prepare_cached("SELECT mod FROM st_exclusions WHERE tick = ?1")?;
    let exclusions = select.query_map([tick], |row| {
        Ok(Exclusion { mod_id: row.get(0)?, system: String::new(), cause: String::new() })
    })?;
    let exclusions = exclusions.collect::<Result<_, _>>()?;
    let mut select = connection
        .prepare_cached("SELECT topic, number, payload FROM st_events WHERE tick = ?1")?;
    let events = select.query_map([tick], |row| {
        let payload: Vec<u8> = row.get(2)?;
        Ok(Emitted {
            topic: topic_of(row.get(0)?).unwrap_or(Topic::Despawned),
            number: row.get::<_, i64>(1)? as u64,
            system: String::new(),
            payload: payload.into(),
        })
    })?;
    let events = events.collect::<Result<_, _>>()?;
    Ok(TickRecord { inputs, resumes, edits, exclusions, events, ..TickRecord::default() })
}
