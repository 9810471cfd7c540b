//! What is known of the pace of a world: how many ticks a second are wanted, and when
//! the next one is due.
//!
//! The one who does the ticks says it, a server tells it on. Where it is not said, a
//! server knows when the last tick was, and no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the one who does the ticks says of their pace.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tempo {
    /// Ticks a second that are wanted; 0 where as many as possible are.
    pub hertz: f64,
    /// When the next tick is due; `None` while none is, as in a pause.
    pub due: Option<Instant>,
    /// Whether the world stands still because it was told to.
    pub is_paused: bool,
    /// Time whose ticks are not made up for, since the start.
    pub left_out: Duration,
}

/// Where the pace of a world is said and read. Clones are of the same world.
#[derive(Clone, Debug, Default)]
pub struct Metronome(Arc<Mutex<Tempo>>);

impl Metronome {
    /// Says how it stands, before each tick and when that changes.
    pub fn set(&self, tempo: Tempo) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tempo;
    }

    /// What was said last.
    pub fn last(&self) -> Tempo {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tempo {
    /// How long ago the next tick should have begun.
    pub fn lag(&self) -> Duration {
        self.due.map_or(Duration::ZERO, |due| due.elapsed())
    }
}
