//! Entities: who is alive, and where their components are.
//!
//! Invariants: a generation is issued once for an index, and never zero or the
//! greatest; an index whose generations are used up is retired; free indices
//! form a chain through their slots, so the next index to be issued is part of
//! the state and the same on every machine.

use std::sync::Arc;

use super::{Archetype, ArchetypeId, Entity, Paged};

/// What is known of one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The last generation issued.
    pub generation: u32,
    /// Where a living entity's row is; `FREE` when the index is free.
    pub archetype: ArchetypeId,
    /// The row in that archetype, or the next free index.
    pub row: u32,
}

const FREE: ArchetypeId = ArchetypeId(u32::MAX);
const NONE: u32 = u32::MAX;

/// The allocator of entities and the index from an entity to its row.
#[derive(Clone, Debug)]
pub struct Entities {
    slots: Paged<Slot>,
    first_free: u32,
    alive: u32,
}

impl Entities {
    /// Slots in a page of the table of entities.
    pub const SLOTS_PER_PAGE: usize = 1024;
    /// How many can be alive at once: each has an index of 32 bits, and one
    /// index marks the end of the chain of free ones.
    pub const ALIVE_MAX: u32 = NONE;
    /// The archetype of slots whose index is free.
    pub const FREE: ArchetypeId = FREE;

    /// No entities yet.
    pub fn new() -> Self {
        Self { slots: Paged::new(1, Self::SLOTS_PER_PAGE), first_free: NONE, alive: 0 }
    }

    /// Puts an allocator back together from what [`Entities::slots`] and
    /// [`Entities::first_free`] gave. Fails when they contradict each other.
    pub fn restore(slots: &[Slot], first_free: u32) -> Option<Self> {
        let mut paged = Paged::new(1, Self::SLOTS_PER_PAGE);
        paged.extend(slots);
        let alive = slots.iter().filter(|slot| slot.archetype != FREE).count() as u32;
        let mut seen = 0;
        let mut next = first_free;
        while next != NONE {
            let slot = slots.get(next as usize).filter(|slot| slot.archetype == FREE)?;
            seen += 1;
            if seen > slots.len() {
                return None;
            }
            next = slot.row;
        }
        Some(Self { slots: paged, first_free, alive })
    }

    /// Replaces the slots of one page, to be put in place from outside, and
    /// counts who is alive. Says whether there can be such a page.
    pub fn fill_page(&mut self, page: usize, change: impl FnOnce(&mut Vec<Slot>)) -> bool {
        let Some(slots) = self.slots.page_to_fill(page) else { return false };
        let alive =
            |slots: &[Slot]| slots.iter().filter(|slot| slot.archetype != FREE).count() as u32;
        let before = alive(slots);
        change(slots);
        self.alive = self.alive.wrapping_sub(before).wrapping_add(alive(slots));
        self.slots.finish_fill(0)
    }

    /// Sets the head of the chain of free indices, to be put in place from
    /// outside.
    pub fn set_first_free(&mut self, first_free: u32) {
        self.first_free = first_free;
    }

    /// Makes an allocator of which only parts are left: those are alive who have
    /// a row, and no index is issued again with a generation that it may have
    /// had. Rows name indices that there are slots for.
    pub fn mended(slots: &[Slot], archetypes: &[Arc<Archetype>]) -> Self {
        let issued = |generation: u32| (1..Entity::SPAWNED_IN_CALL).contains(&generation);
        let known = slots.iter().map(|slot| slot.generation).filter(|it| issued(*it));
        let highest = known.max().unwrap_or(1);
        let mut mended: Vec<Slot> = slots.to_vec();
        for slot in &mut mended {
            let generation = if issued(slot.generation) { slot.generation } else { highest };
            *slot = Slot { generation, archetype: FREE, row: NONE };
        }
        for (id, archetype) in archetypes.iter().enumerate() {
            let entities = archetype.entities().pages().iter().flat_map(|page| page.iter());
            for (row, entity) in entities.enumerate() {
                if let Some(slot) = mended.get_mut(entity.index() as usize) {
                    let (generation, row) = (entity.generation(), row as u32);
                    *slot = Slot { generation, archetype: ArchetypeId(id as u32), row };
                }
            }
        }
        let mut first_free = NONE;
        let mut alive = 0;
        for (index, slot) in mended.iter_mut().enumerate().rev() {
            if slot.archetype != FREE {
                alive += 1;
            } else if slot.generation < Entity::SPAWNED_IN_CALL - 1 {
                slot.row = std::mem::replace(&mut first_free, index as u32);
            }
        }
        let mut paged = Paged::new(1, Self::SLOTS_PER_PAGE);
        paged.extend(&mended);
        Self { slots: paged, first_free, alive }
    }

    /// Every slot, by index.
    pub fn slots(&self) -> &Paged<Slot> {
        &self.slots
    }

    /// The head of the chain of free indices.
    pub fn first_free(&self) -> u32 {
        self.first_free
    }

    /// How many are alive.
    pub fn alive(&self) -> u32 {
        self.alive
    }

