//! What the thread that does ticks waits on: one thing, by which everything wakes it
//! that has something for it.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Wakes a thread. What rings while it is busy is heard as soon as it listens again.
#[derive(Clone, Default)]
pub struct Bell(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_rung: Mutex<bool>,
    rang: Condvar,
    passes_on: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Bell {
    /// A bell that also calls a function with each ring, for threads that wait for
    /// several bells.
    pub fn passing_on(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { passes_on: Some(Box::new(ring)), ..Shared::default() }))
    }

    /// Wakes who waits.
    pub fn ring(&self) {
        *self.is_rung() = true;
        self.0.rang.notify_all();
        if let Some(pass_on) = &self.0.passes_on {
            pass_on();
        }
    }

    /// Whether it was rung since this was asked last.
    pub fn take(&self) -> bool {
        std::mem::take(&mut *self.is_rung())
    }

    /// Whether it was rung and that was not taken yet.
    pub fn is_ringing(&self) -> bool {
        *self.is_rung()
    }

    /// Waits until it is rung, or for no longer than to a moment.
    pub fn wait(&self, until: Option<Instant>) {
        let mut is_rung = self.is_rung();
        while !*is_rung {
            is_rung = match until {
                None => self.0.rang.wait(is_rung).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return;
                    }
                    let waited = self.0.rang.wait_timeout(is_rung, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn is_rung(&self) -> MutexGuard<'_, bool> {
        self.0.is_rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").field("is_ringing", &self.is_ringing()).finish_non_exhaustive()
    }
}
