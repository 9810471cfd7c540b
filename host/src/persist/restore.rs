//! Puts a world back together from a save, and trusts nothing in it.
//!
//! Whatever is stored is checked against what else is stored before it is used:
//! lengths against rows, rows against pages, kinds against their declarations,
//! values against their kinds, entities against their rows, ends of edges
//! against who is alive, and in the end the whole against the state hash of its
//! last tick. So a save opens as the world that was committed, or is refused.
//!
//! Nothing in here takes more memory than a small multiple of what is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::ecs::{
    ArchetypeId, Bytes, Column, Entities, Entity, Event, Field, Kind, KindId, ModState, OnDespawn,
    Paged, Registry, Role, Slot, Stamp, Storage, SystemState, Topic, Type, Values, World,
    canonical_packed, canonical_value,
};

use super::chunks::{Index, Stored};
use super::encode::{ChunkKey, Form, Part, Read, split_patches};
use super::error::{Outcome, damage};
use super::log::topic_of;

/// Ticks beyond this cannot be told apart in a stamp.
const TICK_MAX: i64 = 1 << 47;
/// Characters that the text of a type may have.
const TYPE_CHARS_MAX: usize = 1 << 16;

/// Restores the world at a tick, with so many rows to a page, and finds where
/// its chunks are.
pub(super) fn world(
    connection: &Connection,
    tick: i64,
    first_free: i64,
    rows_per_page: usize,
) -> Outcome<(World, Index)> {
    if !(0..=TICK_MAX).contains(&tick) {
        return damage(format!("it stands at tick {tick}"));
    }
    let mut world = World::new(rows_per_page);
    world.set_tick(tick as u64);
    world.registry = Arc::new(read_kinds(connection)?);
    let archetypes = read_archetypes(connection, &world.registry)?;
    let (mut pages, index) = read_chunks(connection, &world, &archetypes)?;
    restore_entities(&mut world, &mut pages, first_free)?;
    for (id, shape) in archetypes.iter().enumerate() {
        restore_archetype(&mut world, &mut pages, id as u32, shape)?;
    }
    if let Some((key, _)) = pages.pop_first() {
        return damage(format!("it has a page too much: {key:?}"));
    }
    check_entities(&world)?;
    restore_relations(connection, &mut world)?;
    restore_events(connection, &mut world)?;
    world.resources = Arc::new(read_resources(connection, &world.registry)?);
    world.systems = Arc::new(read_systems(connection, &world.registry)?);
    world.mods = Arc::new(read_mod_states(connection)?);
    Ok((world, index))
}

