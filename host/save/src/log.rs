//! Writes what ticks did: their hashes, inputs, events, system runs, faults,
//! exclusions, suspensions and resumes, what they set aside, and what mods logged;
//! and prunes what is kept for a while only.
//!
//! System runs, and events that everybody has read, are kept for
//! [`log_ticks`](sandtable_world::config::WorldSettings::log_ticks); ticks, inputs, faults,
//! exclusions, suspensions and resumes as long, or as long as history reaches
//! back, which needs them; what was set aside for ever.

mod prune;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, params};
use rustc_hash::FxHashMap;
use serde_json::json;

use sandtable_world::ecs::{Entity, Events, KindId, Registry, Topic, World, to_json};
use sandtable_world::record::{
    EditRun, Exclusion, Input, Logged, Resume, SentEdit, SetAside, TickRecord,
};

use super::topics::{subject, topic_number};

pub(super) use prune::{Pruned, prune};

/// What the runs of one system add up to, over all ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub runs: u64,
    pub calls: u64,
    pub rows: u64,
    pub commands: u64,
    pub stale: u64,
    pub events: u64,
    pub guest_ns: u64,
    pub faults: u64,
}

/// The totals of every system that ever ran.
pub(super) type AllTotals = BTreeMap<String, Totals>;

/// Reads the totals back.
pub(super) fn read_totals(connection: &Connection) -> rusqlite::Result<AllTotals> {
    let mut select = connection.prepare(
        "SELECT system, runs, calls, rows, commands, stale, events, guest_ns, faults FROM st_totals",
    )?;
    let totals = select.query_map([], |row| {
        let number = |at| row.get(at).map(|number: i64| number as u64);
        let totals = Totals {
            runs: number(1)?,
            calls: number(2)?,
            rows: number(3)?,
            commands: number(4)?,
            stale: number(5)?,
            events: number(6)?,
            guest_ns: number(7)?,
            faults: number(8)?,
        };
        Ok((row.get(0)?, totals))
    })?;
    totals.collect()
}

/// Writes what ticks did, and returns the totals of the systems that ran.
pub(super) fn write(
    connection: &Connection,
    records: &[TickRecord],
    before: &World,
    now: &World,
    totals: &AllTotals,
    committed_at: i64,
) -> rusqlite::Result<AllTotals> {
    let mut changed = AllTotals::new();
    let mut entities = i64::from(now.entities.alive());
    for record in records.iter().rev() {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_ticks (tick, spawned, despawned, entities, committed_at, state, chain)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let (spawned, despawned) = (record.spawned as i64, record.despawned as i64);
        insert.execute(params![
            record.tick as i64,
            spawned,
            despawned,
            entities,
            committed_at,
            record.state,
            record.chain
        ])?;
        entities -= spawned - despawned;
    }
    for record in records {
        write_inputs(connection, record)?;
        write_edits(connection, record)?;
        write_runs(connection, record, totals, &mut changed)?;
        write_troubles(connection, record)?;
    }
    write_totals(connection, &changed)?;
    write_events(connection, records, &before.events, &now.events)?;
    for record in records {
        for (place, aside) in record.set_aside.iter().enumerate() {
            write_set_aside(connection, &now.registry, record.tick, place, aside)?;
        }
    }
    Ok(changed)
}

fn write_inputs(connection: &Connection, record: &TickRecord) -> rusqlite::Result<()> {
    for (number, input) in record.inputs.iter().enumerate() {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_inputs (tick, number, kind, sender, payload)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (tick, number) = (record.tick as i64, number as i64);
        insert.execute(params![tick, number, input.kind.0, input.sender, input.payload])?;
    }
    for (number, resume) in record.resumes.iter().enumerate() {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_resumes (tick, number, mod, sender) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let (tick, number) = (record.tick as i64, number as i64);
        insert.execute(params![tick, number, resume.mod_id, resume.sender])?;
    }
    Ok(())
}

fn write_edits(connection: &Connection, record: &TickRecord) -> rusqlite::Result<()> {
    for (number, EditRun { sent, spawned, refused }) in record.edits.iter().enumerate() {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_edits (tick, number, sender, edit, spawned, refused)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let (tick, number) = (record.tick as i64, number as i64);
        let spawned: Vec<String> = spawned.iter().map(Entity::to_string).collect();
        let spawned = json!(spawned).to_string();
        insert.execute(params![tick, number, sent.sender, sent.edit, spawned, refused])?;
    }
    Ok(())
}

