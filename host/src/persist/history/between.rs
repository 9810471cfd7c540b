//! What differs between two worlds of one save.
//!
//! Rows move when others go, so values are compared by entity. Pages at the same
//! address are passed over: between the worlds before and after a step only the
//! rows that its blocks touch are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ecs::{ArchetypeId, Column, Entity, KindId, Paged, Slot, Values, World};

use super::change::{Action, Change, Filter, Origin, Value, sort};

/// What differs, in the order in which it is told. Kinds that are not kept are
/// left out.
pub(crate) fn between(
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
            comparison.slots();
            comparison.columns();
            comparison.resources();
        }
    }
    comparison.edges();
    let mut changes = comparison.changes;
    sort(&mut changes);
    changes
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
            Some(Value { kind: kind.clone(), bytes: bytes?.into() })
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

    /// Whoever came, went, or has another row than before.
    fn slots(&mut self) {
        let (old, new) = (self.before.entities.slots(), self.after.entities.slots());
        let pages = old.pages().len().max(new.pages().len());
        for at in 0..pages {
            let (old_page, new_page) = (old.pages().get(at), new.pages().get(at));
            if let (Some(old), Some(new)) = (old_page, new_page)
                && Arc::ptr_eq(old, new)
            {
                continue;
            }
            let page = |page: Option<&Arc<Vec<Slot>>>, row: usize| {
                page.and_then(|page| page.get(row).copied())
            };
            let rows = [old_page, new_page].into_iter().flatten().map(|page| page.len()).max();
            for row in 0..rows.unwrap_or_default() {
                let (old_slot, new_slot) = (page(old_page, row), page(new_page, row));
                if old_slot == new_slot {
                    continue;
                }
                let index = (at * old.rows_per_page() + row) as u32;
                let entity =
                    |slot: Option<Slot>| slot.map(|slot| Entity::new(index, slot.generation));
                let (gone, come) = (entity(old_slot), entity(new_slot));
                gone.into_iter().for_each(|entity| self.entity(entity));
                come.filter(|_| come != gone).into_iter().for_each(|entity| self.entity(entity));
            }
        }
    }

    /// Whoever has the same row as before.
    fn columns(&mut self) {
        let (before, after) = (self.before, self.after);
        for (id, (old, new)) in (0..).zip(before.archetypes().iter().zip(after.archetypes())) {
            if Arc::ptr_eq(old, new) {
                continue;
            }
            for column in new.columns() {
                if let Some(earlier) = old.column(column.kind)
                    && self.wants(column.kind)
                {
                    self.column(ArchetypeId(id), earlier, column);
                }
            }
        }
    }

    fn column(&mut self, id: ArchetypeId, old: &Column, new: &Column) {
        let archetype = self.after.archetype(id);
        let is_anew = self.is_anew(new.kind);
        for row in rows_apart(&old.values, &new.values) {
            let values = (old.values.row(row), new.values.row(row));
            let entity = archetype.entities().row(row)[0];
            if (is_anew || values.0 != values.1)
                && self.before.entities.locate(entity) == Some((id, row))
            {
                self.value(Some(entity), new.kind, Some(values.0), Some(values.1));
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

/// Rows that both columns have, on pages that are not at the same address.
fn rows_apart(old: &Values, new: &Values) -> Vec<usize> {
    fn apart<T>(old: &Paged<T>, new: &Paged<T>) -> Vec<usize>
    where
        T: Clone,
    {
        let pages = old.pages().iter().zip(new.pages()).enumerate();
        let apart = pages.filter(|(_, (old, new))| !Arc::ptr_eq(old, new));
        let (both, rows) = (old.len().min(new.len()), new.rows_per_page());
        apart.flat_map(|(at, _)| at * rows..((at + 1) * rows).min(both)).collect()
    }
    match (old, new) {
        (Values::Packed(old), Values::Packed(new)) => apart(old, new),
        (Values::Dynamic(old), Values::Dynamic(new)) => apart(old, new),
        // Declared anew: all of them.
        _ => (0..old.len().min(new.len())).collect(),
    }
}
