//! A name of its own for what this process commits.

use std::time::Duration;

use super::{Save, begin};
use crate::connect;
use crate::error::Fallible;
use crate::lock::beside;
use crate::mark;
use crate::open::file_bytes;

/// How long readers that come and go are waited for, once in a session.
const PATIENCE: Duration = Duration::from_millis(100);

impl Save {
    /// Before the first commit, and where no transaction has begun: sees to it
    /// that the save is told from every copy that was made of it before.
    ///
    /// That is only so where the file is whole without its log. Where a reader
    /// keeps it from being, commits go on as those of the writer that made the last one,
    /// which is as good for everything but such a copy.
    pub(super) fn claim(&mut self) -> Fallible<()> {
        if self.is_claimed {
            return Ok(());
        }
        let connection = self.database.lock();
        if !connection.is_autocommit() {
            return Ok(());
        }
        let log = beside(&self.path, "-wal");
        let checkpoint = || connect::checkpoint(&connection, "TRUNCATE", PATIENCE);
        if file_bytes(&log) > 0 {
            checkpoint();
        }
        // In this order: what was committed before the log was empty is not in it.
        let last = mark::last(&connection)?;
        if file_bytes(&log) == 0 {
            let transaction = begin(&connection)?;
            // No process has sent anything meanwhile.
            if mark::last(&transaction)? == last
                && let Some(own) = mark::claim(&transaction)?
            {
                transaction.commit()?;
                checkpoint();
                if file_bytes(&log) == 0 {
                    self.checkpoints.holds(own);
                }
            }
        }
        drop(connection);
        self.is_claimed = true;
        Ok(())
    }
}
