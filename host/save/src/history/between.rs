//! What differs between two worlds of one save.
//!
//! Rows move when others go, so values are compared by entity. Pages at the same
//! address are passed over: between the worlds before and after a step only the
//! rows that its blocks touch are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sandtable_world::ecs::{
    ChangedPage, Entities, Entity, KindId, Page, PageKey, Part, Slot, Values, World,
};

use super::change::{Action, Change, Filter, Origin, PastValue, StepKind, sort};

/// What differs, in the order of [`sort`]. Kinds that are not kept are
/// left out.
pub fn between(
    before: &World,
    after: &World,
    omitted: &BTreeSet<u32>,
    filter: &Filter,
    origin: &Origin,
) -> Vec<Change> {
    let mut comparison = Comparison { before, after, omitted, filter, origin, changes: Vec::new() };
    match filter.entity {
        Some(entity) => comparison.entity(entity),
        None => {
            comparison.pages();
            comparison.resources();
        }
    }
    comparison.edges();
    let mut changes = comparison.changes;
    sort(&mut changes);
    changes
}

/// What differs between an earlier world and a later one of the same course: of all, or
/// of one entity. No system is known for any of it.
pub fn differences(before: &World, after: &World, entity: Option<Entity>) -> Vec<Change> {
    let filter = Filter { entity, both_ends: entity.is_some(), ..Filter::default() };
    let origin = Origin::of(after.tick(), StepKind::Ticks);
    between(before, after, &BTreeSet::new(), &filter, &origin)
}

struct Comparison<'a> {
    before: &'a World,
    after: &'a World,
    omitted: &'a BTreeSet<u32>,
    filter: &'a Filter,
    origin: &'a Origin,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn wants(&self, kind: KindId) -> bool {
        self.filter.wants_kind(kind) && !self.omitted.contains(&kind.0)
    }

    fn push(
        &mut self,
        action: Action,
        (entity, target): (Option<Entity>, Option<Entity>),
        kind: Option<KindId>,
        (old, new): (Option<&[u8]>, Option<&[u8]>),
    ) {
        let value = |world: &World, bytes: Option<&[u8]>| {
            let kind = world.registry.known(kind?)?;
            Some(PastValue { kind: kind.clone(), bytes: bytes?.into() })
        };
        let (old, new) = (value(self.before, old), value(self.after, new));
        let kind = new.as_ref().or(old.as_ref()).map(|value| value.kind.clone());
        let origin = self.origin.clone();
        self.changes.push(Change { origin, action, entity, target, kind, old, new });
    }

    /// One value of an entity, or of the world.
    fn value(
        &mut self,
        entity: Option<Entity>,
        kind: KindId,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) {
        let action = match (old, new) {
            (None, None) => return,
            (None, Some(_)) => Action::Inserted,
            (Some(_), None) => Action::Removed,
            (Some(old), Some(new)) if old != new || self.is_anew(kind) => Action::Changed,
            _ => return,
        };
        self.push(action, (entity, None), Some(kind), (old, new));
    }

    /// Whether a kind was declared anew in between.
    fn is_anew(&self, kind: KindId) -> bool {
        let (before, after) = (&self.before.registry, &self.after.registry);
        !Arc::ptr_eq(before, after) && before.known(kind) != after.known(kind)
    }

    /// All of one entity, wherever its row is.
    fn entity(&mut self, entity: Entity) {
        let (before, after) = (self.before, self.after);
        let kinds = |world: &World| {
            let (archetype, _) = world.entities.locate(entity)?;
            Some(world.archetypes().get(archetype.0 as usize)?.kinds().to_vec())
        };
        let (old, new) = (kinds(before), kinds(after));
        if self.filter.kind.is_none() && old.is_some() != new.is_some() {
            let action = if new.is_some() { Action::Spawned } else { Action::Despawned };
            self.push(action, (Some(entity), None), None, (None, None));
        }
        let all: BTreeSet<KindId> = old.into_iter().chain(new).flatten().collect();
        for kind in all {
            if self.wants(kind) {
                let (old, new) = (before.component(entity, kind), after.component(entity, kind));
                self.value(Some(entity), kind, old, new);
            }
        }
    }

    /// Everything that is in pages. Nothing but pages that are not the same in
    /// both worlds is looked at.
    fn pages(&mut self) {
        let (before, after) = (self.before, self.after);
        for page in after.changed_pages(before) {
            match page.key.part {
                Part::Slots => self.slots(&page),
                Part::Values if self.wants(page.key.kind) => self.values(page.key),
                _ => {}
            }
        }
    }

    /// Entities that came, went, or have another row than before.
    fn slots(&mut self, page: &ChangedPage<'_>) {
        let slots = |page| match page {
            Some(Page::Slots(slots)) => slots,
            _ => &[],
        };
        let (old, new) = (slots(page.before), slots(page.now));
        for row in 0..old.len().max(new.len()) {
            if old.get(row) == new.get(row) {
                continue;
            }
            let index = page.key.page as usize * Entities::SLOTS_PER_PAGE + row;
            let entity = |slot: &Slot| Entity::new(index as u32, slot.generation);
            let (gone, come) = (old.get(row).map(entity), new.get(row).map(entity));
            gone.into_iter().for_each(|entity| self.entity(entity));
            come.filter(|_| come != gone).into_iter().for_each(|entity| self.entity(entity));
        }
    }

    /// Values of entities that have the same row as before.
    fn values(&mut self, page: PageKey) {
        let (before, after) = (self.before, self.after);
        let (Some(old), Some(new)) = (column(before, page), column(after, page)) else { return };
        let entities = after.archetype(page.archetype).entities();
        let is_anew = self.is_anew(page.kind);
        let rows_per_page = entities.rows_per_page();
        let first = page.page as usize * rows_per_page;
        for row in first..(first + rows_per_page).min(old.len()).min(new.len()) {
            let (was, is) = (old.row(row), new.row(row));
            let entity = entities.row(row)[0];
            if (is_anew || was != is)
                && before.entities.locate(entity) == Some((page.archetype, row))
            {
                self.value(Some(entity), page.kind, Some(was), Some(is));
            }
        }
    }

    fn resources(&mut self) {
        let (old, new) = (&self.before.resources, &self.after.resources);
        if Arc::ptr_eq(old, new) {
            return;
        }
        let all: BTreeSet<KindId> = old.keys().chain(new.keys()).copied().collect();
        for kind in all {
            if self.filter.wants_kind(kind) {
                let (old, new) = (old.get(&kind), new.get(&kind));
                self.value(None, kind, old.map(|value| &**value), new.map(|value| &**value));
            }
        }
    }

    fn edges(&mut self) {
        let (before, after) = (self.before, self.after);
        let differ: BTreeMap<_, _> = after.relations.diff(&before.relations).collect();
        for ((kind, from, to), new) in differ {
            if !self.filter.wants_kind(kind) || !self.filter.wants_edge(from, to) {
                continue;
            }
            let old = before.relations.get(kind, from, to);
            let action = match (old, new) {
                (_, None) => Action::Unrelated,
                (None, _) => Action::Related,
                _ => Action::Changed,
            };
            let (old, new) = (old.map(|data| &**data), new.map(|data| &**data));
            self.push(action, (Some(from), Some(to)), Some(kind), (old, new));
        }
    }
}

/// The column that a page is of.
fn column(world: &World, page: PageKey) -> Option<&Values> {
    let archetype = world.archetypes().get(page.archetype.0 as usize)?;
    archetype.column(page.kind).map(|column| &column.values)
}
