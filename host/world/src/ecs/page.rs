//! Pages by name: what of a world lies in them, and which of them differ between
//! two worlds.
//!
//! Whatever a world holds row by row lies in pages, each with a [`PageKey`].
//! Clones share pages and a write puts another in the place of one, so a page
//! that changed is a page at another address. [`World::changed_pages`] compares
//! addresses and looks at no row: it costs a comparison a page in archetypes
//! that changed, and one for each archetype that did not. The save, history, the
//! state hash and whatever ships a world elsewhere ask here.
//!
//! Deliberately absent: what has no pages. Edges differ by
//! [`Relations::diff`](super::Relations::diff); resources, systems, mods and
//! tables are few and compared one by one; events have blocks of their own.

mod rows;

use std::iter;
use std::sync::Arc;

use super::{
    Archetype, ArchetypeId, Bytes, Column, Entity, KindId, Paged, Slot, Stamp, Values, World,
};

/// What a page is a page of. Saves know parts by these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Where the row of each entity is, by the entity's index.
    Slots = 0,
    /// The entity of each row of an archetype.
    Entities = 1,
    /// The values of a column.
    Values = 2,
    /// When the value of each row of a column last changed.
    Changed = 3,
    /// When each row of a column got its component.
    Added = 4,
}

impl Part {
    /// Every part, by number.
    pub const ALL: [Part; 5] =
        [Part::Slots, Part::Entities, Part::Values, Part::Changed, Part::Added];
}

/// Names one page of a world, and the same one for as long as the save of the
/// world is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageKey {
    /// What it is a page of.
    pub part: Part,
    /// Of which archetype; zero for slots.
    pub archetype: ArchetypeId,
    /// Of which kind's column; zero for slots and entities.
    pub kind: KindId,
    /// Its place among the pages of that part.
    pub page: u32,
}

impl PageKey {
    /// A page of the slots of entities.
    pub const fn slots(page: u32) -> Self {
        Self { part: Part::Slots, archetype: ArchetypeId(0), kind: KindId(0), page }
    }

    /// A page of the entities of an archetype.
    pub const fn entities(archetype: ArchetypeId, page: u32) -> Self {
        Self { part: Part::Entities, archetype, kind: KindId(0), page }
    }

    /// A page of the values of a column.
    pub const fn values(archetype: ArchetypeId, kind: KindId, page: u32) -> Self {
        Self { part: Part::Values, archetype, kind, page }
    }

    /// The page at another place of the same part.
    pub const fn at(self, page: u32) -> Self {
        Self { page, ..self }
    }
}

