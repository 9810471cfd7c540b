//! On which terms history is read: until when, and with worlds and heads of deltas that
//! were read before. What a tick changed stays what it was for as long as one process keeps the save
//! from others, so that a process that answers about the past again and again need not
//! unpack the same heads each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::changed_block::ChangedBlock;
use super::delta::Delta;
use super::worlds::Worlds;

/// Bytes of heads that are kept.
const BYTES_MAX: usize = 64 << 20;

/// On which terms history is read.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Heads that were read before, where they are kept.
    pub heads: Option<Arc<Heads>>,
    /// Worlds that were asked for before, where they are kept.
    pub worlds: Option<Arc<Worlds>>,
    /// When the answer must be there, if it must.
    pub until: Option<Instant>,
}

/// Heads, by tick.
#[derive(Debug, Default)]
pub struct Heads(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    heads: BTreeMap<u64, Arc<Delta>>,
    bytes: usize,
}

impl Heads {
    /// The head of a tick, if it was read before.
    pub(super) fn get(&self, tick: u64) -> Option<Arc<Delta>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).heads.get(&tick).cloned()
    }

    /// Keeps the head of a tick. Where there are too many, all others go.
    pub(super) fn put(&self, delta: &Arc<Delta>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes > BYTES_MAX {
            *kept = Kept::default();
        }
        if kept.heads.insert(delta.tick, delta.clone()).is_none() {
            kept.bytes += bytes(delta);
        }
    }
}

/// About what a head takes.
fn bytes(delta: &Delta) -> usize {
    let relations = delta.relations.iter().map(|it| 64 + it.4.as_ref().map_or(0, |it| it.len()));
    let rows = delta.rows.iter().map(|(_, table, log)| table.len() + log.len());
    let pushed = delta.topics.iter().map(|topic| 64 * (1 + topic.pushed.len()));
    size_of::<Delta>()
        + delta.blocks.len() * size_of::<ChangedBlock>()
        + delta.inline.len()
        + relations.chain(rows).chain(pushed).sum::<usize>()
}
