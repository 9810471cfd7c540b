//! Pages of a save, read: every page must be named by an archetype and one of
//! its kinds.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use sandtable_world::ecs::{ArchetypeId, KindId, PageKey, Part, Registry, Storage, World};

use super::super::encode::{Form, Read, part_of, split_patches};
use super::super::error::{Failure, Fallible, damage};
use super::super::findings::Findings;
use super::super::page_writer::{Index, Stored};
use super::checks::broken;
use super::rows;
use super::shape::{Pages, Shape, Shapes};

/// Restores the living entities with their components, and finds where the
/// pages are.
pub(super) fn restore(
    connection: &Connection,
    world: &mut World,
    first_free: i64,
    findings: &mut Findings,
) -> Fallible<Index> {
    let before = findings.count();
    let shapes = read_archetypes(connection, &world.registry, findings)?;
    let (pages, index) = read_pages(connection, world, &shapes, findings)?;
    rows::restore(world, pages, &shapes, first_free, before, findings)?;
    Ok(index)
}

/// Puts a world's entities and columns together from all their pages.
pub(crate) fn assemble(
    world: &mut World,
    pages: Pages,
    shapes: &Shapes,
    first_free: i64,
) -> Fallible<()> {
    rows::restore(world, pages, shapes, first_free, 0, &mut Findings::strict())
}

fn read_archetypes(
    connection: &Connection,
    registry: &Registry,
    findings: &mut Findings,
) -> Fallible<Shapes> {
    let mut shapes = Shapes::new();
    let mut known = BTreeSet::new();
    let mut next = 0;
    let select = "SELECT id, kinds, tracked FROM st_archetypes ORDER BY id";
    findings.each(connection, select, [], |findings, row| {
        let id: u32 = row.get(0)?;
        if id != std::mem::replace(&mut next, id.saturating_add(1)) {
            findings.note(Failure::Damage(format!("there is no archetype before {id}")))?;
        }
        let (words, rest) = row.get_ref(1)?.as_blob().map_err(broken)?.as_chunks::<4>();
        let kinds = words.iter().map(|word| u32::from_le_bytes(*word));
        let shape = Shape::new(id, registry, kinds, row.get(2)?)?;
        if !rest.is_empty() || !known.insert(shape.kinds.clone()) {
            return damage(format!("archetype {id} is none"));
        }
        shapes.insert(id, shape);
        Ok(())
    })?;
    Ok(shapes)
}

/// What a page with this key must be; nothing if there can be no such page.
pub(crate) fn form_of(key: PageKey, world: &World, shapes: &Shapes) -> Option<Form> {
    let PageKey { part, archetype, kind, page } = key;
    let kinds = shapes.get(&archetype.0).map(|shape| &shape.kinds);
    let declared = || kinds?.binary_search(&kind).ok().map(|_| world.registry.get(kind));
    match part {
        Part::Slots => (key == PageKey::slots(page)).then_some(Form::Slots),
        Part::Entities => {
            kinds.filter(|_| key == PageKey::entities(archetype, page)).map(|_| Form::Entities)
        }
        Part::Values => match declared()? {
            kind if kind.storage == Storage::Dynamic => Some(Form::Dynamic),
            kind => (kind.size > 0).then_some(Form::Packed(kind.size)),
        },
        Part::Changed | Part::Added => declared().map(|_| Form::Stamps),
    }
}

fn read_pages(
    connection: &Connection,
    world: &World,
    shapes: &Shapes,
    findings: &mut Findings,
) -> Fallible<(Pages, Index)> {
    let rows_max = |part| match part {
        Part::Slots => world.entities.slots().rows_per_page(),
        _ => world.rows_per_page(),
    };
    let mut pages = Pages::new();
    let mut stored: FxHashMap<PageKey, Stored> = FxHashMap::default();
    let mut whole_since: FxHashMap<PageKey, i64> = FxHashMap::default();
    let mut last = 0;
    let select = "SELECT id, part, archetype, kind, page, since, data FROM st_chunks";
    findings.each(connection, select, [], |_, row| {
        let part: i64 = row.get(1)?;
        let Some(part) = part_of(part) else {
            return damage(format!("a page is of part {part}"));
        };
        let (archetype, kind) = (ArchetypeId(row.get(2)?), KindId(row.get(3)?));
        let key = PageKey { part, archetype, kind, page: row.get(4)? };
        let Some(form) = form_of(key, world, shapes) else {
            return damage(format!("it has a page of nothing: {key:?}"));
        };
        let since: i64 = row.get(5)?;
        last = last.max(since);
        let data = row.get_ref(6)?.as_blob().map_err(broken)?;
        pages.insert(key, Read::whole(form, data, rows_max(part))?);
        whole_since.insert(key, since);
        let row = row.get(0)?;
        stored.insert(key, Stored { row, patched_since: 0, patched_bytes: 0 });
        Ok(())
    })?;
    findings.each(
        connection,
        "SELECT seq, data FROM st_patches ORDER BY seq",
        [],
        |findings, row| {
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
                if findings.whole(page.patch(&patch, rows_max(key.part)))?.is_none() {
                    pages.remove(&key);
                    continue;
                }
                stored.patched_bytes += patch.bytes();
                if stored.patched_since == 0 {
                    stored.patched_since = seq;
                }
            }
            Ok(())
        },
    )?;
    if !(0..i64::MAX / 2).contains(&last) {
        let what = format!("its patches have come to number {last}");
        findings.note(Failure::Damage(what))?;
    }
    Ok((pages, Index::restore(stored, last)))
}
