//! From pages to the rows of archetypes, and to who is alive.
//!
//! Every page but the last of an array is full, every row has a value that its
//! kind allows in each column, each entity that has a row is where its slot says
//! and no other is alive, and there is no page too much. Where
//! damage is no error, rows that are not whole are left out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use sandtable_world::ecs::{
    ArchetypeId, Column, Entities, Entity, Kind, PageKey, Paged, Part, Registry, Slot, Stamp,
    Values, World,
};

use super::super::encode::Read;
use super::super::error::{Failure, Fallible, damage};
use super::super::findings::Findings;
use super::checks::{check_packed, check_value};
use super::shape::{Pages, Shape, Shapes, TRACKED_ADDED, TRACKED_CHANGED};

/// Puts the pages into a world. There were so many findings before the first of
/// them was read.
pub(super) fn restore(
    world: &mut World,
    mut pages: Pages,
    shapes: &Shapes,
    first_free: i64,
    before: u64,
    findings: &mut Findings,
) -> Fallible<()> {
    let slots_per_page = world.entities.slots().rows_per_page();
    let mut slots = take_slots(&mut pages, slots_per_page, findings)?;
    let known = slots.len();
    // The last page of them may be what was lost.
    slots.resize(known + slots_per_page, UNKNOWN);
    let mut rows = RowRestorer {
        registry: world.registry.clone(),
        rows_per_page: world.rows_per_page(),
        tick: world.tick(),
        slots: &slots,
        claimed: BTreeSet::new(),
        pages,
        findings,
    };
    for (number, shape) in shapes {
        let (entities, columns) = rows.take(ArchetypeId(*number), shape)?;
        world.restore_archetype(entities, columns);
    }
    for key in rows.pages.keys() {
        rows.findings.note(Failure::Damage(format!("it has a page too much: {key:?}")))?;
    }
    let lost = rows.claimed.len();
    if lost > 0 {
        let what = format!("the places of {lost} of its entities are lost");
        findings.note(Failure::Damage(what))?;
    } else {
        slots.truncate(known);
    }
    restore_entities(world, &slots, first_free, before, findings)
}

/// What a slot is while nothing is known of it: none was ever issued.
const UNKNOWN: Slot = Slot { generation: 0, archetype: ArchetypeId(u32::MAX), row: u32::MAX };

/// Takes the slots of entities; where a page of them is not whole they are
/// unknown.
fn take_slots(pages: &mut Pages, per_page: usize, findings: &mut Findings) -> Fallible<Vec<Slot>> {
    let keys: Vec<PageKey> = pages.keys().copied().filter(|key| key.part == Part::Slots).collect();
    let mut slots: Vec<Slot> = Vec::new();
    // A page far behind all others is not theirs: what is missing is no longer
    // than what is there.
    for key in keys.iter().filter(|key| key.page as usize <= 2 * keys.len()) {
        let start = key.page as usize * per_page;
        if slots.len() != start {
            let missing = slots.len() / per_page;
            let what = format!("page {missing} of the places of its entities is not whole");
            findings.note(Failure::Damage(what))?;
            slots.resize(start, UNKNOWN);
        }
        match pages.remove(key) {
            Some(Read::Slots(items)) => slots.extend(items),
            _ => return misformed(),
        }
    }
    Ok(slots)
}

fn is_issued(generation: u32) -> bool {
    (1..Entity::SPAWNED_IN_CALL).contains(&generation)
}

fn misformed<T>() -> Fallible<T> {
    damage("a page has another form than its column")
}

