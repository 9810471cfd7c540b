//! A system as the host runs it: what it is given, what it may do, and when.

use std::collections::BTreeMap;

use crate::condition::Condition;
pub use crate::declaration::Span;
use crate::ecs::{KindId, Query, Topic, World};

/// Names and bytes of the files shipped with a mod.
pub type Assets = BTreeMap<String, Vec<u8>>;

/// One system, resolved.
#[derive(Clone, Debug)]
pub struct System {
    /// `<mod>/<system>`.
    pub name: String,
    /// Which mod it is of, by its place among the loaded.
    pub owner: usize,
    /// Its place among the mod's systems.
    pub index: u32,
    /// What is shipped to it.
    pub queries: Vec<Query>,
    /// How much is shipped at once.
    pub span: Span,
    /// It runs on ticks that leave `phase` when they are divided by this; never
    /// zero.
    pub every: u64,
    /// Below `every`.
    pub phase: u64,
    /// What must hold in the world for it to run.
    pub run_if: Vec<Condition>,
    /// Whether it runs once.
    pub startup: bool,
    /// Resources it reads, and whether it sets them.
    pub resources: Vec<(KindId, bool)>,
    /// Components it may look up.
    pub lookups: Vec<KindId>,
    /// Relations it may read.
    pub relations: Vec<KindId>,
    /// What it reads as events.
    pub reads: Vec<Topic>,
    /// Events it may emit.
    pub emits: Vec<KindId>,
    /// Whether it may send commands.
    pub commands: bool,
    /// Whether it asks or changes tables.
    pub tables: bool,
    /// Full names of systems that run after it.
    pub before: Vec<String>,
    /// Full names of systems that run before it.
    pub after: Vec<String>,
    /// Whether its mod goes on without it: where it faults too often in a row, it alone is
    /// suspended. It reads no events then.
    pub is_dispensable: bool,
}

impl System {
    /// Whether its turn comes in a tick, if it is no startup system.
    pub fn is_due(&self, tick: u64) -> bool {
        tick % self.every == self.phase
    }

    /// Whether all holds in a world that must hold for it to run.
    pub fn may_run(&self, world: &World) -> bool {
        self.run_if.iter().all(|condition| condition.holds(world))
    }

    /// A number that stands for the system in random numbers; the same wherever
    /// and beside whatever it runs.
    pub fn stable_hash(&self) -> u64 {
        let digest = blake3::hash(self.name.as_bytes());
        digest.as_bytes()[..8].iter().rev().fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }
}
