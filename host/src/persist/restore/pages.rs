//! Pages of a save as archetypes and their columns.
//!
//! Every page must be named by an archetype and one of its kinds, be full unless
//! it is the last, and have a value that its kind allows in every row; and there
//! must be no page that nobody asks for.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::ecs::{
    Column, Entities, Entity, Kind, KindId, Paged, Registry, Role, Slot, Stamp, Storage, Values,
    World,
};

use super::super::chunks::{Index, Stored};
use super::super::encode::{ChunkKey, Form, Part, Read, split_patches};
use super::super::error::{Outcome, damage};
use super::super::history::blank;
use super::{broken, check_dynamic, check_packed, kind_of};

/// Restores everybody who is alive with their components, and finds where the
/// chunks are.
pub(super) fn restore(
    connection: &Connection,
    world: &mut World,
    first_free: i64,
) -> Outcome<Index> {
    let archetypes = read_archetypes(connection, &world.registry)?;
    let (pages, index) = read_chunks(connection, world, &archetypes)?;
    assemble(world, pages, &archetypes, first_free)?;
    Ok(index)
}

/// Puts a world's entities and columns together from all their pages.
pub(in crate::persist) fn assemble(
    world: &mut World,
    mut pages: Pages,
    archetypes: &[Shape],
    first_free: i64,
) -> Outcome<()> {
    restore_entities(world, &mut pages, first_free)?;
    for (id, shape) in archetypes.iter().enumerate() {
        restore_archetype(world, &mut pages, id as u32, shape)?;
    }
    match pages.pop_first() {
        Some((key, _)) => damage(format!("it has a page too much: {key:?}")),
        None => Ok(()),
    }
}

/// An archetype's kinds, ascending, and for each which stamps it keeps.
pub(in crate::persist) struct Shape {
    pub kinds: Vec<KindId>,
    pub tracked: Vec<u8>,
    /// Kinds of which no values are kept: their rows are blank.
    pub omitted: BTreeSet<u32>,
}

impl Shape {
    /// An archetype of these kinds, which must be components and ascend.
    pub(in crate::persist) fn new(
        id: usize,
        registry: &Registry,
        kinds: impl Iterator<Item = u32>,
        tracked: Vec<u8>,
    ) -> Outcome<Self> {
        let kinds: Vec<KindId> =
            kinds.map(|kind| kind_of(registry, kind, Role::Component)).collect::<Outcome<_>>()?;
        if kinds.windows(2).any(|pair| pair[0] >= pair[1]) || tracked.len() != kinds.len() {
            return damage(format!("archetype {id} is none"));
        }
        Ok(Self { kinds, tracked, omitted: BTreeSet::new() })
    }
}

/// The bits of a tracked byte.
pub(in crate::persist) const TRACKED_CHANGED: u8 = 1;
pub(in crate::persist) const TRACKED_ADDED: u8 = 2;

fn read_archetypes(connection: &Connection, registry: &Registry) -> Outcome<Vec<Shape>> {
    let mut select =
        connection.prepare("SELECT id, kinds, tracked FROM st_archetypes ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut archetypes: Vec<Shape> = Vec::new();
    let mut known = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let (words, rest) = row.get_ref(1)?.as_blob().map_err(broken)?.as_chunks::<4>();
        let kinds = words.iter().map(|word| u32::from_le_bytes(*word));
        let shape = Shape::new(archetypes.len(), registry, kinds, row.get(2)?)?;
        let in_place = id == archetypes.len() as i64;
        if !rest.is_empty() || !in_place || !known.insert(shape.kinds.clone()) {
            return damage(format!("archetype {id} is none"));
        }
        archetypes.push(shape);
    }
    Ok(archetypes)
}

/// What a page with this key must be; nothing if there can be no such page.
pub(in crate::persist) fn form_of(
    key: ChunkKey,
    world: &World,
    archetypes: &[Shape],
) -> Option<Form> {
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

pub(in crate::persist) type Pages = BTreeMap<ChunkKey, Read>;

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
        if shape.omitted.contains(&id.0) {
            let stamps = |bit: u8| (tracked & bit != 0).then(|| Paged::new(1, rows_per_page));
            let (changed, added) = (stamps(TRACKED_CHANGED), stamps(TRACKED_ADDED));
            let bare =
                Column { kind: id, values: Values::new(kind, rows_per_page), changed, added };
            columns.push(blank(kind, &bare, &entities));
            continue;
        }
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
