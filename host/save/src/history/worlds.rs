//! Worlds of earlier ticks that were asked for lately, from which the next is near.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sandtable_world::ecs::World;

/// How many are kept. They share the pages that did not change between them.
const KEPT: usize = 16;

/// A world, and the kinds of which it has no values.
pub(super) type PastWorld = (World, BTreeSet<u32>);

/// Worlds as ticks left them; those that were asked for last come first.
#[derive(Debug, Default)]
pub struct Worlds(Mutex<VecDeque<PastWorld>>);

impl Worlds {
    fn kept(&self) -> MutexGuard<'_, VecDeque<PastWorld>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last one up to a tick, and after another.
    pub(super) fn nearest(&self, after: u64, tick: u64) -> Option<PastWorld> {
        let mut kept = self.kept();
        let fits = |world: &World| after < world.tick() && world.tick() <= tick;
        let fitting = kept.iter().enumerate().filter(|(_, (world, _))| fits(world));
        let (place, _) = fitting.max_by_key(|(_, (world, _))| world.tick())?;
        let found = kept.remove(place)?;
        kept.push_front(found.clone());
        Some(found)
    }

    /// Keeps one.
    pub(super) fn put(&self, world: &World, omitted: &BTreeSet<u32>) {
        let mut kept = self.kept();
        kept.retain(|(other, _)| other.tick() != world.tick());
        kept.truncate(KEPT - 1);
        kept.push_front((world.clone(), omitted.clone()));
    }
}