/// Writes what mods logged, and drops all lines but the last so many.
pub(super) fn write_logged(
    connection: &Connection,
    records: &[TickRecord],
    lines_max: u64,
) -> rusqlite::Result<()> {
    let count: usize = records.iter().map(|record| record.logged.len()).sum();
    if count == 0 {
        return Ok(());
    }
    let lines = records.iter().flat_map(|it| it.logged.iter().map(|line| (it.tick, line)));
    let most = usize::try_from(lines_max).unwrap_or(usize::MAX);
    let mut insert = connection.prepare_cached(
        "INSERT INTO st_logs (tick, system, level, text) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (tick, line) in lines.skip(count.saturating_sub(most)) {
        let Logged { system, level, text } = line;
        insert.execute(params![tick as i64, system, level.name(), text])?;
    }
    let mut delete = connection
        .prepare_cached("DELETE FROM st_logs WHERE id <= (SELECT max(id) FROM st_logs) - ?1")?;
    delete.execute([i64::try_from(lines_max).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// Writes what a system will never read. Who sent it and why it is set aside is
/// in the log, if that reaches back: the inputs of a tick are the events of their
/// kind in it, in the same order.
fn write_set_aside(
    connection: &Connection,
    registry: &Registry,
    tick: u64,
    place: usize,
    aside: &SetAside,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO st_set_aside
             (tick, place, system, topic, number, emitted, payload, input, sender, cause)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, input, sender,
             (SELECT cause FROM (
                 SELECT tick, cause FROM st_faults WHERE system = ?3
                 UNION ALL
                 SELECT tick, cause FROM st_halts JOIN st_exclusions USING (tick, mod)
                 WHERE system = ?3)
              WHERE tick <= ?1 ORDER BY tick DESC LIMIT 1)
         FROM (SELECT 1) LEFT JOIN (
             SELECT number AS input, sender FROM st_inputs
             WHERE tick = ?6 AND kind = ?4
                 AND (SELECT count(*) FROM st_inputs WHERE tick = ?6 AND kind = ?4)
                     = (SELECT count(*) FROM st_events WHERE tick = ?6 AND topic = ?4)
             ORDER BY number LIMIT 1 OFFSET (
                 SELECT count(*) FROM st_events WHERE tick = ?6 AND topic = ?4 AND number < ?5))",
    )?;
    let SetAside { topic, event, system } = aside;
    let (number, emitted) = (event.number as i64, event.tick as i64);
    let payload = match topic {
        Topic::Kind(kind) => to_json(registry.get(*kind), &event.payload),
        _ => json!({ "entity": subject(&event.payload).map(Entity::to_bits) }),
    };
    let payload = payload.to_string();
    let (tick, topic) = (tick as i64, topic_number(*topic));
    insert.execute(params![tick, place as i64, system, topic, number, emitted, payload])?;
    Ok(())
}

/// Ticks, as SQLite counts them.
fn bounds(ticks: &RangeInclusive<u64>) -> [i64; 2] {
    [*ticks.start(), *ticks.end()].map(|tick| i64::try_from(tick).unwrap_or(i64::MAX))
}

/// Rows about some ticks, of which the first cell is the tick, by that.
fn of_ticks<T>(
    connection: &Connection,
    ticks: &RangeInclusive<u64>,
    select: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<BTreeMap<u64, Vec<T>>> {
    let mut all: BTreeMap<u64, Vec<T>> = BTreeMap::new();
    let mut select = connection.prepare(select)?;
    let mut rows = select.query(bounds(ticks))?;
    while let Some(row) = rows.next()? {
        all.entry(row.get::<_, i64>(0)? as u64).or_default().push(read(row)?);
    }
    Ok(all)
}

/// Every mod that was resumed, by tick, in order.
pub(super) fn read_resumes(
    connection: &Connection,
    ticks: &RangeInclusive<u64>,
) -> rusqlite::Result<BTreeMap<u64, Vec<Resume>>> {
    let select = "SELECT tick, mod, sender FROM st_resumes WHERE tick BETWEEN ?1 AND ?2
                  ORDER BY tick, number";
    of_ticks(connection, ticks, select, |row| {
        Ok(Resume { mod_id: row.get(1)?, sender: row.get(2)? })
    })
}

/// Every edit that a tick was given, by tick, in order.
pub(super) fn read_edits(
    connection: &Connection,
    ticks: &RangeInclusive<u64>,
) -> rusqlite::Result<BTreeMap<u64, Vec<SentEdit>>> {
    let select = "SELECT tick, sender, edit FROM st_edits WHERE tick BETWEEN ?1 AND ?2
                  ORDER BY tick, number";
    of_ticks(connection, ticks, select, |row| {
        Ok(SentEdit { sender: row.get(1)?, edit: row.get(2)? })
    })
}

/// Every mod that was left out, by tick, in the order of ids.
pub(super) fn read_exclusions(
    connection: &Connection,
    ticks: &RangeInclusive<u64>,
) -> rusqlite::Result<BTreeMap<u64, Vec<Exclusion>>> {
    let select = "SELECT tick, mod, ifnull(system, ''), cause
                  FROM st_exclusions LEFT JOIN st_halts USING (tick, mod)
                  WHERE tick BETWEEN ?1 AND ?2 ORDER BY tick, mod";
    of_ticks(connection, ticks, select, |row| {
        Ok(Exclusion { mod_id: row.get(1)?, system: row.get(2)?, cause: row.get(3)? })
    })
}

/// Every input that a tick was given, by tick, in order.
pub(super) fn read_inputs(
    connection: &Connection,
    ticks: &RangeInclusive<u64>,
) -> rusqlite::Result<BTreeMap<u64, Vec<Input>>> {
    let select = "SELECT tick, kind, sender, payload FROM st_inputs
                  WHERE tick BETWEEN ?1 AND ?2 ORDER BY tick, number";
    of_ticks(connection, ticks, select, |row| {
        let payload = row.get::<_, Vec<u8>>(3)?.into();
        Ok(Input { kind: KindId(row.get(1)?), sender: row.get(2)?, payload })
    })
}

fn write_runs(
    connection: &Connection,
    record: &TickRecord,
    totals: &AllTotals,
    changed: &mut AllTotals,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO st_runs (tick, place, system, calls, rows, commands, stale, events, guest_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut lent = connection.prepare_cached(
        "INSERT INTO st_lent (system, calls) VALUES (?1, ?2)
         ON CONFLICT (system) DO UPDATE SET calls = calls + ?2",
    )?;
    let tick = record.tick as i64;
    for (place, run) in record.runs.iter().enumerate() {
        if run.away > 0 {
            lent.execute(params![run.system, run.away as i64])?;
        }
        insert.execute(params![
            tick,
            place as i64,
            run.system,
            run.calls as i64,
            run.rows as i64,
            run.commands as i64,
            run.stale as i64,
            run.events as i64,
            run.guest_ns as i64
        ])?;
        if !changed.contains_key(&run.system) {
            let known = totals.get(&run.system).copied().unwrap_or_default();
            changed.insert(run.system.clone(), known);
        }
        if let Some(total) = changed.get_mut(&run.system) {
            let add = |into: &mut u64, more: u64| *into = into.saturating_add(more);
            add(&mut total.runs, 1);
            add(&mut total.calls, run.calls);
            add(&mut total.rows, run.rows);
            add(&mut total.commands, run.commands);
            add(&mut total.stale, run.stale);
            add(&mut total.events, run.events);
            add(&mut total.guest_ns, run.guest_ns);
            add(&mut total.faults, u64::from(run.fault.is_some()));
        }
    }
    Ok(())
}

fn write_totals(connection: &Connection, changed: &AllTotals) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO st_totals
             (system, runs, calls, rows, commands, stale, events, guest_ns, faults)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (system) DO UPDATE SET
             runs = ?2, calls = ?3, rows = ?4, commands = ?5, stale = ?6, events = ?7,
             guest_ns = ?8, faults = ?9",
    )?;
    for (system, total) in changed {
        upsert.execute(params![
            system,
            total.runs as i64,
            total.calls as i64,
            total.rows as i64,
            total.commands as i64,
            total.stale as i64,
            total.events as i64,
            total.guest_ns as i64,
            total.faults as i64
        ])?;
    }
    Ok(())
}

fn write_troubles(connection: &Connection, record: &TickRecord) -> rusqlite::Result<()> {
    let tick = record.tick as i64;
    for (place, run) in record.runs.iter().enumerate() {
        if let Some(cause) = &run.fault {
            let mut insert = connection.prepare_cached(
                "INSERT INTO st_faults (tick, place, system, cause) VALUES (?1, ?2, ?3, ?4)",
            )?;
            insert.execute(params![tick, place as i64, run.system, cause])?;
        }
    }
    for exclusion in &record.exclusions {
        let mut insert = connection
            .prepare_cached("INSERT INTO st_exclusions (tick, mod, cause) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![tick, exclusion.mod_id, exclusion.cause])?;
        if !exclusion.system.is_empty() {
            let mut insert = connection
                .prepare_cached("INSERT INTO st_halts (tick, mod, system) VALUES (?1, ?2, ?3)")?;
            insert.execute(params![tick, exclusion.mod_id, exclusion.system])?;
        }
    }
    for id in &record.suspended {
        let mut insert =
            connection.prepare_cached("INSERT INTO st_suspensions (tick, mod) VALUES (?1, ?2)")?;
        insert.execute(params![tick, id])?;
    }
    Ok(())
}

/// Writes the events of some ticks, and what is left of each topic. Whatever is
/// unread is written, also what no record names.
fn write_events(
    connection: &Connection,
    records: &[TickRecord],
    before: &Events,
    now: &Events,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO st_events (tick, topic, number, system, payload)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut recorded: FxHashMap<Topic, u64> = FxHashMap::default();
    for record in records {
        for event in &record.events {
            let unread = now.get(event.topic, event.number);
            let tick = unread.map_or(record.tick, |unread| unread.tick) as i64;
            let (topic, number) = (topic_number(event.topic), event.number as i64);
            insert.execute(params![tick, topic, number, event.system, event.payload])?;
            *recorded.entry(event.topic).or_default() += 1;
        }
    }
    for (topic, last, _) in now.iter() {
        let number = topic_number(topic);
        let (known, passed) = (before.last(topic), now.passed(topic));
        let all_recorded = recorded.get(&topic).copied().unwrap_or(0) == last - known.min(last);
        for event in now.after(topic, known).filter(|_| !all_recorded) {
            let mut insert = connection.prepare_cached(
                "INSERT OR IGNORE INTO st_events (tick, topic, number, system, payload)
                 VALUES (?1, ?2, ?3, '', ?4)",
            )?;
            let (tick, at) = (event.tick as i64, event.number as i64);
            insert.execute(params![tick, number, at, event.payload])?;
        }
        let mut upsert = connection.prepare_cached(
            "INSERT INTO st_topics (topic, last, passed) VALUES (?1, ?2, ?3)
             ON CONFLICT (topic) DO UPDATE SET last = ?2, passed = ?3
             WHERE last <> ?2 OR passed <> ?3",
        )?;
        upsert.execute(params![number, last as i64, passed as i64])?;
    }
    Ok(())
}

/// Writes the payloads of unread events that are others than before: their
/// kinds were declared anew.
pub(super) fn rewrite_events(
    connection: &Connection,
    before: &Events,
    now: &Events,
) -> rusqlite::Result<()> {
    for (topic, _, unread) in now.iter() {
        for event in unread {
            if before.get(topic, event.number).is_some_and(|old| old.payload != event.payload) {
                let mut update = connection.prepare_cached(
                    "UPDATE st_events SET payload = ?4
                     WHERE tick = ?1 AND topic = ?2 AND number = ?3",
                )?;
                let (tick, number) = (event.tick as i64, event.number as i64);
                update.execute(params![tick, topic_number(topic), number, event.payload])?;
            }
        }
    }
    Ok(())
}

/// Writes up to where topics had been read whose kinds a set of mods declares
/// anew.
pub(super) fn write_recasts(
    connection: &Connection,
    set: i64,
    before: &Events,
    is_anew: impl Fn(KindId) -> bool,
) -> rusqlite::Result<()> {
    for (topic, ..) in before.iter() {
        if let Topic::Kind(kind) = topic
            && is_anew(kind)
        {
            let passed = before.passed(topic);
            connection.execute(
                "INSERT INTO st_recasts (mod_set, topic, passed) VALUES (?1, ?2, ?3)",
                params![set, topic_number(topic), passed as i64],
            )?;
        }
    }
    Ok(())
}
