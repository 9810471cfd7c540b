//! A world whose recorded ticks are run again, from one that its save has.
//!
//! Each tick is given the inputs, edits, resumes and exclusions that the save has of it.
//! Guards against what takes long are off, for what they did is among the exclusions.
//! Where other mods or settings came, they come again.

use std::sync::Arc;

use crate::catalog::ModSource;
use crate::compile::{Compiler, source_of};
use crate::config::{Limits, WorldConfig};
use crate::ecs::{Entity, World};
use crate::error::Error;
use crate::fork::Fork;
use crate::record::{Exclusion, Given, Step, TickRecord, hex};
use crate::runtime::{ModSets, PendingTick, Runtime};
use crate::save::{Labels, ReplayLog, SaveError, Start};

/// On which terms ticks are run again.
#[derive(Default)]
pub(crate) struct Terms {
    /// What knows mods already, so that they are not compiled again.
    pub compiler: Option<Compiler>,
    /// Whether edits are done that the world does not grant.
    pub grants_edits: bool,
    /// Threads that run guests.
    pub threads: usize,
}

/// A world whose ticks are run again.
pub(crate) struct Replay {
    /// What the save has of its ticks.
    pub replay_log: Arc<ReplayLog>,
    fork: Fork,
    compiler: Compiler,
    /// The places of the next set of mods and the next settings.
    next: (usize, usize),
    grants_edits: bool,
}

impl Replay {
    /// From a world that the save has.
    ///
    /// # Errors
    ///
    /// That the mods of then are nowhere, or do not run on this machine.
    pub fn new(replay_log: Arc<ReplayLog>, start: Start, terms: Terms) -> Result<Self, Error> {
        let Terms { compiler, grants_edits, threads } = terms;
        let Start { world, tables, applied_conversions, is_adopted } = start;
        let at = world.tick();
        let has_begun = |since: u64| since < at || (since == at && is_adopted);
        let set = replay_log.sets.iter().rposition(|set| has_begun(set.since)).unwrap_or(0);
        let setting =
            replay_log.settings.iter().rposition(|(since, _)| has_begun(*since)).unwrap_or(0);
        let next = (set + 1, setting + 1);
        let config = replay_log
            .settings
            .get(setting)
            .map_or_else(|| WorldConfig::of(""), |(_, it)| unguarded(it, grants_edits));
        let compiler = match compiler {
            Some(compiler) => compiler.with(config.clone(), threads)?,
            None => Compiler::new(config.clone(), threads)?,
        };
        let before = set.checked_sub(1).and_then(|before| replay_log.sets.get(before)).cloned();
        let sets = ModSets::new(replay_log.sets.get(set).cloned().unwrap_or_default(), before);
        let runtime = Runtime::new(config.clone(), compiler.engine(), sets, threads)?;
        let chain = replay_log.hashes.get(&at).map_or([0; 32], |(_, chain)| *chain);
        let fork = Fork::new(runtime, world, chain, Arc::new(tables), applied_conversions);
        let mut replay = Self { replay_log, fork, compiler, next, grants_edits };
        let mods = replay.compiler.compile(replay.sources(set)?)?;
        replay.compiler.remember(&mods);
        let candidate = replay.fork.prepare(config, mods, Vec::new())?;
        replay.fork.take_over(candidate, None)?;
        Ok(replay)
    }

    /// Notes in the record of each tick all that it changed, step by step.
    pub fn recording(self) -> Self {
        Self { fork: self.fork.recording(), ..self }
    }

    /// Keeps what each tick consists of, for [`Replay::take_steps`].
    pub fn keeping_steps(self) -> Self {
        Self { fork: self.fork.keeping_steps(), ..self }
    }

