//! How a pace stands, for those who look.

use std::time::{Duration, Instant};

/// How a pace stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo {
    /// Ticks a second that are wanted; 0 where as many as possible are.
    pub hertz: f64,
    /// Whether the world stands still because it was told to.
    pub is_paused: bool,
    /// Ticks that are to be done all the same.
    pub steps: u64,
    /// When the next tick is due; none while the world stands still.
    pub due: Option<Instant>,
    /// Ticks that were begun.
    pub begun: u64,
    /// Ticks that were done.
    pub done: u64,
    /// How late the last tick began.
    pub late_by: Duration,
    /// How late a tick began at most.
    pub late_by_most: Duration,
    /// Ticks that began later than by one tick.
    pub late: u64,
    /// Time whose ticks are not made up for.
    pub left_out: Duration,
}

impl Tempo {
    /// How long ago the next tick should have begun.
    pub fn lag(&self) -> Duration {
        self.due.map_or(Duration::ZERO, |due| due.elapsed())
    }

    /// Whether ticks are done, or are about to be.
    pub fn is_running(&self) -> bool {
        !self.is_paused || self.steps > 0 || self.done < self.begun
    }
}