/// Puts the allocator of entities back. Where something is lost it is made anew,
/// of the entities that have rows.
fn restore_entities(
    world: &mut World,
    slots: &[Slot],
    first_free: i64,
    before: u64,
    findings: &mut Findings,
) -> Fallible<()> {
    let rows: usize = world.archetypes().iter().map(|archetype| archetype.len()).sum();
    let issued = slots.iter().all(|slot| is_issued(slot.generation));
    let restored = match u32::try_from(first_free) {
        Ok(first_free) if issued && findings.count() == before => {
            Entities::restore(slots, first_free)
        }
        _ => None,
    };
    let sound = match restored {
        Some(entities) if entities.alive() as usize == rows => Ok(entities),
        Some(entities) => {
            damage(format!("{} entities are alive, and {rows} have rows", entities.alive()))
        }
        None => damage("its free entities contradict each other"),
    };
    world.entities = match findings.whole(sound)? {
        Some(entities) => entities,
        None => Entities::mended(slots, world.archetypes()),
    };
    Ok(())
}

/// Takes the rows of archetypes out of pages.
struct RowRestorer<'a> {
    registry: Arc<Registry>,
    rows_per_page: usize,
    tick: u64,
    slots: &'a [Slot],
    /// Indices of entities that have a row, where their place is unknown.
    claimed: BTreeSet<u32>,
    pages: Pages,
    findings: &'a mut Findings,
}

/// A page of a column.
struct Piece {
    /// Nothing where values have no bytes.
    values: Option<Read>,
    changed: Option<Vec<Stamp>>,
    added: Option<Vec<Stamp>>,
}

impl RowRestorer<'_> {
    fn take(
        &mut self,
        archetype: ArchetypeId,
        shape: &Shape,
    ) -> Fallible<(Paged<Entity>, Vec<Column>)> {
        let mut entities: Paged<Entity> = Paged::new(1, self.rows_per_page);
        let stamps = |kept: bool| kept.then(|| Paged::new(1, self.rows_per_page));
        let empty = |(kind, tracked): (_, &u8)| Column {
            kind,
            values: Values::new(self.registry.get(kind), self.rows_per_page),
            changed: stamps(tracked & TRACKED_CHANGED > 0),
            added: stamps(tracked & TRACKED_ADDED > 0),
        };
        let mut columns: Vec<Column> =
            shape.kinds.iter().copied().zip(&shape.tracked).map(empty).collect();
        let key = |page| PageKey::entities(archetype, page);
        let found: Vec<PageKey> =
            self.pages.range(key(0)..=key(u32::MAX)).map(|(key, _)| *key).collect();
        let mut rows = 0;
        for key in found {
            let start = key.page as usize * self.rows_per_page;
            if start != rows {
                let what = format!("page {} comes after one that is not full", key.page);
                self.findings.note(Failure::Damage(what))?;
            }
            let Some(Read::Entities(page)) = self.pages.remove(&key) else { return misformed() };
            rows = start + page.len();
            let mut keep = Vec::with_capacity(page.len());
            for (row, entity) in (start..).zip(&page) {
                let place = self.place(*entity, archetype, row);
                keep.push(self.findings.whole(place)?.is_some());
            }
            let mut pieces = Vec::with_capacity(columns.len());
            for column in &columns {
                if shape.omitted.contains(&column.kind.0) {
                    continue;
                }
                let piece = self.piece(key, column, &mut keep);
                pieces.push(self.findings.whole(piece)?);
            }
            let Some(pieces) = pieces.into_iter().collect::<Option<Vec<Piece>>>() else { continue };
            entities.extend(&kept(&page, 1, &keep));
            let there = columns.iter_mut().filter(|it| !shape.omitted.contains(&it.kind.0));
            for (column, piece) in there.zip(pieces) {
                append(column, &piece, &keep)?;
            }
        }
        for column in columns.iter_mut().filter(|it| shape.omitted.contains(&it.kind.0)) {
            *column = column.blank(entities.len());
        }
        Ok((entities, columns))
    }

    /// Checks that an entity's row is where its place says.
    fn place(&mut self, entity: Entity, archetype: ArchetypeId, row: usize) -> Fallible<()> {
        let slot = self.slots.get(entity.index() as usize);
        let is_here = slot.is_some_and(|slot| match *slot {
            UNKNOWN => is_issued(entity.generation()) && self.claimed.insert(entity.index()),
            slot => {
                (slot.generation, slot.archetype, slot.row as usize)
                    == (entity.generation(), archetype, row)
            }
        });
        if is_here { Ok(()) } else { damage(format!("entity {entity} is not where it should be")) }
    }

    /// Takes what a column has for a page of entities; rows whose value is not
    /// one of its kind are not kept.
    fn piece(&mut self, of: PageKey, column: &Column, keep: &mut [bool]) -> Fallible<Piece> {
        let kind = self.registry.get(column.kind).clone();
        let key = |part| PageKey { part, kind: column.kind, ..of };
        let mut take =
            |part| self.pages.remove(&key(part)).filter(|read| read.rows() == keep.len());
        let (values, changed, added) = (take(Part::Values), take(Part::Changed), take(Part::Added));
        let mut stamps = |kept: bool, read: Option<Read>| -> Fallible<Option<Vec<Stamp>>> {
            match (kept, read) {
                (false, None) => Ok(None),
                (true, Some(Read::Stamps(items))) => Ok(Some(items)),
                _ => {
                    let what = format!("when page {} of `{}` changed is lost", of.page, kind.name);
                    self.findings.note(Failure::Damage(what))?;
                    Ok(kept.then(|| vec![Stamp::commands(self.tick); keep.len()]))
                }
            }
        };
        let changed = stamps(column.changed.is_some(), changed)?;
        let added = stamps(column.added.is_some(), added)?;
        match &values {
            Some(values) => self.check(&kind, values, keep)?,
            None if matches!(&column.values, Values::Packed(rows) if rows.width() == 0) => {}
            None => {
                return damage(format!(
                    "a column of `{}` is shorter than its archetype: page {} is lost with the \
                     entities that are in it",
                    kind.name, of.page
                ));
            }
        }
        Ok(Piece { values, changed, added })
    }

    fn check(&mut self, kind: &Kind, values: &Read, keep: &mut [bool]) -> Fallible<()> {
        let mut check = |row: usize, checked: Fallible<()>| -> Fallible<()> {
            keep[row] &= self.findings.whole(checked)?.is_some();
            Ok(())
        };
        match values {
            Read::Packed(bytes, width) if check_packed(kind, bytes).is_err() => bytes
                .chunks_exact(*width)
                .enumerate()
                .try_for_each(|(row, value)| check(row, check_packed(kind, value))),
            Read::Packed(..) => Ok(()),
            Read::Dynamic(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(row, value)| check(row, check_value(kind, value))),
            _ => misformed(),
        }
    }
}

