//! Puts a world back together from a save, and trusts nothing in it.
//!
//! Whatever is stored is checked against what else is stored before it is used:
//! lengths against rows, rows against pages, kinds against their declarations,
//! values against their kinds, entities against their rows, ends of edges
//! against who is alive, and in the end the whole against the state hash of its
//! last tick. So a save opens as the world that was committed, or is refused.
//!
//! Nothing in here takes more memory than a small multiple of what is there.

mod checks;
pub(super) mod pages;
mod rows;
pub(super) mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;

use sandtable_world::ecs::{
    Bytes, Entity, Event, Field, Kind, KindId, ModState, OnDespawn, Registry, Role, Stamp, Storage,
    SystemState, TableState, Type, World,
};

use crate::tables;

use super::error::{Failure, Fallible, damage};
use super::findings::Findings;
use super::page_writer::Index;
use checks::{broken, kind_of};

pub(super) use checks::{check_packed, check_payload, check_topic, check_value, shown};
pub(super) use shape::{TRACKED_ADDED, TRACKED_CHANGED};

/// The last tick that there can be.
pub(super) const TICK_MAX: i64 = Stamp::TICK_MAX as i64;
/// Characters that the text of a type may have.
pub(super) const TYPE_CHARS_MAX: usize = 1 << 16;

/// Where what the tables of mods hold is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    /// From all of their rows, against which what is recorded is held.
    OfRows,
    /// From what was recorded with the last commit, if it was.
    Recorded,
}

/// Restores the world at a tick and its first free slot, with so many rows to a
/// page, and finds where its pages are in the save.
///
/// What is found damaged is left out, where that is not an error: then the world
/// is what is whole of it. Without its kinds there is none.
pub(super) fn world(
    connection: &Connection,
    (tick, first_free): (i64, i64),
    rows_per_page: usize,
    sums: Sums,
    findings: &mut Findings,
) -> Fallible<(World, Index)> {
    if !(0..=TICK_MAX).contains(&tick) {
        return damage(format!("it stands at tick {tick}"));
    }
    let mut world = World::new(rows_per_page);
    world.set_tick(tick as u64);
    world.registry = Arc::new(read_kinds(connection)?);
    let index = pages::restore(connection, &mut world, first_free, findings)?;
    restore_relations(connection, &mut world, findings)?;
    restore_events(connection, &mut world, findings)?;
    world.resources = Arc::new(read_resources(connection, &world.registry, findings)?);
    world.systems = Arc::new(read_systems(connection, &world.registry, findings)?);
    world.mods = Arc::new(read_mod_states(connection, findings)?);
    world.tables = Arc::new(read_tables(connection, sums, findings)?);
    Ok((world, index))
}

pub(super) fn named<T: Copy>(all: &[(T, &str)], name: &str) -> Fallible<T> {
    match all.iter().find(|(_, known)| *known == name) {
        Some((found, _)) => Ok(*found),
        None => damage(format!("`{name}` is nothing that a kind can be")),
    }
}

/// How kinds are stored, with its name in a save.
pub(super) const STORAGES: [(Storage, &str); 2] =
    [(Storage::Packed, "packed"), (Storage::Dynamic, "dynamic")];
/// What becomes of edges, with its name in a save.
pub(super) const ON_DESPAWN: [(OnDespawn, &str); 2] =
    [(OnDespawn::Detach, "detach"), (OnDespawn::Cascade, "cascade")];

