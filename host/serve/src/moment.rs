//! A world at a tick, with its chain hash.

use sandtable::ecs::World;
use sandtable::feed::Published;
use sandtable::record::Digest;

use super::at::shown;
use super::sight::{Seen, Sight};

/// The world at a tick.
#[derive(Clone)]
pub struct Moment {
    /// The world.
    pub world: World,
    /// Its chain hash.
    pub chain: Digest,
}

impl Moment {
    /// What was published.
    pub fn of(published: &Published) -> Self {
        Self { world: published.world.clone(), chain: published.chain }
    }

    /// As far as it may be seen.
    pub fn as_seen(&self, sight: &Sight, seen: &Seen) -> Self {
        Self { world: seen.world(sight, &self.world, &self.chain), chain: self.chain }
    }

    /// The tick as permanent links have it.
    pub fn at(&self) -> String {
        shown(self.world.tick(), &self.chain)
    }
}
