//! A world in memory that goes on from somewhere and is never saved.
//!
//! Where it goes on from says who makes it: `verify` begins at a keyframe, a trial
//! of other mods at the last tick of a save, a scenario at a world that nothing
//! has happened to. A tick that fails leaves a fork where it was.

use std::sync::Arc;

use crate::compile::Compiled;
use crate::config::WorldConfig;
use crate::ecs::World;
use crate::error::Error;
use crate::hash::StateHasher;
use crate::options::{LogSink, silent};
use crate::record::{Conversions, Digest, Input, Step, TickRecord};
use crate::runtime::{PendingTick, Runtime};
use crate::save::{Cause, Recorder};
use crate::swap::{Candidate, Swap, Target};
use crate::tables::{Database, TableError};
use crate::tip::Tip;

/// A world in memory that goes on from somewhere.
pub struct Fork {
    runtime: Runtime,
    tip: Tip,
    tables: Arc<Database>,
    applied_conversions: Conversions,
    hasher: StateHasher,
    recorder: Recorder,
    log: LogSink,
    /// What the last tick consisted of, where that is kept.
    steps: Option<Vec<Step>>,
}

impl Fork {
    /// From a world, the chain hash that led to it, its tables, and the conversions
    /// that were made in it.
    pub fn new(
        runtime: Runtime,
        world: World,
        chain: Digest,
        tables: Arc<Database>,
        applied_conversions: Conversions,
    ) -> Self {
        let (tip, hasher) = (Tip::new(world, chain), StateHasher::default());
        let (recorder, log) = (Recorder::default(), silent());
        let steps = None;
        Self { runtime, tip, tables, applied_conversions, hasher, recorder, log, steps }
    }

    /// Gives on what mods say.
    pub fn with_log(self, log: LogSink) -> Self {
        Self { log, ..self }
    }

    /// Notes in the record of each tick all that it changed, step by step.
    pub fn recording(self) -> Self {
        Self { recorder: Recorder::of_everything(), ..self }
    }

    /// Keeps what each tick consists of, for [`Fork::take_steps`].
    pub fn keeping_steps(self) -> Self {
        Self { steps: Some(Vec::new()), ..self }
    }

    /// What the last tick consisted of, where that is kept.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.steps.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// What decides about its ticks.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The world after the last tick.
    pub fn world(&self) -> &World {
        self.tip.world()
    }

    /// The tables of mods.
    pub fn tables(&self) -> &Arc<Database> {
        &self.tables
    }

    /// Puts another world, and with it what tables have by now, in the place of the
    /// last one.
    ///
    /// # Errors
    ///
    /// That the tables could not be read.
    pub fn put(&mut self, mut world: World) -> Result<(), TableError> {
        self.tables.commit()?;
        world.tables = Arc::new(self.tables.tables()?);
        self.tip.replace_world(world);
        Ok(())
    }

    /// Finds out whether mods fit the world and each other, and the inputs that
    /// wait for it.
    ///
    /// # Errors
    ///
    /// Why they do not.
    pub fn prepare(
        &self,
        config: WorldConfig,
        mods: Vec<Compiled>,
        inputs: Vec<Input>,
    ) -> Result<Candidate, Error> {
        let (world, applied_conversions) = (self.world(), &self.applied_conversions);
        let target = Target { world, tables: &self.tables, applied_conversions, inputs };
        Candidate::new(&self.runtime, &target, config, mods)
    }

    /// Takes over other mods together with the values that they change. Without a
    /// cause it is the one that the changes make.
    ///
    /// # Errors
    ///
    /// A migration or a conversion that failed; the fork is as it was.
    pub fn take_over(&mut self, candidate: Candidate, cause: Option<Cause>) -> Result<Swap, Error> {
        let adopted = candidate.carry_out(&self.runtime, self.world(), &self.tables, cause);
        let committed = adopted.and_then(|adopted| {
            self.tables.commit().map_err(TableError::from)?;
            Ok(adopted)
        });
        let adopted = committed.inspect_err(|_| self.tables.undo_all())?;
        self.tip.replace_world(adopted.world);
        self.applied_conversions = adopted.applied_conversions;
        self.runtime.replace(adopted.loaded, adopted.set);
        Ok(adopted.swap)
    }

    /// Does one tick, and does it again without a mod that halts it.
    ///
    /// # Errors
    ///
    /// That the tables could not be written, or that the machine could not make a
    /// call; the fork is as it was.
    pub fn tick(&mut self, mut pending: PendingTick) -> Result<TickRecord, Error> {
        loop {
            let world = self.tip.world();
            let records = self.recorder.is_on() || self.steps.is_some();
            match self.runtime.attempt(world, &self.tables, &pending, records) {
                Ok(mut attempt) => {
                    let kept = self.tables.end_tick().and_then(|()| self.tables.commit());
                    kept.map_err(|error| {
                        self.tables.undo_all();
                        Error::Tables(error.to_string())
                    })?;
                    attempt.say(&self.log);
                    if let Some(steps) = &mut self.steps {
                        steps.clone_from(&attempt.steps);
                    }
                    return Ok(self.tip.advance(attempt, &mut self.hasher, &self.recorder));
                }
                Err(halted) => {
                    self.tables.undo_all();
                    pending.exclusions.push(self.runtime.exclusion(halted)?);
                }
            }
        }
    }
}