    /// Whether there are indices for so many more. Those that are used up do not
    /// count: that takes four billion lives each.
    pub fn has_room_for(&self, more: u64) -> bool {
        more <= u64::from(Self::ALIVE_MAX - self.alive)
    }

    /// Issues an entity that lives at the given place. There must be room.
    pub(super) fn issue(&mut self, archetype: ArchetypeId, row: u32) -> Entity {
        self.alive += 1;
        if self.first_free == NONE {
            let index = self.slots.len() as u32;
            self.slots.extend(&[Slot { generation: 1, archetype, row }]);
            return Entity::new(index, 1);
        }
        let index = self.first_free;
        let slot = &mut self.slots.row_mut(index as usize)[0];
        self.first_free = slot.row;
        *slot = Slot { generation: slot.generation + 1, archetype, row };
        Entity::new(index, slot.generation)
    }

    /// Ends an entity's life. It must be alive.
    pub(super) fn retire(&mut self, entity: Entity) {
        let next = self.first_free;
        let slot = &mut self.slots.row_mut(entity.index() as usize)[0];
        debug_assert_eq!(slot.generation, entity.generation());
        slot.archetype = FREE;
        slot.row = NONE;
        if slot.generation < Entity::SPAWNED_IN_CALL - 1 {
            slot.row = next;
            self.first_free = entity.index();
        }
        self.alive -= 1;
    }

    /// Says where a living entity's row is now.
    pub(super) fn relocate(&mut self, entity: Entity, archetype: ArchetypeId, row: u32) {
        let slot = &mut self.slots.row_mut(entity.index() as usize)[0];
        slot.archetype = archetype;
        slot.row = row;
    }

    /// As [`Entities::relocate`], to rows that follow each other.
    pub(super) fn relocate_all(&mut self, entities: &[Entity], archetype: ArchetypeId, row: usize) {
        let page = |entity: &Entity| entity.index() as usize / Self::SLOTS_PER_PAGE;
        let mut row = row as u32;
        for run in entities.chunk_by(|one, two| page(one) == page(two)) {
            let slots = self.slots.page_mut(page(&run[0]));
            for entity in run {
                let slot = &mut slots[entity.index() as usize % Self::SLOTS_PER_PAGE];
                (slot.archetype, slot.row) = (archetype, row);
                row += 1;
            }
        }
    }

    fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.pages().get(index / Self::SLOTS_PER_PAGE)?.get(index % Self::SLOTS_PER_PAGE)
    }

    /// Where an entity's row is, if it is alive.
    pub fn locate(&self, entity: Entity) -> Option<(ArchetypeId, usize)> {
        let slot = self.slot(entity.index() as usize)?;
        (slot.generation == entity.generation() && slot.archetype != FREE)
            .then_some((slot.archetype, slot.row as usize))
    }

    /// Whether this entity exists now or existed once.
    pub fn was_issued(&self, entity: Entity) -> bool {
        self.slot(entity.index() as usize)
            .is_some_and(|slot| entity.generation() != 0 && entity.generation() <= slot.generation)
    }
}

impl Default for Entities {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: ArchetypeId = ArchetypeId(0);

    #[test]
    fn a_reused_index_has_a_new_generation() {
        let mut entities = Entities::new();
        let first = entities.issue(HOME, 0);
        let second = entities.issue(HOME, 1);
        entities.retire(first);
        let third = entities.issue(HOME, 0);
        assert_eq!(third.index(), first.index());
        assert_eq!(entities.locate(first), None);
        assert!(entities.was_issued(first));
        assert_eq!(entities.locate(third), Some((HOME, 0)));
        assert_eq!(entities.locate(second), Some((HOME, 1)));
        assert!(!entities.was_issued(Entity::new(first.index(), 3)));
        assert!(!entities.was_issued(Entity::new(9, 1)));
    }

    #[test]
    fn a_restored_allocator_issues_the_same_entities() {
        let mut entities = Entities::new();
        let all: Vec<_> = (0..10).map(|row| entities.issue(HOME, row)).collect();
        for at in [3, 7, 1] {
            entities.retire(all[at]);
        }
        let slots: Vec<_> = (0..10).map(|at| entities.slots().row(at)[0]).collect();
        let mut again = Entities::restore(&slots, entities.first_free()).expect("consistent");
        for _ in 0..5 {
            assert_eq!(again.issue(HOME, 0), entities.issue(HOME, 0));
        }
        assert_eq!(again.alive(), entities.alive());
    }

    #[test]
    fn there_is_room_for_as_many_as_there_are_indices() {
        let full = |alive| Entities { alive, ..Entities::new() };
        assert!(full(0).has_room_for(u64::from(u32::MAX)));
        assert!(!full(0).has_room_for(u64::from(u32::MAX) + 1));
        assert!(full(u32::MAX - 1).has_room_for(1));
        assert!(!full(u32::MAX - 1).has_room_for(2));
        assert!(full(u32::MAX).has_room_for(0));
    }

    #[test]
    fn a_free_chain_that_loops_is_refused() {
        let free = |next| Slot { generation: 1, archetype: FREE, row: next };
        assert!(Entities::restore(&[free(1), free(0)], 0).is_none());
        assert!(Entities::restore(&[free(5)], 0).is_none());
    }
}
