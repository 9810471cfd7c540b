//! What other threads ask of the one that does the ticks.
//!
//! An errand is a function of the simulation, run between two ticks by
//! [`Simulation::attend`](crate::Simulation::attend). So nothing that a tick works on is
//! shared, and what is asked for happens at one tick and no other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Simulation;

/// What is done with a simulation between two ticks.
pub type Errand = Box<dyn FnOnce(&mut Simulation) + Send>;

/// Where errands are left for the thread that does the ticks. Clones are of the same
/// world.
#[derive(Clone, Default)]
pub struct Desk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    errands: VecDeque<Errand>,
    /// Whether there is something that the thread has not seen.
    is_rung: bool,
    is_closed: bool,
}

/// The world was closed, so that nothing is done with it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the world is closed")]
pub struct Closed;

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an errand. It is dropped undone where the world is closed first.
    ///
    /// # Errors
    ///
    /// The world is closed already.
    pub fn leave(
        &self,
        errand: impl FnOnce(&mut Simulation) + Send + 'static,
    ) -> Result<(), Closed> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Closed);
        }
        state.errands.push_back(Box::new(errand));
        drop(state);
        self.ring();
        Ok(())
    }

    /// Wakes the thread that does the ticks, where it waits here.
    pub fn ring(&self) {
        self.state().is_rung = true;
        self.0.arrived.notify_all();
    }

    /// Waits until there is an errand or the bell is rung, or for so long at most. Says
    /// whether there was.
    pub fn wait(&self, at_most: Duration) -> bool {
        let state = self.state();
        let waited = self.0.arrived.wait_timeout_while(state, at_most, |it| !it.is_rung);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.is_rung)
    }

    /// Takes what was left, oldest first.
    pub(crate) fn take(&self) -> VecDeque<Errand> {
        std::mem::take(&mut self.state().errands)
    }

    fn close(&self) {
        let left = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.errands)
        };
        // What they hold is dropped without the lock.
        drop(left);
        self.ring();
    }
}

/// A desk as the world has it: it is closed when this is dropped.
#[derive(Default)]
pub(crate) struct Attended(pub Desk);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a desk with {} errands", self.state().errands.len())
    }
}
