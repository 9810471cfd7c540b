//! Other mods, while the world runs.

use super::{Error, Simulation};
use crate::catalog::ModSource;
use crate::compile::{Compiled, Compiler};
use crate::config::WorldConfig;
use crate::record::TickRecord;
use crate::runtime::Setback;
use crate::save::Cause;
use crate::swap::{Candidate, Swap};

impl Simulation {
    /// Compiles mods for this world.
    pub fn compiler(&self) -> Compiler {
        self.runtime.compiler(self.config().clone())
    }

    /// Puts other mods in the place of those that run, between two ticks. One that
    /// is not among them no longer takes part; what it left stays.
    ///
    /// # Errors
    ///
    /// That the mods cannot be loaded, do not fit together, or that the world's
    /// values cannot follow them; or that the save could not be written. The old
    /// ones run on, and nothing has changed.
    pub fn swap(&mut self, mods: Vec<ModSource>) -> Result<Swap, Error> {
        let compiled = self.compiler().compile(mods)?;
        self.swap_compiled(compiled)
    }

    /// As [`Simulation::swap`], with mods that [`Simulation::compiler`] made.
    ///
    /// # Errors
    ///
    /// As [`Simulation::swap`].
    pub fn swap_compiled(&mut self, mods: Vec<Compiled>) -> Result<Swap, Error> {
        self.adopt(self.config().clone(), mods, None)
    }

    /// As [`Simulation::swap_compiled`], with other settings of the world.
    ///
    /// # Errors
    ///
    /// As [`Simulation::swap`]; also that a setting was changed which never changes
    /// in the life of a save.
    pub fn swap_world(&mut self, config: WorldConfig, mods: Vec<Compiled>) -> Result<Swap, Error> {
        self.adopt(config, mods, None)
    }

    /// Puts mods in the place of those that run. Without a cause it is the one
    /// that the changes make.
    fn adopt(
        &mut self,
        config: WorldConfig,
        mods: Vec<Compiled>,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        self.flush()?;
        let candidate = self.prepare(config, mods)?;
        let swap = self.take_over(candidate, cause)?;
        self.publish(None);
        Ok(swap)
    }

    /// Finds out whether mods fit the world and each other.
    pub(super) fn prepare(
        &self,
        config: WorldConfig,
        mods: Vec<Compiled>,
    ) -> Result<Candidate, Error> {
        Candidate::new(&self.runtime, &self.journal.target()?, config, mods)
    }

    /// Every set of mods comes into a world by this way, together with the values
    /// that it changes: all of it or nothing.
    pub(super) fn take_over(
        &mut self,
        candidate: Candidate,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        let taken = self.try_to_take_over(candidate, cause);
        taken.inspect_err(|_| self.journal.undo_tables())
    }

    fn try_to_take_over(
        &mut self,
        candidate: Candidate,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        let Self { runtime, journal, .. } = self;
        let tables_before = journal.begin_adoption(&candidate)?;
        let adopted = candidate.carry_out(runtime, journal.world(), journal.tables(), cause)?;
        journal.adopt(&adopted, tables_before.as_deref())?;
        runtime.replace(adopted.loaded, adopted.set);
        Ok(adopted.swap)
    }

    /// Brings the mods from before back when one that came with the last swap
    /// faulted in a tick; the tick stays as it is.
    ///
    /// # Errors
    ///
    /// That the save could not be written: the world then stands where the save
    /// stands.
    pub(super) fn roll_back(&mut self, record: &mut TickRecord) -> Result<(), Error> {
        let Some(Setback { faulted, mods }) = self.runtime.sets().setback(record) else {
            return Ok(());
        };
        let config = self.config().clone();
        let compiled = self.compiler().compile(mods);
        self.flush().map_err(|error| match self.journal.is_failing() {
            true => {
                let why = format!("the mods from before must run again, and {error}");
                self.journal.give_up(&why)
            }
            false => error,
        })?;
        match compiled.and_then(|mods| self.adopt(config, mods, Some(Cause::RolledBack))) {
            Ok(_) => {
                tracing::warn!(
                    "the mods from before tick {} are back, as {} faulted",
                    record.tick,
                    faulted.join(", ")
                );
                record.rolled_back = faulted;
                Ok(())
            }
            Err(error @ Error::Save(_)) => Err(error),
            Err(error) => {
                tracing::warn!("{} faulted, and there is no way back: {error}", faulted.join(", "));
                Ok(())
            }
        }
    }
}
