//! What questions are about, made once one of them asks for it: the world, when a
//! statement names a table over it; of an earlier tick the tables of mods, when
//! one names such a table. So a question costs nothing that it does not ask for.
//!
//! SQLite finds out while it prepares a statement. One that lacks something is
//! refused there, with a note of what, and prepared again once that is made:
//! nothing is made in the midst of an answer, and all of it by the connection
//! that sees the one commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rusqlite::{Error, Result};

use sandtable_world::ecs::World;

/// What a statement can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The world.
    World,
    /// The tables of mods, as an earlier tick left them.
    Tables,
}

/// What is there, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    world: OnceLock<Arc<World>>,
    lacks_world: AtomicBool,
    has_tables: AtomicBool,
    lacks_tables: AtomicBool,
    is_making: AtomicBool,
}

impl Needs {
    /// With a world that is there already.
    pub(crate) fn with(world: Arc<World>) -> Self {
        Self { world: OnceLock::from(world), ..Self::default() }
    }

    /// The world; an error notes that it is asked for.
    pub(crate) fn world(&self) -> Result<&World> {
        match self.world.get() {
            Some(world) => Ok(world),
            None => {
                self.lacks_world.store(true, Ordering::Relaxed);
                Err(Error::ModuleError("the world is not there yet".to_owned()))
            }
        }
    }

    /// Notes that the tables of mods are asked for, unless they are there.
    pub(super) fn ask_for_tables(&self) {
        self.lacks_tables.fetch_or(!self.has_tables(), Ordering::Relaxed);
    }

    /// Whether the tables of mods are there, as they were.
    pub(super) fn has_tables(&self) -> bool {
        self.has_tables.load(Ordering::Relaxed)
    }

    /// What was asked for since and is not there.
    pub(crate) fn take(&self) -> Option<Need> {
        if self.lacks_world.swap(false, Ordering::Relaxed) {
            return Some(Need::World);
        }
        self.lacks_tables.swap(false, Ordering::Relaxed).then_some(Need::Tables)
    }

    /// Takes the world over.
    pub(crate) fn set_world(&self, world: Arc<World>) {
        self.world.get_or_init(|| world);
    }

    /// Notes that the tables of mods are there.
    pub(crate) fn set_tables(&self) {
        self.has_tables.store(true, Ordering::Relaxed);
    }

    /// Whether the statements that come are the host's own.
    pub(super) fn is_making(&self) -> bool {
        self.is_making.load(Ordering::Relaxed)
    }

    /// Does what only the host may.
    pub(crate) fn making<T>(&self, make: impl FnOnce() -> T) -> T {
        self.is_making.store(true, Ordering::Relaxed);
        let made = make();
        self.is_making.store(false, Ordering::Relaxed);
        made
    }
}
