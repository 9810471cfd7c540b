//! A world that is read where it lies: its save is looked at when it is asked, while
//! another process may run it.

use std::path::{Path, PathBuf};

use sandtable::feed::AtRest;
use sandtable::save::SaveError;

use super::served::Served;
use super::worlds::Worlds;

/// The world of a save that this process does not run.
pub struct Saved {
    save: PathBuf,
    world: AtRest,
    worlds: Worlds,
}

impl Saved {
    /// Reads a save.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn open(save: &Path) -> Result<Self, SaveError> {
        let world = AtRest::open(save)?;
        let worlds = Served::at_rest(&world, save).into();
        Ok(Self { save: save.to_owned(), world, worlds })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.save
    }

    /// The world as it was looked at last, alone among its like.
    pub fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// Looks at the save, so that the world is as the last commit left it.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn look(&self) -> Result<(), SaveError> {
        self.world.look()
    }
}
