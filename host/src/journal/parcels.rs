//! What waits for the next tick: how much of it, what of it counts already, and where it
//! goes while no tick is near.

use super::Journal;
use crate::error::Error;
use crate::record::{Request, TickRecord};
use crate::save::{KnownRequest, Save};

impl Journal {
    /// How many inputs and edits wait for the next tick.
    pub fn waits(&self) -> (usize, usize) {
        (self.waiting.inputs.len(), self.waiting.edits.len())
    }

    /// The records of ticks that are not committed yet.
    pub fn held(&self) -> &[TickRecord] {
        &self.held
    }

    /// What the save knows of the request of a sender under a key.
    ///
    /// # Errors
    ///
    /// That the save could not be read.
    pub fn known(&self, sender: &str, key: &str) -> Result<Option<KnownRequest>, Error> {
        match &self.save {
            Some(save) => Ok(save.request(sender, key)?),
            None => Ok(None),
        }
    }

    /// Whether nothing waits that a save could have.
    pub fn has_nothing_to_keep(&self) -> bool {
        let has_names = self.save.as_ref().map(Save::has_names);
        has_names.is_none_or(|has_names| !has_names && self.waiting.is_empty())
    }

    /// Puts what waits for the next tick into the inbox of the save, from where the next
    /// tick takes it, and writes names of ticks that wait for a commit. Gives what of it was sent at once. No tick may be held.
    ///
    /// # Errors
    ///
    /// That the save could not be written: it waits in memory then.
    pub fn keep_waiting(&mut self) -> Result<Vec<Request>, Error> {
        let Some(save) = &mut self.save else { return Ok(Vec::new()) };
        save.keep(&self.waiting)?;
        Ok(std::mem::take(&mut self.waiting).requests)
    }
}
