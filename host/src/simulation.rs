//! A running world: its mods, its save, and how it is opened and closed.
//!
//! This is the front door for programs that embed Sandtable. The tick itself
//! is in [`tick`](crate::tick).

use std::path::Path;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};
use semver::Version;

use crate::catalog::{self, ModSource, Offered, Unresolved};
use crate::config::WorldConfig;
use crate::ecs::{ModState, Role, World, from_json};
use crate::guest::{Engine, GuestError, LogLine, declared};
use crate::hash::StateHasher;
use crate::persist::{self, Save, SaveError, StoredMod};
use crate::program::{self, Program, ProgramError, Terms};
use crate::record::{Digest, Input, TickRecord};
use crate::schedule::{Schedule, ScheduleError};
use crate::tables::{Database, Migration, TableError};

/// Takes what mods say: the system's full name, the tick, the line.
pub type LogSink = Arc<dyn Fn(&str, u64, &LogLine) + Send + Sync>;

/// How a world is run. None of it changes what happens in the world.
#[derive(Clone)]
pub struct Options {
    /// Threads that run guests. Zero: one for each core.
    pub threads: usize,
    /// Takes what mods say.
    pub log: LogSink,
}

impl Default for Options {
    /// All cores; log lines go to `tracing`.
    fn default() -> Self {
        Self { threads: 0, log: Arc::new(trace) }
    }
}

fn trace(system: &str, tick: u64, line: &LogLine) {
    use crate::guest::LogLevel;
    let text = &line.text;
    match line.level {
        LogLevel::Error => tracing::error!(tick, "{system}: {text}"),
        LogLevel::Warn => tracing::warn!(tick, "{system}: {text}"),
        LogLevel::Info => tracing::info!(tick, "{system}: {text}"),
        LogLevel::Debug => tracing::debug!(tick, "{system}: {text}"),
    }
}