/// The rows of one page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Page<'a> {
    /// Of the slots of entities.
    Slots(&'a [Slot]),
    /// Of the entities of an archetype.
    Entities(&'a [Entity]),
    /// Of values of a fixed size, with the bytes that a row has; never zero.
    Packed(&'a [u8], usize),
    /// Of values that are a MessagePack value each.
    Dynamic(&'a [Bytes]),
    /// Of stamps.
    Stamps(&'a [Stamp]),
}

impl<'a> Page<'a> {
    /// How many rows it has.
    pub fn rows(self) -> usize {
        match self {
            Page::Slots(items) => items.len(),
            Page::Entities(items) => items.len(),
            Page::Packed(bytes, width) => bytes.len() / width,
            Page::Dynamic(items) => items.len(),
            Page::Stamps(items) => items.len(),
        }
    }

    /// A page of the same form without rows.
    pub fn emptied(self) -> Page<'a> {
        match self {
            Page::Slots(_) => Page::Slots(&[]),
            Page::Entities(_) => Page::Entities(&[]),
            Page::Packed(_, width) => Page::Packed(&[], width),
            Page::Dynamic(_) => Page::Dynamic(&[]),
            Page::Stamps(_) => Page::Stamps(&[]),
        }
    }
}

/// A page that differs between two worlds, or that one of them lacks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangedPage<'a> {
    /// Which page.
    pub key: PageKey,
    /// Its rows in the earlier world. Nothing where that has no such page, and
    /// where its rows have another form, since a kind was declared anew: then no
    /// row of one can be held against a row of the other.
    pub before: Option<Page<'a>>,
    /// Its rows in the later world; nothing where the page is gone.
    pub now: Option<Page<'a>>,
}

/// All pages of one part: of the slots, of the entities of an archetype, or of
/// the values or stamps of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Array<'a> {
    Slots(&'a Paged<Slot>),
    Entities(&'a Paged<Entity>),
    Packed(&'a Paged<u8>),
    Dynamic(&'a Paged<Bytes>),
    Stamps(&'a Paged<Stamp>),
}

macro_rules! with_rows {
    ($array:expr, $rows:ident => $what:expr) => {
        match $array {
            Array::Slots($rows) => $what,
            Array::Entities($rows) => $what,
            Array::Packed($rows) => $what,
            Array::Dynamic($rows) => $what,
            Array::Stamps($rows) => $what,
        }
    };
}

impl<'a> Array<'a> {
    /// How many rows there are, in pages or without bytes.
    pub(crate) fn rows(self) -> usize {
        with_rows!(self, rows => rows.len())
    }

    /// Rows in a full page.
    pub(crate) fn rows_per_page(self) -> usize {
        with_rows!(self, rows => rows.rows_per_page())
    }

    /// How many pages there are: none where rows have no bytes.
    pub(crate) fn page_count(self) -> usize {
        with_rows!(self, rows => rows.pages().len())
    }

    /// The rows of one page.
    fn page(self, at: usize) -> Option<Page<'a>> {
        Some(match self {
            Array::Slots(rows) => Page::Slots(rows.pages().get(at)?),
            Array::Entities(rows) => Page::Entities(rows.pages().get(at)?),
            Array::Packed(rows) => Page::Packed(rows.pages().get(at)?, rows.width()),
            Array::Dynamic(rows) => Page::Dynamic(rows.pages().get(at)?),
            Array::Stamps(rows) => Page::Stamps(rows.pages().get(at)?),
        })
    }

    /// Where a page lies in memory. While both are there, two pages at one
    /// address are one page.
    fn address(self, at: usize) -> Option<*const ()> {
        with_rows!(self, rows => rows.pages().get(at).map(|page| Arc::as_ptr(page).cast::<()>()))
    }

    /// Whether rows of one mean what rows of the other mean.
    fn has_form_of(self, other: Self) -> bool {
        let same_variant = std::mem::discriminant(&self) == std::mem::discriminant(&other);
        let width = |array: Self| with_rows!(array, rows => rows.width());
        same_variant && width(self) == width(other) && self.rows_per_page() == other.rows_per_page()
    }
}

/// One array of two worlds, at least one of which has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrayPair<'a> {
    /// The key of its first page.
    pub first: PageKey,
    pub before: Option<Array<'a>>,
    pub now: Option<Array<'a>>,
}

impl<'a> ArrayPair<'a> {
    /// The places of pages that are not one page in both, ascending.
    pub(crate) fn changed(self) -> impl Iterator<Item = usize> + use<'a> {
        let comparable = self.comparable();
        let count = |array: Option<Array<'_>>| array.map_or(0, Array::page_count);
        (0..count(self.before).max(count(self.now))).filter(move |&at| {
            let now = self.now.and_then(|now| now.address(at));
            now.is_none() || comparable.and_then(|before| before.address(at)) != now
        })
    }

    /// The earlier array, if rows of both can be held against each other.
    fn comparable(self) -> Option<Array<'a>> {
        self.before.filter(|before| self.now.is_none_or(|now| before.has_form_of(now)))
    }

    fn changed_pages(self) -> impl Iterator<Item = ChangedPage<'a>> {
        let comparable = self.comparable();
        self.changed().map(move |at| {
            let page = |array: Option<Array<'a>>| array.and_then(|array| array.page(at));
            let now = page(self.now);
            // What is gone is given as it was, whatever its form.
            let before = if now.is_none() { page(self.before) } else { page(comparable) };
            ChangedPage { key: self.first.at(at as u32), before, now }
        })
    }
}

impl World {
    /// Every page: first those of slots, then archetype by archetype those of
    /// entities and, column by column, of values and stamps.
    pub fn pages(&self) -> impl Iterator<Item = (PageKey, Page<'_>)> {
        self.arrays().flat_map(|(first, array)| {
            (0..array.page_count())
                .filter_map(move |at| Some((first.at(at as u32), array.page(at)?)))
        })
    }

    /// The page with this key, if there is one.
    pub fn page(&self, key: PageKey) -> Option<Page<'_>> {
        let array = match key.part {
            Part::Slots => Array::Slots(self.entities.slots()),
            _ => array_of(self.archetypes().get(key.archetype.0 as usize)?, key)?,
        };
        array.page(key.page as usize)
    }

    /// The pages that are not the same as in an earlier world, and the pages that
    /// only one of the two has, in the order of [`World::pages`]; pages that are
    /// gone come last of their part, and parts that are gone last of their
    /// archetype. Two worlds that share nothing differ in all pages, whatever is
    /// in them: a page that was written over with what it held counts as changed.
    pub fn changed_pages<'a>(&'a self, before: &'a World) -> impl Iterator<Item = ChangedPage<'a>> {
        self.changed_arrays(before).flat_map(ArrayPair::changed_pages)
    }

    /// Every array with the key of its first page, in the order of
    /// [`World::pages`].
    pub(crate) fn arrays(&self) -> impl Iterator<Item = (PageKey, Array<'_>)> {
        let slots = (PageKey::slots(0), Array::Slots(self.entities.slots()));
        let archetypes = (0..).map(ArchetypeId).zip(self.archetypes());
        iter::once(slots).chain(archetypes.flat_map(|(id, archetype)| arrays_of(id, archetype)))
    }

    /// The arrays of which pages may not be the same as in an earlier world.
    pub(crate) fn changed_arrays<'a>(
        &'a self,
        before: &'a World,
    ) -> impl Iterator<Item = ArrayPair<'a>> {
        let slots = ArrayPair {
            first: PageKey::slots(0),
            before: Some(Array::Slots(before.entities.slots())),
            now: Some(Array::Slots(self.entities.slots())),
        };
        let (old, new) = (before.archetypes(), self.archetypes());
        let archetypes = (0..old.len().max(new.len())).filter_map(move |at| {
            let pair = (old.get(at).map(|old| &**old), new.get(at).map(|new| &**new));
            match pair {
                (Some(old), Some(new)) if std::ptr::eq(old, new) => None,
                pair => Some((ArchetypeId(at as u32), pair)),
            }
        });
        let of_archetypes =
            archetypes.flat_map(|(id, (before, now))| changed_arrays_of(id, before, now));
        iter::once(slots).chain(of_archetypes)
    }
}

