//! Engines that worlds of one program share.
//!
//! An engine takes threads, address space and linkers of its own, and what it compiled
//! is of use to it alone: a program that runs many worlds has one for all whose settings
//! ask for the same.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::guest::{Engine, GuestError};

/// Engines, by what of a world's settings they depend on. Clones are the same ones.
#[derive(Clone)]
pub struct Engines(Arc<Shared>);

struct Shared {
    /// Calls at once, of all worlds together.
    calls: usize,
    /// By whether NaN is made the same on every machine.
    started: Mutex<BTreeMap<bool, Arc<Engine>>>,
}

impl Engines {
    /// For worlds that make so many calls at once, all together. Each is started when
    /// the first world needs it, and stays.
    pub fn new(calls: usize) -> Self {
        Self(Arc::new(Shared { calls, started: Mutex::default() }))
    }

    /// The engine for worlds with this setting.
    pub(crate) fn of(&self, strict_nan: bool) -> Result<Arc<Engine>, GuestError> {
        let mut started = self.0.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = started.get(&strict_nan) {
            return Ok(engine.clone());
        }
        let engine = Arc::new(Engine::new(strict_nan, self.0.calls)?);
        started.insert(strict_nan, engine.clone());
        Ok(engine)
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "engines for {} calls at once", self.0.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_that_need_the_same_engine_have_the_same() {
        let engines = Engines::new(2);
        let of = |strict| engines.clone().of(strict).expect("an engine");
        assert!(Arc::ptr_eq(&of(true), &of(true)));
        assert!(!Arc::ptr_eq(&of(true), &of(false)));
    }
}
