//! Writes what of a world is not in pages and differs from the last commit:
//! kinds, archetypes, relations, resources, and how systems and mods stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use blake3::Hasher;
use rusqlite::{Connection, params};

use sandtable_world::ecs::{
    Archetype, Kind, KindId, Registry, Relations, SystemState, TableState, World,
};

use super::restore::{ON_DESPAWN, STORAGES, TRACKED_ADDED, TRACKED_CHANGED};
use super::topics::topic_number;

/// The tables that a world is written to, besides those of its kinds.
pub(super) const OF_WORLD: &[&str] = &[
    "st_archetypes",
    "st_chunks",
    "st_patches",
    "st_resources",
    "st_relations",
    "st_topics",
    "st_systems",
    "st_cursors",
    "st_mod_states",
    "st_tables",
];

/// Writes what differs between two worlds, of which the later knows everything
/// that the earlier knew.
pub(super) fn write(connection: &Connection, before: &World, now: &World) -> rusqlite::Result<()> {
    if !Arc::ptr_eq(&before.registry, &now.registry) {
        let known: Vec<_> = before.registry.iter().map(|(_, kind)| kind).collect();
        for (id, kind) in now.registry.iter() {
            if known.get(id.0 as usize).is_none_or(|known| *known != kind) {
                write_kind(connection, id, kind)?;
            }
        }
    }
    for (id, archetype) in now.archetypes().iter().enumerate() {
        let old = before.archetypes().get(id);
        if old.is_none_or(|old| !Arc::ptr_eq(old, archetype)) {
            write_archetype(connection, id, old.map(|old| &**old), archetype)?;
        }
    }
    write_relations(connection, &before.relations, &now.relations)?;
    if !Arc::ptr_eq(&before.resources, &now.resources) {
        differences(&before.resources, &now.resources, |kind, value| {
            let sql = match value {
                Some(_) => "REPLACE INTO st_resources (kind, value) VALUES (?1, ?2)",
                None => "DELETE FROM st_resources WHERE kind = ?1 AND ?2 IS NULL",
            };
            connection.prepare_cached(sql)?.execute(params![kind.0, value]).map(drop)
        })?;
    }
    if !Arc::ptr_eq(&before.systems, &now.systems) {
        differences(&before.systems, &now.systems, |name, state| {
            let earlier = before.systems.get(name);
            write_system(connection, name, earlier, state)
        })?;
    }
    if !Arc::ptr_eq(&before.mods, &now.mods) {
        differences(&before.mods, &now.mods, |id, state| match state {
            Some(state) => {
                let mut replace = connection.prepare_cached(
                    "REPLACE INTO st_mod_states (id, faults_in_a_row, suspended)
                     VALUES (?1, ?2, ?3)",
                )?;
                replace.execute(params![id, state.faults_in_a_row, state.suspended]).map(drop)
            }
            None => {
                let mut delete =
                    connection.prepare_cached("DELETE FROM st_mod_states WHERE id = ?1")?;
                delete.execute([id]).map(drop)
            }
        })?;
    }
    if !Arc::ptr_eq(&before.tables, &now.tables) {
        differences(&before.tables, &now.tables, |name, state| match state {
            Some(state) => write_table(connection, name, state),
            None => {
                let mut delete =
                    connection.prepare_cached("DELETE FROM st_tables WHERE name = ?1")?;
                delete.execute([name]).map(drop)
            }
        })?;
    }
    Ok(())
}

