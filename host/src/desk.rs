//! What other threads ask of the one that does the ticks.
//!
//! An errand is a function of the simulation, run between two ticks by
//! [`Simulation::attend`](crate::Simulation::attend). So nothing that a tick works on is
//! shared, and what is asked for happens at one tick and no other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Simulation;
use crate::pace::Bell;

/// What is done with a simulation between two ticks.
pub type Errand = Box<dyn FnOnce(&mut Simulation) + Send>;

/// Where errands are left for the thread that does the ticks. Clones are of the same
/// world.
#[derive(Clone, Default)]
pub struct Desk(Arc<Shared>);

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    errands: VecDeque<Errand>,
    bell: Option<Bell>,
    is_closed: bool,
}

/// The world was closed, so that nothing is done with it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the world is closed")]
pub struct Closed;

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let bell = state.bell.clone();
        drop(state);
        bell.iter().for_each(Bell::ring);
        Ok(())
    }

    /// Rings this bell whenever an errand is left, as for those that were left by now: the
    /// one that the thread which does the ticks waits for.
    pub fn ring_by(&self, bell: &Bell) {
        self.state().bell = Some(bell.clone());
        bell.ring();
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
