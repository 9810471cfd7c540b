//! What decides about ticks: mods, their order, the settings of the world.
//!
//! A runtime holds no world and keeps nothing. [`Runtime::attempt`] is a function
//! from a world to the next; whether that one counts, and what becomes of it, is
//! for others: a [`Simulation`](crate::Simulation) accepts and commits it, a
//! [`Fork`](crate::fork::Fork) only goes on from it.

mod attempt;
mod edits;
mod input;
mod pending;
mod sets;

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::calls::{Elsewhere, LentMod};
use crate::compile::{Compiled, Compiler, source_of, thread_count};
use crate::config::WorldConfig;
use crate::error::Error;
use crate::guest::Engine;
use crate::plan::described;
use crate::program::{Mod, Program};
use crate::save::{RecordedSet, StoredMod};
use crate::schedule::Schedule;

pub use attempt::Attempt;
pub use input::checked as checked_input;
pub use pending::PendingTick;
pub use sets::{ModSets, Setback};

/// What decides about ticks.
pub struct Runtime {
    loaded: Loaded,
    sets: ModSets,
    pool: Option<ThreadPool>,
    /// What makes calls elsewhere, if anything does.
    elsewhere: Option<Arc<dyn Elsewhere>>,
}

/// What other mods and settings replace, all of it at once.
pub struct Loaded {
    /// The settings of the world.
    pub config: WorldConfig,
    /// The engine that the code of the mods is for.
    pub engine: Arc<Engine>,
    /// The mods and their systems.
    pub program: Program,
    /// The order of the systems.
    pub schedule: Schedule,
}

impl Runtime {
    /// For a world in which these mods ran, on so many threads. Nothing runs
    /// before mods are taken over.
    ///
    /// # Errors
    ///
    /// That the threads could not be started.
    pub fn new(
        config: WorldConfig,
        engine: Arc<Engine>,
        sets: ModSets,
        threads: usize,
    ) -> Result<Self, Error> {
        let (program, schedule) = (Program::new(), Schedule::new(&[])?);
        let loaded = Loaded { config, engine, program, schedule };
        Ok(Self { loaded, sets, pool: pool(threads)?, elsewhere: None })
    }

    /// Has calls made elsewhere as well, if anything makes them.
    pub fn lending(self, elsewhere: Option<Arc<dyn Elsewhere>>) -> Self {
        Self { elsewhere, ..self }
    }

    /// What makes calls elsewhere, if anything does.
    pub fn elsewhere(&self) -> Option<&Arc<dyn Elsewhere>> {
        self.elsewhere.as_ref()
    }

    /// Runs other mods from now on.
    pub fn replace(&mut self, loaded: Loaded, set: RecordedSet) {
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.loaded(loaded.config.world.strict_nan, lent(&loaded.program, &set));
        }
        self.loaded = loaded;
        self.sets.advance(set);
    }

    /// The settings of the world.
    pub fn config(&self) -> &WorldConfig {
        &self.loaded.config
    }

    /// The engine that runs the mods.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.loaded.engine
    }

    /// The loaded mods and their systems.
    pub fn program(&self) -> &Program {
        &self.loaded.program
    }

    /// The mods that run, and those that ran before.
    pub fn sets(&self) -> &ModSets {
        &self.sets
    }

    /// Threads that run guests.
    pub fn threads(&self) -> usize {
        self.pool.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Compiles mods for these or other settings of the world; the mods that run
    /// are not compiled again.
    pub fn compiler(&self, config: WorldConfig) -> Compiler {
        let Loaded { engine, program, .. } = &self.loaded;
        let known = |stored: &StoredMod| {
            let loaded = program.mods.iter().find(|loaded| loaded.id == stored.id)?;
            let (source, code) = (source_of(stored), loaded.code.clone());
            Some(Compiled::new(engine.clone(), source, code, described(stored).ok()?))
        };
        let known = self.sets.now().mods.iter().filter_map(known).collect();
        Compiler::of(engine.clone(), config, known)
    }
}

/// Mods, for who makes their calls elsewhere.
fn lent(program: &Program, set: &RecordedSet) -> Vec<LentMod> {
    let stored = |hash| set.mods.iter().find(|stored| stored.hash == hash);
    let lent = |loaded: &Mod| {
        let component = stored(loaded.code.hash)?.component.clone().into();
        Some(LentMod { hash: loaded.code.hash, component, assets: loaded.assets.clone() })
    };
    program.mods.iter().filter_map(lent).collect()
}

/// Threads for guests; none when one would do.
fn pool(threads: usize) -> Result<Option<ThreadPool>, Error> {
    const STACK_BYTES: usize = 8 << 20;
    match thread_count(threads) {
        1 => Ok(None),
        threads => ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .thread_name(|at| format!("guests-{at}"))
            .build()
            .map(Some)
            .map_err(|error| Error::Threads(error.to_string())),
    }
}