/// Why a world could not be opened or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A component cannot be a mod.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The mods do not go together.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The mods do not fit together.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The systems cannot be ordered.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The save could not be read or written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A setting of a new save was changed for an existing one.
    #[error(
        "shard_rows is {found} in the save and {asked} was asked for; it never changes in the life of a save: \
         set it back, or make a new save"
    )]
    ShardRows {
        /// What the save has.
        found: usize,
        /// What was asked for.
        asked: usize,
    },
    /// An input that no mod declares, or that does not fit its declaration.
    #[error("input `{kind}`: {what}")]
    Input {
        /// Which input.
        kind: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The tables of mods cannot be made.
    #[error(transparent)]
    Migration(#[from] TableError),
    /// The tables of mods could not be read or written.
    #[error("the tables of mods could not be written: {0}; nothing that was committed is lost")]
    Tables(String),
    /// Threads could not be started.
    #[error("threads could not be started: {0}")]
    Threads(String),
}

/// A running world.
pub struct Simulation {
    pub(crate) config: WorldConfig,
    pub(crate) engine: Engine,
    pub(crate) program: Program,
    pub(crate) schedule: Schedule,
    pub(crate) pool: Option<ThreadPool>,
    pub(crate) log: LogSink,
    pub(crate) save: Option<Save>,
    /// The tables of mods: those of the save, or in memory without one.
    pub(crate) tables: Arc<Database>,
    pub(crate) hasher: StateHasher,
    pub(crate) now: Moment,
    /// The last moment that the save holds, or the start without a save.
    pub(crate) committed: Moment,
    /// Ticks done since then.
    pub(crate) held: Vec<TickRecord>,
    /// Inputs for the next tick.
    pub(crate) waiting: Vec<Input>,
    /// Inputs that ticks since the last commit were given, but for those that
    /// the save's own inbox still has.
    pub(crate) given: Vec<Input>,
}

/// A world, and the chain hash that led to it.
#[derive(Clone)]
pub(crate) struct Moment {
    pub world: World,
    pub chain: Digest,
}

impl Simulation {
    /// Makes a new world. Without a save it lives in memory only.
    pub fn create(
        save: Option<&Path>,
        config: WorldConfig,
        mods: Vec<ModSource>,
        options: Options,
    ) -> Result<Self, Error> {
        let world = World::new(config.world.shard_rows);
        let mut loaded = Loaded::new(&config, mods, world, &options)?;
        let Some(path) = save else {
            let tables = Arc::new(persist::in_memory()?);
            loaded.migrate(&tables)?;
            tables.commit().map_err(TableError::from)?;
            return Self::start(config, loaded, None, tables, [0; 32], options);
        };
        let mut save = Save::create(path, &config, &loaded.world)?;
        let tables = save.database();
        let made = loaded.migrate(&tables).and_then(|()| {
            let stored = std::mem::take(&mut loaded.stored);
            Ok(save.record_mods(&stored, &loaded.world)?)
        });
        if let Err(error) = made {
            drop(tables);
            save.discard();
            return Err(error);
        }
        Self::start(config, loaded, Some(save), tables, [0; 32], options)
    }

    /// Opens a save: with other settings and mods, or with its own.
    pub fn open(
        save: &Path,
        mods: Option<(WorldConfig, Vec<ModSource>)>,
        options: Options,
    ) -> Result<Self, Error> {
        let (mut save, saved, mut world) = Save::open(save)?;
        let before = save.mods()?;
        let (config, mods): (WorldConfig, Vec<ModSource>) = match mods {
            None => (saved, before.iter().map(source_of).collect()),
            Some((config, mods)) => {
                if config.world.shard_rows != saved.world.shard_rows {
                    return Err(Error::ShardRows {
                        found: saved.world.shard_rows,
                        asked: config.world.shard_rows,
                    });
                }
                (config, mods)
            }
        };
        forgive_changed(&mut world, &before, &mods);
        let mut loaded = Loaded::new(&config, mods, world, &options)?;
        // Only now: mods that do not fit leave the save as it is.
        save.set_config(&config)?;
        let tables = save.database();
        let made = loaded.migrate(&tables).and_then(|()| {
            let stored = std::mem::take(&mut loaded.stored);
            Ok(save.record_mods(&stored, &loaded.world)?)
        });
        if let Err(error) = made {
            tables.undo_all();
            return Err(error);
        }
        let chain = save.chain();
        Self::start(config, loaded, Some(save), tables, chain, options)
    }

    fn start(
        config: WorldConfig,
        loaded: Loaded,
        save: Option<Save>,
        tables: Arc<Database>,
        chain: Digest,
        options: Options,
    ) -> Result<Self, Error> {
        let now = Moment { world: loaded.world, chain };
        Ok(Self {
            config,
            engine: loaded.engine,
            program: loaded.program,
            schedule: loaded.schedule,
            pool: pool(options.threads)?,
            log: options.log,
            save,
            tables,
            hasher: StateHasher::default(),
            committed: now.clone(),
            now,
            held: Vec::new(),
            waiting: Vec::new(),
            given: Vec::new(),
        })
    }

    /// Gives the next tick an input: its full name, its fields as JSON, and who
    /// sent it.
    pub fn send(
        &mut self,
        kind: &str,
        json: &serde_json::Value,
        sender: &str,
    ) -> Result<(), Error> {
        let wrong = |what: String| Error::Input { kind: kind.to_owned(), what };
        let registry = &self.now.world.registry;
        let id = registry.find(kind).filter(|id| registry.get(*id).role == Role::Input);
        let Some(id) = id else {
            let inputs = registry.iter().filter(|(_, kind)| kind.role == Role::Input);
            let mut known: Vec<_> = inputs.map(|(_, kind)| format!("`{}`", kind.name)).collect();
            known.sort();
            return Err(wrong(match known.as_slice() {
                [] => "no mod of this world declares an input".to_owned(),
                known => format!("no mod declares it; there are {}", known.join(", ")),
            }));
        };
        let payload =
            from_json(registry.get(id), json).map_err(|problem| wrong(problem.to_string()))?;
        self.waiting.push(Input { kind: id, sender: sender.to_owned(), payload: payload.into() });
        Ok(())
    }

    /// The world after the last tick.
    pub fn world(&self) -> &World {
        &self.now.world
    }

    /// Its settings.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The loaded mods and their systems.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The state hash of the world after the last tick.
    pub fn hash(&mut self) -> Digest {
        self.hasher.digest(&self.now.world)
    }

    /// The chain hash of all ticks up to the last.
    pub fn chain(&self) -> Digest {
        self.now.chain
    }

    /// Threads that run guests.
    pub fn threads(&self) -> usize {
        self.pool.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Commits what is still held back and closes the save, which is then one
    /// file.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()?;
        drop(self.tables);
        match self.save.take() {
            Some(save) => Ok(save.close()?),
            None => Ok(()),
        }
    }
}

/// What has been loaded, before anything runs.
struct Loaded {
    engine: Engine,
    program: Program,
    schedule: Schedule,
    world: World,
    stored: Vec<StoredMod>,
    migrations: Vec<(String, Vec<Migration>)>,
}

impl Loaded {
    fn new(
        config: &WorldConfig,
        mut mods: Vec<ModSource>,
        mut world: World,
        options: &Options,
    ) -> Result<Self, Error> {
        mods.sort_by(|one, two| one.id.cmp(&two.id));
        let terms: Vec<Terms> =
            mods.iter().map(|source| Terms::of(source, &mods, config)).collect();
        let emergency_stop = terms.iter().any(|terms| terms.limits.wall_clock_max_millis > 0);
        let engine =
            Engine::new(config.world.strict_nan, emergency_stop, thread_count(options.threads))?;
        let mut ready = Vec::with_capacity(mods.len());
        for (source, terms) in mods.into_iter().zip(terms) {
            let name = format!("mod `{}`", source.id);
            let code = engine.load(&name, &source.component)?;
            let declaration = engine.describe(&name, &code, &terms.limits, terms.assets.clone())?;
            program::check(&source, &declaration, config)?;
            ready.push((source, terms, code, declaration));
        }
        let offered: Vec<Offered<'_>> =
            ready.iter().map(|(source, .., declaration)| offered(source, declaration)).collect();
        let depths = catalog::resolve(&offered)?;
        ready.sort_by_key(|(source, ..)| depths.get(&source.id).copied());
        let mut program = Program::new();
        let mut stored = Vec::with_capacity(ready.len());
        let mut migrations = Vec::with_capacity(ready.len());
        let registry = Arc::make_mut(&mut world.registry);
        for (source, terms, code, declaration) in ready {
            migrations.push((source.id.clone(), migrations_of(&declaration)));
            stored.push(stored_of(source, code.hash, &declaration));
            program.add(code, &declaration, terms, registry)?;
        }
        let schedule = Schedule::new(&program.systems)?;
        let (changed, added) = program.tracked();
        world.watch(&changed, &added, program.topics());
        Ok(Self { engine, program, schedule, world, stored, migrations })
    }

    /// Runs the migrations of all mods, in a transaction that stays open.
    fn migrate(&mut self, tables: &Database) -> Result<(), Error> {
        let mut ran = false;
        for (id, migrations) in &self.migrations {
            ran |= !tables.migrate(id, migrations, self.world.tick())?.is_empty();
        }
        if ran {
            self.world.tables = Arc::new(tables.tables().map_err(TableError::from)?);
        }
        Ok(())
    }
}

/// A mod as others see it who depend on it. That its version is one has been
/// checked.
fn offered<'a>(source: &'a ModSource, declaration: &declared::Description) -> Offered<'a> {
    let version = declaration.version.parse().unwrap_or_else(|_| Version::new(0, 0, 0));
    Offered { id: &source.id, version, manifest: source.manifest.as_ref() }
}