/// Records what the tables of mods hold, where an older save does not say.
pub(super) fn record_tables(connection: &Connection, world: &World) -> rusqlite::Result<()> {
    let sql = "SELECT count(*) FROM st_tables";
    let recorded: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if recorded as usize == world.tables.len() {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    for (name, state) in world.tables.iter() {
        write_table(&transaction, name, state)?;
    }
    transaction.commit()
}

fn write_table(connection: &Connection, name: &str, state: &TableState) -> rusqlite::Result<()> {
    let mut replace = connection.prepare_cached(
        "REPLACE INTO st_tables (name, rows, bytes, sum) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let sum: Vec<u8> = state.sum.iter().flat_map(|lane| lane.to_le_bytes()).collect();
    replace.execute(params![name, state.rows as i64, state.bytes as i64, sum]).map(drop)
}

/// Calls `each` with every key whose value is another than before; with nothing
/// where it is gone.
fn differences<K: Ord, V: PartialEq>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
    mut each: impl FnMut(&K, Option<&V>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for (key, value) in now {
        if before.get(key) != Some(value) {
            each(key, Some(value))?;
        }
    }
    for key in before.keys().filter(|key| !now.contains_key(key)) {
        each(key, None)?;
    }
    Ok(())
}

pub(super) fn name_of<T: Copy + PartialEq>(all: &[(T, &'static str)], item: T) -> &'static str {
    all.iter().find(|(known, _)| *known == item).map_or("", |(_, name)| name)
}

fn write_kind(connection: &Connection, id: KindId, kind: &Kind) -> rusqlite::Result<()> {
    connection.execute(
        "REPLACE INTO st_kinds (id, name, role, storage, size, on_despawn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            id.0,
            kind.name,
            kind.role.name(),
            name_of(&STORAGES, kind.storage),
            kind.size as i64,
            name_of(&ON_DESPAWN, kind.on_despawn)
        ],
    )?;
    connection.execute("DELETE FROM st_fields WHERE kind = ?1", [id.0])?;
    for (place, field) in kind.fields.iter().enumerate() {
        connection.execute(
            "INSERT INTO st_fields (kind, place, name, type, start) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id.0, place as i64, field.name, field.ty.to_string(), field.offset as i64],
        )?;
    }
    Ok(())
}

/// Adds what the kinds are to a digest.
pub(super) fn feed_kinds(registry: &Registry, into: &mut Hasher) {
    let mut text = |text: &str| {
        into.update(&(text.len() as u64).to_le_bytes());
        into.update(text.as_bytes());
    };
    for (_, kind) in registry.iter() {
        text(&kind.name);
        text(kind.role.name());
        text(name_of(&STORAGES, kind.storage));
        text(name_of(&ON_DESPAWN, kind.on_despawn));
        text(&format!("{} {}", kind.size, kind.fields.len()));
        for field in &kind.fields {
            text(&field.name);
            text(&format!("{} {}", field.ty, field.offset));
        }
    }
}

fn write_archetype(
    connection: &Connection,
    id: usize,
    before: Option<&Archetype>,
    now: &Archetype,
) -> rusqlite::Result<()> {
    let tracked = tracked(now);
    if before.is_some_and(|before| self::tracked(before) == tracked) {
        return Ok(());
    }
    let kinds: Vec<u8> = now.kinds().iter().flat_map(|kind| kind.0.to_le_bytes()).collect();
    let mut replace = connection
        .prepare_cached("REPLACE INTO st_archetypes (id, kinds, tracked) VALUES (?1, ?2, ?3)")?;
    replace.execute(params![id as i64, kinds, tracked]).map(drop)
}

pub(super) fn tracked(archetype: &Archetype) -> Vec<u8> {
    let bits = archetype.columns().iter().map(|column| {
        let bit = |kept: bool, bit: u8| if kept { bit } else { 0 };
        bit(column.changed.is_some(), TRACKED_CHANGED) | bit(column.added.is_some(), TRACKED_ADDED)
    });
    bits.collect()
}

fn write_relations(
    connection: &Connection,
    before: &Relations,
    now: &Relations,
) -> rusqlite::Result<()> {
    for ((kind, from, to), data) in now.diff(before) {
        let (from, to) = (from.to_bits() as i64, to.to_bits() as i64);
        match data {
            Some(data) => {
                let mut upsert = connection.prepare_cached(
                    "INSERT INTO st_relations (kind, source, target, data)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET data = excluded.data",
                )?;
                upsert.execute(params![kind.0, from, to, data])?;
            }
            None => {
                let mut delete = connection.prepare_cached(
                    "DELETE FROM st_relations WHERE kind = ?1 AND source = ?2 AND target = ?3",
                )?;
                delete.execute(params![kind.0, from, to])?;
            }
        }
    }
    Ok(())
}

fn write_system(
    connection: &Connection,
    name: &str,
    before: Option<&SystemState>,
    now: Option<&SystemState>,
) -> rusqlite::Result<()> {
    let nothing = SystemState::default();
    let earlier = before.unwrap_or(&nothing);
    match now {
        Some(state) if before.is_none() || earlier.last_run != state.last_run => {
            let mut replace = connection
                .prepare_cached("REPLACE INTO st_systems (name, last_run) VALUES (?1, ?2)")?;
            replace.execute(params![name, state.last_run.map(|stamp| stamp.to_bits() as i64)])?;
        }
        Some(_) => {}
        None => {
            let mut delete = connection.prepare_cached("DELETE FROM st_systems WHERE name = ?1")?;
            delete.execute([name])?;
        }
    }
    let cursors = &now.unwrap_or(&nothing).cursors;
    differences(&earlier.cursors, cursors, |topic, number| {
        let topic = topic_number(*topic);
        match number {
            Some(number) => {
                let mut replace = connection.prepare_cached(
                    "REPLACE INTO st_cursors (system, topic, number) VALUES (?1, ?2, ?3)",
                )?;
                replace.execute(params![name, topic, *number as i64]).map(drop)
            }
            None => {
                let mut delete = connection
                    .prepare_cached("DELETE FROM st_cursors WHERE system = ?1 AND topic = ?2")?;
                delete.execute(params![name, topic]).map(drop)
            }
        }
    })
}
