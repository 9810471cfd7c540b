//! What waits for a tick or a commit, put into the save while none is near.

use sandtable_world::record::Given;

use super::{Save, begin};
use crate::error::{Fallible, SaveError};
use crate::inbox::{self, KnownRequest};
use crate::mark;

impl Save {
    /// Whether names of ticks wait for the next commit.
    pub fn has_names(&self) -> bool {
        !self.named.is_empty()
    }

    /// Puts what no tick has had into the inbox, writes names that wait, and syncs both.
    ///
    /// # Errors
    ///
    /// The file is not where it was, or cannot be written. Nothing is in the inbox then.
    pub fn keep(&mut self, given: &Given) -> Result<(), SaveError> {
        self.file_identity.check()?;
        let mut kept = || -> Fallible<()> {
            self.claim()?;
            self.set_synced(true)?;
            let connection = self.database.lock();
            let transaction = begin(&connection)?;
            inbox::keep(&transaction, given)?;
            self.write_names(&transaction)?;
            mark::advance(&transaction)?;
            Ok(transaction.commit()?)
        };
        kept().map_err(|failure| failure.of(self.name(), "written"))?;
        self.named.clear();
        Ok(())
    }

    /// What is known of the request of a sender under a key.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn request(&self, sender: &str, key: &str) -> Result<Option<KnownRequest>, SaveError> {
        let known = inbox::known(&self.database.lock(), sender, key);
        known.map_err(|failure| failure.of(self.name(), "read"))
    }
}
