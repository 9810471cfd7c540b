//! Ticks that are done and not in the save, because it could not be written.
//!
//! A world that is told to goes on in memory then. What it did stays held, as
//! ticks that durability holds back do, and is committed in order once the save
//! can be written: it is tried again after one more tick, then after two, four
//! and so on. What mods wrote to their tables was in the transaction that failed,
//! and comes into the next one by doing the held ticks again.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::SaveFailureMode;
use crate::record::TickRecord;
use crate::simulation::{Error, Simulation};
use crate::tick::once_more;

/// Ticks that are in memory only, because the save could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How often they could not be committed.
    pub tries: u32,
    /// Why not, the last time.
    pub cause: String,
}

impl Unsaved {
    /// Names them, as the beginning of a sentence.
    pub fn shown(&self) -> String {
        shown_ticks(self.first, self.last)
    }
}

/// A save that could not be written.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    tries: u32,
    /// With how many held ticks it is tried again.
    again_at: u64,
    cause: String,
}

impl Simulation {
    /// The tick that the save stands at.
    pub fn saved_tick(&self) -> u64 {
        self.committed.world.tick()
    }

    /// The ticks that are in memory only because the save could not be written.
    pub fn unsaved(&self) -> Option<Unsaved> {
        let Failing { tries, cause, .. } = self.failing.clone()?;
        let (first, last) = (self.saved_tick() + 1, self.now.world.tick());
        Some(Unsaved { first, last, tries, cause })
    }

    /// Commits the held ticks when it is time to; where that fails, goes on
    /// without or gives them up, as the world says. Says whether it did.
    pub(crate) fn save_held(&mut self) -> Result<bool, Error> {
        let held = self.held.len() as u64;
        let due = match &self.failing {
            Some(failing) => held >= failing.again_at || self.holds_too_much(),
            None => held >= self.ticks_per_commit(),
        };
        if !due {
            return Ok(false);
        }
        match self.flush() {
            Err(error) if self.failing.is_some() && self.holds_too_much() => {
                Err(self.give_up(&format!("no more may be kept in memory, and {error}")))
            }
            // A world that goes on has noted why.
            Err(_) if self.failing.is_some() => Ok(false),
            flushed => flushed.map(|()| true),
        }
    }

    /// After a commit failed: goes on in memory, if the world says so, or goes
    /// back to where the save stands.
    pub(crate) fn not_saved(&mut self, error: Error) -> Error {
        if !self.may_go_on(&error) {
            self.undo();
            return error;
        }
        let tries = self.failing.take().map_or(0, |failing| failing.tries) + 1;
        let pause = 1_u64.checked_shl(tries - 1).unwrap_or(u64::MAX);
        let again_at = (self.held.len() as u64).saturating_add(pause);
        if let Err(error) = self.redo_tables() {
            return error;
        }
        self.failing = Some(Failing { tries, again_at, cause: error.to_string() });
        error
    }

    /// Whether an error of the save is one that the world goes on after.
    pub(crate) fn may_go_on(&self, error: &Error) -> bool {
        self.config.on_save_failure.mode == SaveFailureMode::ContinueInMemory
            && matches!(error, Error::Save(error) if error.is_of_the_disk())
    }

    /// Goes back to where the save stands, and says what is lost with it.
    pub(crate) fn give_up(&mut self, why: &str) -> Error {
        let (first, last) = (self.saved_tick() + 1, self.now.world.tick());
        self.undo();
        Error::Unsaved { first, last, why: why.to_owned() }
    }

    /// Does the held ticks again, for what they wrote to tables: the transaction
    /// in which that was is gone.
    fn redo_tables(&mut self) -> Result<(), Error> {
        self.tables.undo_all();
        if self.now.world.tables.is_empty() {
            return Ok(());
        }
        let (first, last) = (self.saved_tick() + 1, self.now.world.tick());
        let again = self.held.take();
        self.now = self.committed.clone();
        // What mods had to say was said.
        let log = std::mem::replace(&mut self.log, Arc::new(|_, _, _| {}));
        let ahead = again.into_iter().map(once_more).collect();
        let redone = self.step(ahead);
        self.log = log;
        redone.map(drop).map_err(|error| {
            let why = format!("tables of mods need a save that can be read, and {error}");
            Error::Unsaved { first, last, why }
        })
    }

    fn holds_too_much(&self) -> bool {
        let limits = &self.config.on_save_failure;
        self.held.len() as u64 >= limits.ticks_max || self.held.bytes >= limits.max_bytes
    }
}

/// Records of ticks that are done and not in the save yet, weighed as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    records: Vec<TickRecord>,
    bytes: u64,
}

impl Held {
    /// Adds the record of the next tick.
    pub(crate) fn push(&mut self, record: TickRecord) {
        self.bytes = self.bytes.saturating_add(weight(&record));
        self.records.push(record);
    }

    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> Vec<TickRecord> {
        std::mem::take(self).records
    }
}

impl Deref for Held {
    type Target = [TickRecord];

    fn deref(&self) -> &[TickRecord] {
        &self.records
    }
}

/// Names ticks, as the subject of a sentence.
pub(crate) fn shown_ticks(first: u64, last: u64) -> String {
    match first == last {
        true => format!("tick {first} is"),
        false => format!("ticks {first} to {last} are"),
    }
}

/// About how many bytes a record takes.
fn weight(record: &TickRecord) -> u64 {
    let inputs = record.inputs.iter().map(|input| size_of_val(input) + input.payload.len());
    let events = record.events.iter().map(|event| size_of_val(event) + event.payload.len());
    let runs = record.runs.iter().map(size_of_val);
    let history = record.history.iter().map(Vec::len);
    (size_of_val(record) + inputs.chain(events).chain(runs).chain(history).sum::<usize>()) as u64
}
