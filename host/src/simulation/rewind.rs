//! Going back to an earlier tick while the world runs.

use super::{Error, Simulation};
use crate::options::Options;
use crate::save::{self, Rewound, SaveError};

impl Simulation {
    /// Takes the world and its save back to an earlier tick, with the mods and settings
    /// of then. What is ahead is kept as a save of its own beside this one. What waits for
    /// the next tick waits on, as far as the mods of then know it.
    ///
    /// # Errors
    ///
    /// That the world has no save, that its history does not reach back to the tick, or
    /// that the save could not be written: the world stands where it stood then. Where it
    /// could not be opened again, the world is in memory only and has no save.
    pub fn rewind(&mut self, tick: u64) -> Result<Rewound, Error> {
        self.flush()?;
        self.keep_waiting()?;
        let Some(path) = self.journal.leave_save()? else {
            let what = "the world has no save to go back in".to_owned();
            return Err(SaveError::Query { what }.into());
        };
        let rewound = save::rewind_and_keep(&path, tick);
        let options = Options {
            threads: self.threads(),
            log: self.log.clone(),
            engines: self.engines.clone(),
            elsewhere: self.runtime.elsewhere().cloned(),
            outbox: self.journal.outbox_overrides(),
            accept_mods: true,
            ..Options::default()
        };
        let reopened = Self::open(&path, None, options)?;
        self.replace_by(reopened);
        let rewound = rewound?;
        self.course += 1;
        self.publish(None);
        Ok(rewound)
    }
}
