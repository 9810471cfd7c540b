//! A save with its mods or without them.

use super::{Save, begin};
use crate::error::{Failure, SaveError};
use crate::mark;
use crate::mods::{self, Contents, LockedMod, StoredMod};

impl Save {
    /// The set of mods that runs now, with their components and assets, of which
    /// a slim save needs those that it lacks from elsewhere.
    ///
    /// # Errors
    ///
    /// Neither the save nor `elsewhere` has all of them, or the save cannot be read or
    /// is damaged.
    pub fn mods(&self, elsewhere: &Contents) -> Result<Vec<StoredMod>, SaveError> {
        self.mods.whole(&self.database.lock(), elsewhere, &self.path)
    }

    /// The set of mods that runs now, wherever their contents are.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn lock(&self) -> Result<Vec<LockedMod>, SaveError> {
        let lock = self.mods.lock(&self.database.lock());
        lock.map_err(|failure| failure.of(self.name(), "read"))
    }

    /// Whether it lacks contents of the mods that run now.
    pub fn is_slim(&self) -> bool {
        self.is_slim
    }

    /// Drops the components and assets of all mods that ever ran, and of those
    /// to come keeps only what they are.
    ///
    /// # Errors
    ///
    /// The save cannot be written. It has its contents as before, or has lost them and
    /// not given its room back.
    pub fn slim(&mut self) -> Result<(), SaveError> {
        let connection = self.database.lock();
        let name = self.name().to_owned();
        let failed = |error: rusqlite::Error| Failure::from(error).of(&name, "made slim");
        let transaction = begin(&connection).map_err(failed)?;
        mods::slim(&transaction).map_err(failed)?;
        mark::advance(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.is_slim = true;
        connection.execute_batch("VACUUM").map_err(failed)
    }

    /// Puts components and assets back, by digest, so that the mods that run now
    /// are whole; of older ones those that there are.
    ///
    /// # Errors
    ///
    /// Some of the mods that run now are not among the contents, or the save cannot be
    /// written. It is as slim as before then.
    pub fn embed(&mut self, contents: &Contents) -> Result<(), SaveError> {
        let name = self.name().to_owned();
        let failed = |error: rusqlite::Error| Failure::from(error).of(&name, "written");
        let connection = self.database.lock();
        let transaction = begin(&connection).map_err(failed)?;
        mods::embed(&transaction, contents).map_err(failed)?;
        self.mods.whole(&transaction, &Contents::new(), &self.path)?;
        mark::advance(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        drop(connection);
        self.is_slim = false;
        Ok(())
    }
}