    /// What the last tick consisted of, where that is kept.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.fork.take_steps()
    }

    /// The living entity of a text: `12v3`, or what it is called.
    ///
    /// # Errors
    ///
    /// There is none, or several are called so.
    pub fn entity_called(&self, text: &str) -> Result<Entity, SaveError> {
        let labels = &self.fork.runtime().config().world.label;
        let labels = Labels::over(labels, &self.world().registry);
        labels.entity(self.world(), text).map_err(|what| SaveError::Query { what })
    }

    /// The world after the last tick.
    pub fn world(&self) -> &World {
        self.fork.world()
    }

    /// The world in memory.
    pub fn fork(&self) -> &Fork {
        &self.fork
    }

    /// What compiled its mods, and knows them.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    fn sources(&self, set: usize) -> Result<Vec<ModSource>, Error> {
        let mods = self.replay_log.sets.get(set).map_or(&[][..], |set| &set.mods[..]);
        match mods.iter().find(|stored| stored.component.is_empty()) {
            None => Ok(mods.iter().map(source_of).collect()),
            Some(lost) => Err(Error::Lost { mod_id: lost.id.clone(), hash: hex(&lost.hash) }),
        }
    }

    /// Takes over the mods and settings that came before a tick.
    ///
    /// # Errors
    ///
    /// That those mods are nowhere, or cannot be taken over.
    pub fn keep_up(&mut self, tick: u64) -> Result<(), Error> {
        loop {
            let set = self.replay_log.sets.get(self.next.0).filter(|set| set.since < tick);
            let settings =
                self.replay_log.settings.get(self.next.1).filter(|(since, _)| *since < tick);
            let upto = match (set, settings) {
                (None, None) => return Ok(()),
                (Some(set), None) => set.since,
                (None, Some((since, _))) => *since,
                (Some(set), Some((since, _))) => set.since.min(*since),
            };
            while self.replay_log.settings.get(self.next.1).is_some_and(|(since, _)| *since <= upto)
            {
                self.next.1 += 1;
            }
            let cause = self.replay_log.sets.get(self.next.0).filter(|set| set.since <= upto);
            let cause = cause.map(|set| set.cause);
            if cause.is_some() {
                self.next.0 += 1;
            }
            let settings = &self.replay_log.settings[self.next.1 - 1].1;
            let config = unguarded(settings, self.grants_edits);
            let mods = self.sources(self.next.0 - 1)?;
            let threads = self.fork.runtime().threads();
            self.compiler = self.compiler.with(config.clone(), threads)?;
            let compiled = self.compiler.compile(mods)?;
            self.compiler.remember(&compiled);
            let candidate = self.fork.prepare(config, compiled, Vec::new())?;
            self.fork.take_over(candidate, cause)?;
        }
    }

    /// What a tick was given; nothing for one that is still to come.
    pub fn given(&self, tick: u64) -> PendingTick {
        let ReplayLog { inputs, resumes, edits, settings, .. } = &*self.replay_log;
        let of_then = settings.iter().rfind(|(since, _)| *since < tick);
        // Edits that were refused for want of a grant are not done because of another.
        let were_done = !self.grants_edits || of_then.is_some_and(|(_, it)| it.api.edit);
        let edits = edits.get(&tick).filter(|_| were_done);
        let given = Given {
            inputs: inputs.get(&tick).cloned().unwrap_or_default(),
            resumes: resumes.get(&tick).cloned().unwrap_or_default(),
            edits: edits.cloned().unwrap_or_default(),
            requests: Vec::new(),
        };
        PendingTick { given, exclusions: self.exclusions(tick).to_vec() }
    }

    /// The mods that were left out of a tick.
    pub fn exclusions(&self, tick: u64) -> &[Exclusion] {
        self.replay_log.exclusions.get(&tick).map_or(&[][..], |them| them)
    }

    /// Does one tick.
    ///
    /// # Errors
    ///
    /// As [`Fork::tick`].
    pub fn tick(&mut self, pending: PendingTick) -> Result<TickRecord, Error> {
        self.fork.tick(pending)
    }
}

/// Settings without guards that look at a clock or at the machine: what those
/// did is recorded.
fn unguarded(config: &WorldConfig, grants_edits: bool) -> WorldConfig {
    let mut config = config.clone();
    config.api.edit |= grants_edits;
    let Limits { wall_clock_max_millis, sql_steps_max, sql_memory_max_bytes, .. } =
        &mut config.limits;
    (*wall_clock_max_millis, *sql_steps_max, *sql_memory_max_bytes) = (0, 0, 0);
    for settings in config.mods.values_mut() {
        settings.limits.wall_clock_max_millis = None;
        settings.limits.sql_steps_max = None;
        settings.limits.sql_memory_max_bytes = None;
    }
    config
}
