//! What a call is given: its shards, and what it shares with the other calls of
//! its run.

use std::sync::Arc;

use sandtable_world::config::Limits;
use sandtable_world::ecs::{ArchetypeId, KindId, RowMask, Stamp, World};
use sandtable_world::grants::Rights;
use sandtable_world::statements::Statements;
pub use sandtable_world::system::Assets;
use sandtable_world::system::System;

/// A contiguous range of rows of one archetype: one page.
#[derive(Clone, Debug)]
pub struct ShardRef {
    /// Which of the system's queries it is for.
    pub query: usize,
    /// Of which archetype.
    pub archetype: ArchetypeId,
    /// Which page of it.
    pub page: usize,
    /// Which of its rows match.
    pub mask: RowMask,
}

impl ShardRef {
    /// How many rows it has.
    pub fn rows(&self, world: &World) -> usize {
        world.archetype(self.archetype).entities().pages()[self.page].len()
    }
}

/// The shards that a guest gets at once.
pub type Batch = Vec<ShardRef>;

/// How many rows some shards have.
pub fn rows_of(world: &World, shards: &[ShardRef]) -> usize {
    shards.iter().map(|shard| shard.rows(world)).sum()
}

/// What all calls of one system run share.
pub struct CallContext {
    /// The world as it was when the system started.
    pub world: World,
    /// The system.
    pub system: Arc<System>,
    /// The kinds its mod declared, in the mod's order.
    pub kinds: Arc<[KindId]>,
    /// What each call may use up.
    pub limits: Limits,
    /// The files that the mod may read.
    pub assets: Arc<Assets>,
    /// What the mod may do with what belongs to others.
    pub rights: Arc<Rights>,
    /// The number of the tick.
    pub tick: u64,
    /// Simulated seconds in a tick.
    pub dt_seconds: f64,
    /// The world's seed.
    pub seed: u64,
    /// When the run takes place, for change stamps.
    pub now: Stamp,
    /// The statements of the run, if it may make any.
    pub tables: Option<Arc<dyn Statements>>,
    /// The argument of `run`, encoded once for all calls.
    pub argument: Vec<u8>,
}