/// Reads every kind back, through the same checks that it once passed.
pub(super) fn read_kinds(connection: &Connection) -> Fallible<Registry> {
    let mut fields: BTreeMap<i64, Vec<Field>> = BTreeMap::new();
    let mut select = connection
        .prepare("SELECT kind, place, name, type, start FROM st_fields ORDER BY kind, place")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (of, place): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (name, ty): (String, String) = (row.get(2)?, row.get(3)?);
        let fields = fields.entry(of).or_default();
        if place != fields.len() as i64 || ty.len() > TYPE_CHARS_MAX {
            return damage(format!("field `{name}` of kind {of} is none"));
        }
        let ty = match Type::parse(&ty) {
            Ok(ty) => ty,
            Err(what) => return damage(format!("field `{name}` of kind {of}: {what}")),
        };
        fields.push(Field { name, ty, offset: row.get::<_, u32>(4)? as usize });
    }
    let mut registry = Registry::default();
    let mut next = 0;
    let mut select = connection
        .prepare("SELECT id, name, role, storage, size, on_despawn FROM st_kinds ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        next += 1;
        if id != next - 1 || registry.find(&name).is_some() {
            return damage(format!("kind `{name}` stands twice or in the wrong place"));
        }
        let role = named(&Role::ALL, &row.get::<_, String>(2)?)?;
        let storage = named(&STORAGES, &row.get::<_, String>(3)?)?;
        let on_despawn = named(&ON_DESPAWN, &row.get::<_, String>(5)?)?;
        let (size, fields) = (row.get::<_, u32>(4)?, fields.remove(&id).unwrap_or_default());
        match Kind::new(name.clone(), role, storage, size as usize, fields, on_despawn) {
            Ok(kind) => registry.add(kind),
            Err(what) => return damage(format!("kind `{name}` {what}")),
        };
    }
    match fields.first_key_value() {
        Some((of, _)) => damage(format!("there are fields of a kind {of} that there is not")),
        None => Ok(registry),
    }
}

fn restore_relations(
    connection: &Connection,
    world: &mut World,
    findings: &mut Findings,
) -> Fallible<()> {
    let World { registry, entities, relations, .. } = world;
    let mut latest: Option<(u32, KindId)> = None;
    let select = "SELECT kind, source, target, data FROM st_relations";
    findings.each(connection, select, [], |_, row| {
        let number: u32 = row.get(0)?;
        let id = match latest {
            Some((known, id)) if known == number => id,
            _ => kind_of(registry, number, Role::Relation)?,
        };
        latest = Some((number, id));
        let end = |at| row.get(at).map(|bits: i64| Entity::from_bits(bits as u64));
        let (from, to) = (end(1)?, end(2)?);
        if entities.locate(from).is_none() || entities.locate(to).is_none() {
            return damage(format!("an edge from {from} to {to} has an end that is not alive"));
        }
        let data = row.get_ref(3)?.as_blob().map_err(broken)?;
        check_value(registry.get(id), data)?;
        relations.relate(id, from, to, data.into());
        Ok(())
    })
}

fn restore_events(
    connection: &Connection,
    world: &mut World,
    findings: &mut Findings,
) -> Fallible<()> {
    let World { registry, events: queues, .. } = world;
    let mut unread: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    let select = "SELECT topic, number, tick, payload FROM st_events
                  JOIN st_topics USING (topic) WHERE number > passed ORDER BY topic, number";
    findings.each(connection, select, [], |_, row| {
        let number: i64 = row.get(0)?;
        let payload = row.get_ref(3)?.as_blob().map_err(broken)?;
        let topic = check_topic(registry, number)?;
        check_payload(registry, topic, payload)?;
        let event = Event {
            number: row.get::<_, i64>(1)? as u64,
            tick: row.get::<_, i64>(2)? as u64,
            payload: payload.into(),
        };
        unread.entry(number).or_default().push(event);
        Ok(())
    })?;
    let select = "SELECT topic, last, passed FROM st_topics";
    findings.each(connection, select, [], |findings, row| {
        let (number, last, passed): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let topic = check_topic(registry, number)?;
        let events = unread.remove(&number).unwrap_or_default();
        let is_topic = (0..=last).contains(&passed);
        let last = last.max(0) as u64;
        if !is_topic || !queues.go_on(topic, last, passed as u64, events) {
            let what = format!(
                "the events of {} after {passed} up to {last} are not there",
                shown(registry, topic)
            );
            findings.note(Failure::Damage(what))?;
            queues.forget(topic, last);
        }
        Ok(())
    })
}

