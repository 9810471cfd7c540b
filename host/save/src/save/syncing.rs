//! When the disk is synced.

use std::time::{Duration, Instant};

use sandtable_world::config::Durability;

/// Decides which commits are synced.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    ticks_since: u64,
    last: Option<Instant>,
    /// What SQLite was told last.
    pub(super) set: Option<bool>,
}

impl Syncing {
    pub(super) fn is_due(&self, durability: Durability, ticks: u64) -> bool {
        match durability {
            Durability::EveryTick | Durability::CommitEveryTicks { .. } => true,
            Durability::SyncEveryTicks { ticks: 0 } => false,
            Durability::SyncEveryTicks { ticks: every } => self.ticks_since + ticks >= every,
            Durability::SyncEveryMillis { millis } => {
                self.last.is_none_or(|last| last.elapsed() >= Duration::from_millis(millis))
            }
        }
    }

    pub(super) fn done(&mut self, synced: bool, ticks: u64) {
        if synced {
            self.ticks_since = 0;
            self.last = Some(Instant::now());
        } else {
            self.ticks_since += ticks;
        }
    }
}
