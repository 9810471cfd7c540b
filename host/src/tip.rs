//! The tip of a chain of ticks.

use tracing::trace_span;

use crate::ecs::World;
use crate::hash::{self, StateHasher};
use crate::record::{Digest, TickRecord};
use crate::runtime::Attempt;
use crate::save::Recorder;
use crate::stopwatch::Stopwatch;

/// The world that the last tick led to, and the chain hash of all ticks up to it.
#[derive(Clone)]
pub struct Tip {
    world: World,
    chain: Digest,
    last_recorded_world: World,
}

impl Tip {
    /// A world, and the chain hash that led to it.
    pub fn new(world: World, chain: Digest) -> Self {
        Self { last_recorded_world: world.clone(), world, chain }
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The chain hash.
    pub fn chain(&self) -> Digest {
        self.chain
    }

    /// The last world that history can come back to.
    pub fn last_recorded_world(&self) -> &World {
        &self.last_recorded_world
    }

    /// Moves on to the world of an attempt, and gives its record with both hashes
    /// and with what history keeps.
    pub fn advance(
        &mut self,
        attempt: Attempt,
        hasher: &mut StateHasher,
        recorder: &Recorder,
    ) -> TickRecord {
        let Attempt { world, mut record, steps, .. } = attempt;
        let mut watch = Stopwatch::start();
        trace_span!("hash").in_scope(|| {
            record.state = hasher.digest(&world);
            record.chain = hash::chain(&self.chain, &record.state, &record);
        });
        record.timings.hash = watch.lap();
        record.history = trace_span!("history")
            .in_scope(|| recorder.record(&self.last_recorded_world, &self.world, &world, &steps));
        record.timings.history = watch.lap();
        if recorder.keeps(record.tick) {
            self.last_recorded_world = world.clone();
        }
        (self.world, self.chain) = (world, record.chain);
        record
    }

    /// Puts another world in the place of this one, between two ticks.
    pub fn replace_world(&mut self, world: World) {
        *self = Self::new(world, self.chain);
    }
}