/// The arrays of an archetype of two worlds, at least one of which has it.
fn changed_arrays_of<'a>(
    id: ArchetypeId,
    before: Option<&'a Archetype>,
    now: Option<&'a Archetype>,
) -> impl Iterator<Item = ArrayPair<'a>> {
    let all = |archetype: Option<&'a Archetype>| {
        archetype.into_iter().flat_map(move |archetype| arrays_of(id, archetype))
    };
    let find = |archetype: Option<&'a Archetype>, first| array_of(archetype?, first);
    let there = all(now).map(move |(first, array)| {
        let before = find(before, first);
        ArrayPair { first, before, now: Some(array) }
    });
    let gone = all(before).filter_map(move |(first, array)| {
        let is_gone = find(now, first).is_none();
        is_gone.then_some(ArrayPair { first, before: Some(array), now: None })
    });
    there.chain(gone)
}

/// The arrays of an archetype, each with the key of its first page.
fn arrays_of(id: ArchetypeId, archetype: &Archetype) -> impl Iterator<Item = (PageKey, Array<'_>)> {
    let entities = (PageKey::entities(id, 0), Array::Entities(archetype.entities()));
    let columns = archetype.columns().iter().flat_map(move |column| {
        let first = move |part| PageKey { part, ..PageKey::values(id, column.kind, 0) };
        [Part::Values, Part::Changed, Part::Added]
            .into_iter()
            .filter_map(move |part| Some((first(part), array_of_column(column, part)?)))
    });
    iter::once(entities).chain(columns)
}

/// The array of an archetype that a page with this key is in.
fn array_of(archetype: &Archetype, key: PageKey) -> Option<Array<'_>> {
    match key.part {
        Part::Slots => None,
        Part::Entities => Some(Array::Entities(archetype.entities())),
        part => array_of_column(archetype.column(key.kind)?, part),
    }
}

fn array_of_column(column: &Column, part: Part) -> Option<Array<'_>> {
    match part {
        Part::Slots | Part::Entities => None,
        Part::Values => Some(match &column.values {
            Values::Packed(rows) => Array::Packed(rows),
            Values::Dynamic(rows) => Array::Dynamic(rows),
        }),
        Part::Changed => column.changed.as_ref().map(Array::Stamps),
        Part::Added => column.added.as_ref().map(Array::Stamps),
    }
}

#[cfg(test)]
mod tests;
