//! Names for ticks, from within the process that runs the world.

use rusqlite::Connection;

use super::{Save, begin};
use crate::error::{Failure, Fallible, SaveError};
use crate::history::{self, HistoryReader};
use crate::mark;

impl Save {
    /// Names the tick that was committed last. Where history is kept this costs
    /// nothing, and the name comes with the next commit; otherwise the whole
    /// world is written at once.
    ///
    /// # Errors
    ///
    /// The name is none, is taken or is kept for automatic snapshots, or the save
    /// cannot be written. The tick has no name then.
    pub fn name_last(&mut self, name: &str, note: &str) -> Result<(), SaveError> {
        let tick = self.head.tick;
        let failed = |failure: Failure| failure.of(self.name(), "written");
        let connection = self.database.lock();
        let is_kept = self.recorder.is_whole(tick.unsigned_abs())
            && HistoryReader::new(&connection).reaches(tick.unsigned_abs()).map_err(failed)?;
        let whole = !is_kept;
        let named = || -> Fallible<()> {
            history::check_asked(&connection, name)?;
            if self.named.iter().any(|(other, ..)| other == name) {
                return Err(Failure::Told(format!("has a snapshot `{name}` already")));
            }
            if whole {
                let transaction = begin(&connection)?;
                history::add(&transaction, name, tick, note, false)?;
                history::keep_whole(&transaction, &self.committed)?;
                mark::advance(&transaction)?;
                transaction.commit()?;
            }
            Ok(())
        };
        named().map_err(failed)?;
        drop(connection);
        if !whole {
            self.named.push((name.to_owned(), tick, note.to_owned()));
        }
        Ok(())
    }

    /// Writes the names that wait for a commit.
    pub(super) fn write_names(&self, connection: &Connection) -> Fallible<()> {
        let mut names = self.named.iter();
        names.try_for_each(|(name, tick, note)| {
            history::add_or_warn(connection, name, *tick, note, false)
        })
    }
}