/// A mod as the save will carry it.
fn stored_of(source: ModSource, hash: Digest, declaration: &declared::Description) -> StoredMod {
    let ModSource { id, component, assets, manifest, source } = source;
    // A declaration is texts, numbers and lists, which JSON has words for.
    let text = serde_json::to_string(declaration).unwrap_or_default();
    let version = declaration.version.clone();
    StoredMod { id, version, hash, component, assets, manifest, source, declaration: text }
}

fn migrations_of(declaration: &declared::Description) -> Vec<Migration> {
    let migration = |declared: &declared::Migration| Migration {
        name: declared.name.clone(),
        sql: declared.sql.clone(),
    };
    declaration.migrations.iter().map(migration).collect()
}

/// A mod as the save carries it.
fn source_of(stored: &StoredMod) -> ModSource {
    ModSource {
        id: stored.id.clone(),
        component: stored.component.clone(),
        assets: stored.assets.clone(),
        manifest: stored.manifest.clone(),
        source: stored.source.clone(),
    }
}

/// A mod that comes with other code starts with a clean record.
fn forgive_changed(world: &mut World, before: &[StoredMod], now: &[ModSource]) {
    for source in now {
        let known = before.iter().find(|stored| stored.id == source.id);
        let changed = known.is_some_and(|stored| stored.component != source.component);
        if changed && world.mods.contains_key(&source.id) {
            Arc::make_mut(&mut world.mods).insert(source.id.clone(), ModState::default());
        }
    }
}

fn thread_count(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        asked => asked,
    }
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