fn named<T: Copy>(all: &[(T, &str)], name: &str) -> Outcome<T> {
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
pub(super) fn read_kinds(connection: &Connection) -> Outcome<Registry> {
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

/// The kind with this number, if it has this role.
fn kind_of(registry: &Registry, number: u32, role: Role) -> Outcome<KindId> {
    let found = registry.iter().nth(number as usize).filter(|(_, kind)| kind.role == role);
    match found {
        Some((id, _)) => Ok(id),
        None => damage(format!("kind {number} is no {}", role.name())),
    }
}

/// An archetype's kinds, ascending, and for each which stamps it keeps.
struct Shape {
    kinds: Vec<KindId>,
    tracked: Vec<u8>,
}

/// The bits of a tracked byte.
pub(super) const TRACKED_CHANGED: u8 = 1;
pub(super) const TRACKED_ADDED: u8 = 2;

fn read_archetypes(connection: &Connection, registry: &Registry) -> Outcome<Vec<Shape>> {
    let mut select =
        connection.prepare("SELECT id, kinds, tracked FROM st_archetypes ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut archetypes: Vec<Shape> = Vec::new();
    let mut known = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let (words, rest) = row.get_ref(1)?.as_blob().map_err(broken)?.as_chunks::<4>();
        let mut kinds = Vec::with_capacity(words.len());
        for word in words {
            kinds.push(kind_of(registry, u32::from_le_bytes(*word), Role::Component)?);
        }
        let tracked: Vec<u8> = row.get(2)?;
        let ascending = kinds.windows(2).all(|pair| pair[0] < pair[1]);
        let in_place = id == archetypes.len() as i64;
        let sound = rest.is_empty() && ascending && in_place && tracked.len() == kinds.len();
        if !sound || !known.insert(kinds.clone()) {
            return damage(format!("archetype {id} is none"));
        }
        archetypes.push(Shape { kinds, tracked });
    }
    Ok(archetypes)
}

fn broken(error: rusqlite::types::FromSqlError) -> super::error::Failure {
    super::error::Failure::Damage(error.to_string())
}

/// What a page with this key must be; nothing if there can be no such page.
fn form_of(key: ChunkKey, world: &World, archetypes: &[Shape]) -> Option<Form> {
    let kinds = archetypes.get(key.archetype as usize).map(|shape| &shape.kinds);
    let kind = || {
        let id = KindId(key.kind);
        kinds?.binary_search(&id).ok().map(|_| world.registry.get(id))
    };
    match key.part {
        Part::Slots => (key.archetype == 0 && key.kind == 0).then_some(Form::Slots),
        Part::Entities => kinds.filter(|_| key.kind == 0).map(|_| Form::Entities),
        Part::Values => match kind()? {
            kind if kind.storage == Storage::Dynamic => Some(Form::Dynamic),
            kind => (kind.size > 0).then_some(Form::Packed(kind.size)),
        },
        Part::Changed | Part::Added => kind().map(|_| Form::Stamps),
    }
}

type Pages = BTreeMap<ChunkKey, Read>;

fn read_chunks(
    connection: &Connection,
    world: &World,
    archetypes: &[Shape],
) -> Outcome<(Pages, Index)> {
    let rows_max = |part| match part {
        Part::Slots => world.entities.slots().rows_per_page(),
        _ => world.rows_per_page(),
    };
    let mut pages = Pages::new();
    let mut stored: FxHashMap<ChunkKey, Stored> = FxHashMap::default();
    let mut whole_since: FxHashMap<ChunkKey, i64> = FxHashMap::default();
    let mut last = 0;
    let mut select =
        connection.prepare("SELECT id, part, archetype, kind, page, since, data FROM st_chunks")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let part: i64 = row.get(1)?;
        let Some(part) = Part::from_number(part) else {
            return damage(format!("a page is of part {part}"));
        };
        let key = ChunkKey { part, archetype: row.get(2)?, kind: row.get(3)?, page: row.get(4)? };
        let Some(form) = form_of(key, world, archetypes) else {
            return damage(format!("it has a page of nothing: {key:?}"));
        };
        let since: i64 = row.get(5)?;
        last = last.max(since);
        let data = row.get_ref(6)?.as_blob().map_err(broken)?;
        pages.insert(key, Read::whole(form, data, rows_max(part))?);
        whole_since.insert(key, since);
        let row = row.get(0)?;
        stored.insert(key, Stored { row, patched_since: 0, patched_bytes: 0 });
    }
    let mut select = connection.prepare("SELECT seq, data FROM st_patches ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        last = last.max(seq);
        let data = row.get_ref(1)?.as_blob().map_err(broken)?;
        for patch in split_patches(data)? {
            // Pages that are gone, or were written whole later, need it no more.
            let key = patch.key;
            let (Some(page), Some(stored)) = (pages.get_mut(&key), stored.get_mut(&key)) else {
                continue;
            };
            if whole_since.get(&key).is_none_or(|since| *since >= seq) {
                continue;
            }
            page.patch(&patch, rows_max(key.part))?;
            stored.patched_bytes += patch.bytes();
            if stored.patched_since == 0 {
                stored.patched_since = seq;
            }
        }
    }
    if !(0..i64::MAX / 2).contains(&last) {
        return damage(format!("its patches have come to number {last}"));
    }
    Ok((pages, Index::restore(stored, last)))
}

/// Takes the pages of one array in order; every one but the last is full.
fn take_pages(
    pages: &mut Pages,
    mut key: ChunkKey,
    rows_per_page: usize,
    mut take: impl FnMut(Read) -> Outcome<()>,
) -> Outcome<()> {
    let mut full = true;
    key.page = 0;
    while let Some(read) = pages.remove(&key) {
        if !full {
            return damage(format!("page {} comes after one that is not full", key.page));
        }
        full = read.rows() == rows_per_page;
        take(read)?;
        key.page += 1;
    }
    Ok(())
}

fn misformed<T>() -> Outcome<T> {
    damage("a page has another form than its column")
}

fn restore_entities(world: &mut World, pages: &mut Pages, first_free: i64) -> Outcome<()> {
    let key = ChunkKey { part: Part::Slots, archetype: 0, kind: 0, page: 0 };
    let mut slots: Vec<Slot> = Vec::new();
    take_pages(pages, key, world.entities.slots().rows_per_page(), |read| match read {
        Read::Slots(items) => {
            slots.extend(items);
            Ok(())
        }
        _ => misformed(),
    })?;
    let issued = |slot: &Slot| (1..Entity::SPAWNED_IN_CALL).contains(&slot.generation);
    let first_free = u32::try_from(first_free).ok();
    let restored = first_free
        .filter(|_| slots.iter().all(issued))
        .and_then(|first_free| Entities::restore(&slots, first_free));
    match restored {
        Some(entities) => world.entities = entities,
        None => return damage("its free entities contradict each other"),
    }
    Ok(())
}

fn restore_archetype(
    world: &mut World,
    pages: &mut Pages,
    archetype: u32,
    shape: &Shape,
) -> Outcome<()> {
    let rows_per_page = world.rows_per_page();
    let key = ChunkKey { part: Part::Entities, archetype, kind: 0, page: 0 };
    let mut entities: Paged<Entity> = Paged::new(1, rows_per_page);
    take_pages(pages, key, rows_per_page, |read| match read {
        Read::Entities(items) => {
            entities.extend(&items);
            Ok(())
        }
        _ => misformed(),
    })?;
    let mut columns = Vec::with_capacity(shape.kinds.len());
    for (&id, tracked) in shape.kinds.iter().zip(&shape.tracked) {
        let key = |part| ChunkKey { part, archetype, kind: id.0, page: 0 };
        let kind = world.registry.get(id);
        let values = take_values(pages, key(Part::Values), kind, rows_per_page, entities.len())?;
        let mut stamps = |part, bit| match tracked & bit {
            0 => Ok(None),
            _ => take_stamps(pages, key(part), rows_per_page).map(Some),
        };
        let changed = stamps(Part::Changed, TRACKED_CHANGED)?;
        let added = stamps(Part::Added, TRACKED_ADDED)?;
        let lengths =
            [Some(values.len()), changed.as_ref().map(Paged::len), added.as_ref().map(Paged::len)];
        if lengths.into_iter().flatten().any(|len| len != entities.len()) {
            return damage(format!("a column of `{}` is shorter than its archetype", kind.name));
        }
        columns.push(Column { kind: id, values, changed, added });
    }
    world.restore_archetype(entities, columns);
    Ok(())
}

fn take_values(
    pages: &mut Pages,
    key: ChunkKey,
    kind: &Kind,
    rows_per_page: usize,
    rows: usize,
) -> Outcome<Values> {
    let mut values = Values::new(kind, rows_per_page);
    take_pages(pages, key, rows_per_page, |read| match (&mut values, read) {
        (Values::Packed(into), Read::Packed(bytes, _)) => {
            check_packed(kind, &bytes)?;
            into.extend(&bytes);
            Ok(())
        }
        (Values::Dynamic(into), Read::Dynamic(items)) => {
            items.iter().try_for_each(|item| check_dynamic(kind, item))?;
            into.extend(&items);
            Ok(())
        }
        _ => misformed(),
    })?;
    if let Values::Packed(into) = &mut values
        && kind.size == 0
    {
        into.grow(rows, &[]);
    }
    Ok(values)
}

fn take_stamps(pages: &mut Pages, key: ChunkKey, rows_per_page: usize) -> Outcome<Paged<Stamp>> {
    let mut stamps: Paged<Stamp> = Paged::new(1, rows_per_page);
    take_pages(pages, key, rows_per_page, |read| match read {
        Read::Stamps(items) => {
            stamps.extend(&items);
            Ok(())
        }
        _ => misformed(),
    })?;
    Ok(stamps)
}

fn check_packed(kind: &Kind, bytes: &[u8]) -> Outcome<()> {
    let mut settled = bytes.to_vec();
    let checked = canonical_packed(kind, &mut settled, &mut Ok);
    if checked.is_err() || settled != bytes {
        return damage(format!("a value of `{}` is not canonical", kind.name));
    }
    Ok(())
}

fn check_dynamic(kind: &Kind, value: &[u8]) -> Outcome<()> {
    let mut canonical = Vec::with_capacity(value.len());
    let mut rest = value;
    match canonical_value(kind, &mut rest, &mut canonical, &mut Ok) {
        Err(problem) => damage(format!("a value of `{}`: {problem}", kind.name)),
        Ok(()) if !rest.is_empty() || canonical != value => {
            damage(format!("a value of `{}` is not canonical", kind.name))
        }
        Ok(()) => Ok(()),
    }
}

/// Checks a value of any storage.
pub(super) fn check_value(kind: &Kind, value: &[u8]) -> Outcome<()> {
    match kind.storage {
        Storage::Dynamic => check_dynamic(kind, value),
        Storage::Packed if value.len() != kind.size => {
            damage(format!("a value of `{}` has {} bytes", kind.name, value.len()))
        }
        Storage::Packed => check_packed(kind, value),
    }
}

/// Everybody who has a row is where the index says, and nobody else is alive.
fn check_entities(world: &World) -> Outcome<()> {
    let mut rows = 0;
    for (id, archetype) in world.archetypes().iter().enumerate() {
        rows += archetype.len();
        let mut row = 0;
        for page in archetype.entities().pages() {
            for entity in page.iter() {
                if world.entities.locate(*entity) != Some((ArchetypeId(id as u32), row)) {
                    return damage(format!("entity {entity} is not where it should be"));
                }
                row += 1;
            }
        }
    }
    if rows != world.entities.alive() as usize {
        return damage(format!(
            "{} entities are alive, and {rows} have rows",
            world.entities.alive()
        ));
    }
    Ok(())
}

fn restore_relations(connection: &Connection, world: &mut World) -> Outcome<()> {
    let mut select = connection.prepare("SELECT kind, source, target, data FROM st_relations")?;
    let mut rows = select.query([])?;
    let mut latest: Option<(u32, KindId)> = None;
    while let Some(row) = rows.next()? {
        let number: u32 = row.get(0)?;
        let id = match latest {
            Some((known, id)) if known == number => id,
            _ => kind_of(&world.registry, number, Role::Relation)?,
        };
        latest = Some((number, id));
        let end = |at| row.get(at).map(|bits: i64| Entity::from_bits(bits as u64));
        let (from, to) = (end(1)?, end(2)?);
        if world.entities.locate(from).is_none() || world.entities.locate(to).is_none() {
            return damage(format!("an edge from {from} to {to} has an end that is not alive"));
        }
        let data = row.get_ref(3)?.as_blob().map_err(broken)?;
        check_value(world.registry.get(id), data)?;
        world.relations.relate(id, from, to, data.into());
    }
    Ok(())
}

/// Checks that there is such a topic.
fn check_topic(registry: &Registry, number: i64) -> Outcome<Topic> {
    let topic = topic_of(number);
    let known = match topic {
        Some(Topic::Kind(kind)) => kind_of(registry, kind.0, Role::Event)
            .or(kind_of(registry, kind.0, Role::Input))
            .is_ok(),
        Some(Topic::Removed(kind)) => kind_of(registry, kind.0, Role::Component).is_ok(),
        Some(Topic::Despawned) => true,
        None => false,
    };
    match topic.filter(|_| known) {
        Some(topic) => Ok(topic),
        None => damage(format!("there is no topic {number}")),
    }
}

/// The entity that a removal or despawn is about.
pub(super) fn subject(payload: &[u8]) -> Option<Entity> {
    let mut rest = payload;
    let bits: u64 = rmp::decode::read_int(&mut rest).ok()?;
    rest.is_empty().then_some(Entity::from_bits(bits))
}

fn restore_events(connection: &Connection, world: &mut World) -> Outcome<()> {
    let registry = world.registry.clone();
    let mut unread: BTreeMap<i64, VecDeque<Event>> = BTreeMap::new();
    let mut select = connection.prepare(
        "SELECT topic, number, tick, payload FROM st_events
         JOIN st_topics USING (topic) WHERE number > passed ORDER BY topic, number",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let payload = row.get_ref(3)?.as_blob().map_err(broken)?;
        match check_topic(&registry, number)? {
            Topic::Kind(kind) => check_value(registry.get(kind), payload)?,
            _ if subject(payload).is_some() => {}
            topic => return damage(format!("an event of {topic:?} names nobody")),
        }
        let event = Event {
            number: row.get::<_, i64>(1)? as u64,
            tick: row.get::<_, i64>(2)? as u64,
            payload: payload.into(),
        };
        unread.entry(number).or_default().push_back(event);
    }
    let mut select = connection.prepare("SELECT topic, last, passed FROM st_topics")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (number, last, passed): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let topic = check_topic(&registry, number)?;
        let events = unread.remove(&number).unwrap_or_default();
        let expected = passed as u64 + 1..;
        let complete = (0..=last).contains(&passed)
            && events.len() as u64 == (last - passed) as u64
            && events.iter().zip(expected).all(|(event, number)| event.number == number);
        if !complete {
            return damage(format!(
                "the events of {topic:?} after {passed} up to {last} are not there"
            ));
        }
        world.events.restore(topic, last as u64, events);
    }
    Ok(())
}