/// Appends the rows of a page that are kept.
fn append(column: &mut Column, piece: &Piece, keep: &[bool]) -> Fallible<()> {
    match (&mut column.values, &piece.values) {
        (Values::Packed(into), Some(Read::Packed(bytes, width))) => {
            into.extend(&kept(bytes, *width, keep));
        }
        (Values::Dynamic(into), Some(Read::Dynamic(items))) => into.extend(&kept(items, 1, keep)),
        (Values::Packed(into), None) => into.grow(keep.iter().filter(|keep| **keep).count(), &[]),
        _ => return misformed(),
    }
    let stamps = [(&mut column.changed, &piece.changed), (&mut column.added, &piece.added)];
    for (into, from) in stamps {
        if let (Some(into), Some(from)) = (into, from) {
            into.extend(&kept(from, 1, keep));
        }
    }
    Ok(())
}

/// Those of some rows that are kept.
fn kept<'a, T: Clone>(items: &'a [T], width: usize, keep: &[bool]) -> Cow<'a, [T]> {
    if keep.iter().all(|keep| *keep) {
        return Cow::Borrowed(items);
    }
    let rows = items.chunks_exact(width).zip(keep).filter(|(_, keep)| **keep);
    rows.flat_map(|(row, _)| row.iter().cloned()).collect()
}
