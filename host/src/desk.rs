//! What other threads ask of the one that does the ticks.
//!
//! An errand is a function of what that thread works on, which is a simulation, run between
//! two ticks by [`Simulation::attend`](crate::Simulation::attend). So nothing that a tick works on is
//! shared, and what is asked for happens at one tick and no other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::pace::Bell;

/// What is done between two ticks.
pub type Errand<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Where errands are left for the thread that does the ticks. Clones are of the same
/// world.
pub struct Desk<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    errands: VecDeque<Errand<T>>,
    bell: Option<Bell>,
    is_closed: bool,
}

/// The world was closed, so that nothing is done with it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the world is closed")]
pub struct Closed;

impl<T> Clone for Desk<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Desk<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { errands: VecDeque::new(), bell: None, is_closed: false })))
    }
}

impl<T> Desk<T> {
    /// That of a world which is not run here: it takes no errands.
    pub fn closed() -> Self {
        let desk = Self::default();
        desk.close();
        desk
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an errand. It is dropped undone where the world is closed first.
    ///
    /// # Errors
    ///
    /// The world is closed already.
    pub fn leave(&self, errand: impl FnOnce(&mut T) + Send + 'static) -> Result<(), Closed> {
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
    pub(crate) fn take(&self) -> VecDeque<Errand<T>> {
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
pub(crate) struct Attended<T>(pub Desk<T>);

impl<T> Default for Attended<T> {
    fn default() -> Self {
        Self(Desk::default())
    }
}

impl<T> Drop for Attended<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> fmt::Debug for Desk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a desk with {} errands", self.state().errands.len())
    }
}
