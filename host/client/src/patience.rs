//! Asking again, for a while, while the server is not there.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long after the first time it is asked again, and how long at most between two.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The pauses in which a server is waited for.
pub struct Patience {
    whole: Duration,
    pause: Duration,
    until: Option<Instant>,
}

impl Patience {
    /// So much of it.
    pub fn new(whole: Duration) -> Self {
        Self { whole, pause: PAUSES.0, until: None }
    }

    /// As before the first pause.
    pub fn renew(&mut self) {
        *self = Self::new(self.whole);
    }

    /// Waits until it may be asked again; says whether there is any patience left.
    pub fn wait(&mut self) -> bool {
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + self.whole);
        let left = until.saturating_duration_since(now);
        sleep(self.pause.min(left));
        self.pause = (self.pause * 2).min(PAUSES.1);
        !left.is_zero()
    }
}
