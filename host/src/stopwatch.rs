//! How long the stages of a tick take.

use std::time::Instant;

/// Measures stages that follow each other.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins with the first stage.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the last lap.
    pub fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now - std::mem::replace(&mut self.0, now);
        lap.as_nanos() as u64
    }
}
