//! The tick: one discrete step of the world, all of it or nothing.
//!
//! What came from outside is taken, the next world is attempted, accepted, and
//! committed when it is time to; where mods that came lately faulted, those from
//! before come back. Whatever goes wrong, the world from before is still there.

use std::collections::VecDeque;

use tracing::trace_span;

use super::{Error, LogSink, Simulation};
use crate::ecs::Stamp;
use crate::journal::CommitFailure;
use crate::options::silent;
use crate::record::TickRecord;
use crate::runtime::PendingTick;
use crate::stopwatch::Stopwatch;

impl Simulation {
    /// Does one tick and commits it as the world's durability says.
    ///
    /// A mod that faults does not stop the tick. A tick that cannot be done with a
    /// mod is done again without it.
    ///
    /// # Errors
    ///
    /// That the save could not be written, or that the machine could not make a
    /// call: the world then stands where the save stands. A world that is to go on
    /// in memory has [`Simulation::unsaved`] ticks instead.
    pub fn tick(&mut self) -> Result<TickRecord, Error> {
        let done = self.do_tick();
        self.publish(done.as_ref().ok());
        self.tell_settled();
        done
    }

    fn do_tick(&mut self) -> Result<TickRecord, Error> {
        if self.world().tick() >= Stamp::TICK_MAX {
            return Err(Error::LastTick);
        }
        let _tick = trace_span!("tick", tick = self.world().tick() + 1).entered();
        let mut watch = Stopwatch::start();
        let given = trace_span!("inputs").in_scope(|| self.journal.take())?;
        let taken = watch.lap();
        let log = self.log.clone();
        let done = self.advance(VecDeque::from([PendingTick::new(given)]), &log);
        done.map_err(|error| self.journal.broken(error))?;
        let mut record = self.journal.last_record();
        record.timings.inputs = taken;
        watch.lap();
        if self.commit_if_due()? {
            record.timings.commit = watch.lap();
        }
        self.roll_back(&mut record)?;
        Ok(record)
    }

    /// Does ticks, and does one again without the mod that halts it. If that undid
    /// ticks which were not committed yet, they come first again, as they were.
    ///
    /// After an error the world stands somewhere between the ticks.
    fn advance(&mut self, mut ahead: VecDeque<PendingTick>, log: &LogSink) -> Result<(), Error> {
        while let Some(mut pending) = ahead.pop_front() {
            let Self { runtime, journal, .. } = self;
            let records = journal.records_steps();
            match runtime.attempt(journal.world(), journal.tables(), &pending, records) {
                Ok(mut attempt) => {
                    attempt.say(log);
                    journal.accept(attempt)?;
                }
                Err(halted) => {
                    pending.exclusions.push(runtime.exclusion(halted)?);
                    ahead.push_front(pending);
                    let again = journal.undo_attempt();
                    ahead = again.into_iter().chain(ahead).collect();
                }
            }
        }
        Ok(())
    }

    /// Commits the held ticks when it is time to; where that fails, goes on without
    /// or gives them up, as the world says. Says whether it did.
    fn commit_if_due(&mut self) -> Result<bool, Error> {
        if !self.journal.is_due() {
            return Ok(false);
        }
        match self.commit() {
            Err(error) if self.journal.is_failing() && self.journal.holds_too_much() => {
                let why = format!("no more may be kept in memory, and {error}");
                Err(self.journal.give_up(&why))
            }
            // A world that goes on has noted why.
            Err(_) if self.journal.is_failing() => Ok(false),
            flushed => flushed.map(|()| true),
        }
    }

    /// Commits the ticks that are not in the save yet.
    ///
    /// # Errors
    ///
    /// That the save could not be written. The ticks are undone, or stay
    /// [`Simulation::unsaved`] in a world that goes on in memory.
    pub fn flush(&mut self) -> Result<(), Error> {
        let done = self.commit();
        self.tell_settled();
        done
    }

    fn commit(&mut self) -> Result<(), Error> {
        let settled = self.about_to_settle();
        let done = trace_span!("commit").in_scope(|| self.journal.commit());
        let Err(CommitFailure { error, again }) = done else {
            self.settle(settled);
            return Ok(());
        };
        self.redo(again)?;
        Err(*error)
    }

    /// Does held ticks again, for what they wrote to tables.
    fn redo(&mut self, again: Vec<PendingTick>) -> Result<(), Error> {
        let first = self.saved_tick() + 1;
        let last = self.saved_tick() + again.len() as u64;
        // What mods had to say was said.
        self.advance(again.into(), &silent()).map_err(|error| {
            self.journal.undo();
            let why = format!("tables of mods need a save that can be read, and {error}");
            Error::Unsaved { first, last, why }
        })
    }
}