fn read_resources(
    connection: &Connection,
    registry: &Registry,
) -> Outcome<BTreeMap<KindId, Bytes>> {
    let mut select = connection.prepare("SELECT kind, value FROM st_resources")?;
    let mut rows = select.query([])?;
    let mut resources = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id = kind_of(registry, row.get(0)?, Role::Component)?;
        let value = row.get_ref(1)?.as_blob().map_err(broken)?;
        check_value(registry.get(id), value)?;
        resources.insert(id, value.into());
    }
    Ok(resources)
}

fn read_systems(
    connection: &Connection,
    registry: &Registry,
) -> Outcome<BTreeMap<String, SystemState>> {
    let mut select = connection.prepare("SELECT name, last_run FROM st_systems")?;
    let systems = select.query_map([], |row| {
        let last_run = row.get::<_, Option<i64>>(1)?.map(|bits| Stamp::from_bits(bits as u64));
        Ok((row.get(0)?, SystemState { last_run, cursors: BTreeMap::new() }))
    })?;
    let mut systems: BTreeMap<String, SystemState> = systems.collect::<Result<_, _>>()?;
    let mut select = connection.prepare("SELECT system, topic, number FROM st_cursors")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (name, topic, number): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(system) = systems.get_mut(&name).filter(|_| number >= 0) else {
            return damage(format!("system `{name}` has read what it cannot have"));
        };
        system.cursors.insert(check_topic(registry, topic)?, number as u64);
    }
    Ok(systems)
}

fn read_mod_states(connection: &Connection) -> Outcome<BTreeMap<String, ModState>> {
    let mut select =
        connection.prepare("SELECT id, faults_in_a_row, suspended FROM st_mod_states")?;
    let mut rows = select.query([])?;
    let mut states = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (id, faults): (String, u32) = (row.get(0)?, row.get(1)?);
        if faults == u32::MAX {
            return damage(format!("mod `{id}` has faulted in too many ticks"));
        }
        states.insert(id, ModState { faults_in_a_row: faults, suspended: row.get(2)? });
    }
    Ok(states)
}

/// Checks that a removal, a despawn or a value that is shown to people has the
/// form it should have; what was read long ago is not checked when a save opens.
pub(super) fn is_sound(registry: &Registry, topic: Topic, payload: &[u8]) -> bool {
    match topic {
        Topic::Kind(kind) => match registry.iter().nth(kind.0 as usize) {
            Some((_, kind)) => check_value(kind, payload).is_ok(),
            None => false,
        },
        _ => subject(payload).is_some(),
    }
}
