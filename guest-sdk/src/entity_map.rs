//! A map from entities, small in code and quick to look up.
//!
//! The standard library's map would bring random keys and several kilobytes of
//! code into each mod. This one never forgets, and no caller goes over it.

use crate::Entity;

/// A map from entities to small values. It holds no [`Entity::NONE`].
pub(crate) struct EntityMap<V> {
    /// As many as a power of two, at most three quarters of them used. An empty
    /// slot has no entity.
    slots: Vec<(Entity, V)>,
    used: usize,
}

impl<V: Copy + Default> EntityMap<V> {
    pub(crate) fn with_capacity(entities: usize) -> Self {
        let slots = match entities {
            0 => 0,
            entities => (entities + entities / 2).next_power_of_two().max(8),
        };
        Self { slots: vec![(Entity::NONE, V::default()); slots], used: 0 }
    }

    pub(crate) fn get(&self, entity: Entity) -> Option<V> {
        if self.slots.is_empty() || entity.is_none() {
            return None;
        }
        let (found, value) = self.slots[self.slot(entity)];
        (found == entity).then_some(value)
    }

    pub(crate) fn contains(&self, entity: Entity) -> bool {
        self.get(entity).is_some()
    }

    /// Sets the value of an entity; that of [`Entity::NONE`] is dropped.
    pub(crate) fn insert(&mut self, entity: Entity, value: V) {
        if entity.is_none() {
            return;
        }
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(entity);
        self.used += usize::from(self.slots[slot].0.is_none());
        self.slots[slot] = (entity, value);
    }

    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.slots.len().max(8));
        for (entity, value) in self.slots.drain(..) {
            larger.insert(entity, value);
        }
        *self = larger;
    }

    /// The slot that an entity has, or would get.
    fn slot(&self, entity: Entity) -> usize {
        let mask = self.slots.len() - 1;
        let hash = entity.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (hash >> 32) as usize & mask;
        while !self.slots[slot].0.is_none() && self.slots[slot].0 != entity {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

impl<V: Copy + Default> Default for EntityMap<V> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_inserted() {
        let mut map = EntityMap::default();
        assert_eq!(map.get(Entity::from_bits(1)), None);
        for bits in 1..5_000u64 {
            map.insert(Entity::from_bits(bits | bits << 33), bits);
            map.insert(Entity::from_bits(bits | bits << 33), bits + 1);
        }
        for bits in 1..5_000u64 {
            assert_eq!(map.get(Entity::from_bits(bits | bits << 33)), Some(bits + 1));
            assert!(!map.contains(Entity::from_bits(bits)));
        }
        map.insert(Entity::NONE, 1);
        assert_eq!(map.get(Entity::NONE), None);
    }
}