fn read_resources(
    connection: &Connection,
    registry: &Registry,
    findings: &mut Findings,
) -> Fallible<BTreeMap<KindId, Bytes>> {
    let mut resources = BTreeMap::new();
    findings.each(connection, "SELECT kind, value FROM st_resources", [], |_, row| {
        let id = kind_of(registry, row.get(0)?, Role::Component)?;
        let value = row.get_ref(1)?.as_blob().map_err(broken)?;
        check_value(registry.get(id), value)?;
        resources.insert(id, value.into());
        Ok(())
    })?;
    Ok(resources)
}

fn read_systems(
    connection: &Connection,
    registry: &Registry,
    findings: &mut Findings,
) -> Fallible<BTreeMap<String, SystemState>> {
    let mut systems: BTreeMap<String, SystemState> = BTreeMap::new();
    findings.each(connection, "SELECT name, last_run FROM st_systems", [], |_, row| {
        let last_run = row.get::<_, Option<i64>>(1)?.map(|bits| Stamp::from_bits(bits as u64));
        systems.insert(row.get(0)?, SystemState { last_run, cursors: BTreeMap::new() });
        Ok(())
    })?;
    findings.each(connection, "SELECT system, topic, number FROM st_cursors", [], |_, row| {
        let (name, topic, number): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(system) = systems.get_mut(&name).filter(|_| number >= 0) else {
            return damage(format!("system `{name}` has read what it cannot have"));
        };
        system.cursors.insert(check_topic(registry, topic)?, number as u64);
        Ok(())
    })?;
    Ok(systems)
}

fn read_tables(
    connection: &Connection,
    sums: Sums,
    findings: &mut Findings,
) -> Fallible<BTreeMap<String, TableState>> {
    let mut recorded = BTreeMap::new();
    let select = "SELECT name, rows, bytes, sum FROM st_tables";
    findings.each(connection, select, [], |_, row| {
        let name: String = row.get(0)?;
        let (lanes, rest) = row.get_ref(3)?.as_blob().map_err(broken)?.as_chunks::<8>();
        let lanes: Vec<u64> = lanes.iter().map(|lane| u64::from_le_bytes(*lane)).collect();
        let (Ok(sum), []) = (<[u64; 4]>::try_from(lanes), rest) else {
            return damage(format!("what is recorded of table `{name}` cannot be read"));
        };
        let (rows, bytes) = (row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64);
        recorded.insert(name, TableState { rows, bytes, sum });
        Ok(())
    })?;
    let mut states = BTreeMap::new();
    for name in tables::names(connection)? {
        let known = recorded.remove(&name);
        let of_rows = || tables::state(connection, &name).map_err(Failure::from);
        let state = match (known, sums) {
            (Some(known), Sums::Recorded) => known,
            (None, _) => match findings.whole(of_rows())? {
                Some(state) => state,
                None => continue,
            },
            (Some(known), Sums::OfRows) => match findings.whole(of_rows())? {
                Some(state) if state == known => state,
                Some(state) => {
                    let what = format!("the rows of table `{name}` are not those of its last tick");
                    findings.note(Failure::Damage(what))?;
                    state
                }
                None => continue,
            },
        };
        states.insert(name, state);
    }
    for name in recorded.keys() {
        findings.note(Failure::Damage(format!("table `{name}` is lost")))?;
    }
    Ok(states)
}

fn read_mod_states(
    connection: &Connection,
    findings: &mut Findings,
) -> Fallible<BTreeMap<String, ModState>> {
    let mut states = BTreeMap::new();
    let select = "SELECT id, faults_in_a_row, suspended FROM st_mod_states";
    findings.each(connection, select, [], |_, row| {
        let (id, faults): (String, u32) = (row.get(0)?, row.get(1)?);
        if faults == u32::MAX {
            return damage(format!("mod `{id}` has faulted in too many ticks"));
        }
        states.insert(id, ModState { faults_in_a_row: faults, suspended: row.get(2)? });
        Ok(())
    })?;
    Ok(states)
}
