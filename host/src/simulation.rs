//! A running world: its mods, its save, and how it is opened and closed.
//!
//! This is the front door for programs that embed Sandtable. The tick itself
//! is in [`tick`](crate::tick).

use std::path::Path;
use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::audience::{self, Readers};
use crate::catalog::{ModSource, Unresolved};
use crate::config::WorldConfig;
use crate::ecs::{KindId, Role, Stamp, Topic, World, canonical_value, from_json};
use crate::guest::{Engine, GuestError, LogLine};
use crate::hash::StateHasher;
use crate::migration::MigrationError;
use crate::pack::{self, Keys};
use crate::persist::{self, Cause, Contents, RecordedSet, Recorder, Save, SaveError};
use crate::plan::Plan;
use crate::program::{Program, ProgramError, System};
use crate::record::{Conversions, Digest, Given, Input, Resume, hex};
use crate::schedule::{Schedule, ScheduleError};
use crate::settings::{self, SettingsError};
use crate::swap::{Compiled, Compiler, source_of};
use crate::tables::{Database, TableError};
use crate::tick::has_run;
use crate::unsaved::{Failing, Held, shown_ticks};

/// Takes what mods say: the system's full name, the tick, the line.
pub type LogSink = Arc<dyn Fn(&str, u64, &LogLine) + Send + Sync>;

/// How a world is run. None of it changes what happens in the world.
#[derive(Clone)]
pub struct Options {
    /// Threads that run guests. Zero: one for each core.
    pub threads: usize,
    /// Takes what mods say.
    pub log: LogSink,
    /// Whether a save may be opened with other mods than it last ran with.
    pub accept_mods: bool,
    /// Whether a new save keeps of its mods only what they are, and not
    /// themselves.
    pub slim: bool,
    /// Public keys of minisign: who is trusted to have made packs, besides those
    /// that a save trusts.
    pub trust: Vec<String>,
}

impl Default for Options {
    /// All cores; log lines go to `tracing`; a save takes the mods it is given,
    /// and carries them.
    fn default() -> Self {
        let (log, trust) = (Arc::new(trace), Vec::new());
        Self { threads: 0, log, accept_mods: true, slim: false, trust }
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
    /// The mods do not fit together.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The mods need others than there are.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The settings of a mod do not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The systems cannot be ordered.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The save could not be read or written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The values of the save cannot follow the mods.
    #[error("the mods do not fit: {}", .0.refusals().collect::<Vec<_>>().join("; and "))]
    Incompatible(Box<Plan>),
    /// A pack cannot be used.
    #[error(transparent)]
    Pack(#[from] pack::Error),
    /// The mods are not those that the save last ran with, and that was not
    /// accepted.
    #[error("the mods are not those that the save last ran with: accept them, or give those")]
    OtherMods(Box<Plan>),
    /// The values of the save could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
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
    /// What people should know entities by is nothing that a mod declares.
    #[error("{0}")]
    Label(String),
    /// A mod that cannot take part again.
    #[error("{0}")]
    Resume(String),
    /// The tables of mods cannot be made.
    #[error(transparent)]
    Migrations(#[from] TableError),
    /// A mod that ran is nowhere.
    #[error(
        "mod `{mod_id}` ran in this save, and its component {hash} is not in it: put it back with `sandtable embed`"
    )]
    Lost {
        /// Which mod.
        mod_id: String,
        /// The digest of its component.
        hash: String,
    },
    /// The tables of mods could not be read or written.
    #[error("the tables of mods could not be written: {0}; nothing that was committed is lost")]
    Tables(String),
    /// This machine could not make a call.
    #[error(
        "a call of mod `{mod_id}` could not be made, for want of memory or the like: {why}; \
         nothing that was committed is lost: go on when the machine has room, or with fewer \
         `--threads`"
    )]
    Host {
        /// Whose call.
        mod_id: String,
        /// What the machine lacked.
        why: String,
    },
    /// Ticks that were in memory only could not be kept there any longer.
    #[error("{} lost: {why}", shown_ticks(*first, *last))]
    Unsaved {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// Why, and what can be done.
        why: String,
    },
    /// The world has come to the last tick that there is a number for.
    #[error("tick {} is the last one that a world can have", Stamp::TICK_MAX)]
    LastTick,
    /// Code that different compilers made.
    #[error("the mods were compiled by different compilers: compile them together")]
    Compilers,
    /// What a save holds is not the world that was computed.
    #[error(
        "tick {tick} left a world with the hash {computed}, and the save that was closed and \
         opened again has {found}: keep the save and report this, it is a fault of the host or \
         the machine"
    )]
    Reopened {
        /// The last tick.
        tick: u64,
        /// The state hash that was recorded.
        computed: String,
        /// The state hash of the world that came back.
        found: String,
    },
    /// Threads could not be started.
    #[error("threads could not be started: {0}")]
    Threads(String),
}

impl From<settings::Error> for Error {
    fn from(error: settings::Error) -> Self {
        match error {
            settings::Error::Given(error) => error.into(),
            settings::Error::Declared(error) => ProgramError::from(error).into(),
        }
    }
}

/// A running world.
pub struct Simulation {
    pub(crate) config: WorldConfig,
    pub(crate) engine: Arc<Engine>,
    pub(crate) program: Program,
    pub(crate) schedule: Schedule,
    pub(crate) pool: Option<ThreadPool>,
    pub(crate) log: LogSink,
    pub(crate) save: Option<Save>,
    /// The tables of mods: those of the save, or in memory without one.
    pub(crate) tables: Arc<Database>,
    /// The mods that run, and those from before the last swap.
    pub(crate) set: RecordedSet,
    pub(crate) before: Option<RecordedSet>,
    /// Conversions that the world has behind it.
    pub(crate) behind: Conversions,
    pub(crate) hasher: StateHasher,
    /// What of each tick history keeps.
    pub(crate) recorder: Recorder,
    pub(crate) now: Moment,
    /// The last moment that the save holds, or the start without a save.
    pub(crate) committed: Moment,
    /// Ticks done since then.
    pub(crate) held: Held,
    /// Set while the world goes on in memory, because the save cannot be written.
    pub(crate) failing: Option<Failing>,
    /// What the next tick is given.
    pub(crate) waiting: Given,
    /// What ticks since the last commit were given, but for what the save's own
    /// inbox still has.
    pub(crate) given: Given,
}

/// A world, and the chain hash that led to it.
#[derive(Clone)]
pub(crate) struct Moment {
    pub world: World,
    pub chain: Digest,
    /// The last world that history can come back to.
    pub kept: World,
}

impl Simulation {
    /// Makes a new world. Without a save it lives in memory only.
    pub fn create(
        save: Option<&Path>,
        config: WorldConfig,
        mods: Vec<ModSource>,
        options: Options,
    ) -> Result<Self, Error> {
        let compiler = Compiler::new(config.clone(), options.threads)?;
        let mods = compiler.compile(mods)?;
        Self::create_compiled(save, config, &compiler, mods, options)
    }

    /// As [`Simulation::create`], with mods that a compiler made.
    pub(crate) fn create_compiled(
        save: Option<&Path>,
        config: WorldConfig,
        compiler: &Compiler,
        mods: Vec<Compiled>,
        options: Options,
    ) -> Result<Self, Error> {
        let slim = options.slim;
        let world = World::new(config.world.shard_rows);
        let tables = Arc::new(persist::in_memory()?);
        let mut made = Self::empty(config.clone(), compiler.engine(), world, tables, options)?;
        let prepared = made.prepare(config.clone(), mods)?;
        if let Some(path) = save {
            let save = Save::draft(path, &config, made.world())?;
            made.tables = save.database();
            made.save = Some(save);
        }
        let slimmed = match &mut made.save {
            Some(save) if slim => save.slim().map_err(Error::from),
            _ => Ok(()),
        };
        let taken = slimmed.and_then(|()| made.take_over(prepared, Some(Cause::Made)));
        if let Err(error) = taken.and_then(|_| made.appear()) {
            let save = made.save.take();
            drop(made);
            save.into_iter().for_each(Save::discard);
            return Err(error);
        }
        made.before = None;
        Ok(made)
    }

    /// Gives the save its name, now that all of the world is in it.
    fn appear(&mut self) -> Result<(), Error> {
        let Some(save) = self.save.take() else { return Ok(()) };
        self.tables = Arc::new(persist::in_memory()?);
        let save = save.appear()?;
        self.tables = save.database();
        self.save = Some(save);
        Ok(())
    }

    /// Opens a save: with other settings and mods, or with its own.
    pub fn open(
        save: &Path,
        mods: Option<(WorldConfig, Vec<ModSource>)>,
        options: Options,
    ) -> Result<Self, Error> {
        let (save, saved, world) = Save::open(save)?;
        let elsewhere = match &mods {
            _ if !save.is_slim() => Contents::new(),
            None => {
                let keys = Keys::new(&[&options.trust[..], &saved.trust.keys].concat())?;
                pack::contents_beside(save.path(), &save.lock()?, &keys)?
            }
            Some((_, mods)) => pack::contents(mods),
        };
        let (set, before) = save.last_sets(&elsewhere)?;
        let (mut config, mods) = match mods {
            None => (saved.clone(), save.mods(&elsewhere)?.iter().map(source_of).collect()),
            Some(given) => given,
        };
        config.renew();
        let (compiler, accept) =
            (Compiler::new(config.clone(), options.threads)?, options.accept_mods);
        let tables = save.database();
        let mut opened = Self::empty(saved, compiler.engine(), world, tables, options)?;
        opened.now.chain = save.chain();
        opened.behind = save.behind().clone();
        (opened.set, opened.before) = (set, before);
        let (history, registry) = (&opened.config.history, &opened.now.world.registry);
        opened.recorder = Recorder::new(history, registry);
        opened.save = Some(save);
        let prepared = opened.prepare(config, compiler.compile(mods)?)?;
        if !accept && !prepared.plan.is_empty() {
            return Err(Error::OtherMods(Box::new(prepared.plan)));
        }
        opened.take_over(prepared, None)?;
        Ok(opened)
    }

    /// A world in which nothing runs yet.
    pub(crate) fn empty(
        config: WorldConfig,
        engine: Arc<Engine>,
        world: World,
        tables: Arc<Database>,
        options: Options,
    ) -> Result<Self, Error> {
        let now = Moment { kept: world.clone(), world, chain: [0; 32] };
        Ok(Self {
            config,
            engine,
            program: Program::new(),
            schedule: Schedule::new(&[])?,
            pool: pool(options.threads)?,
            log: options.log,
            save: None,
            tables,
            set: RecordedSet::default(),
            before: None,
            behind: Conversions::new(),
            hasher: StateHasher::default(),
            recorder: Recorder::default(),
            committed: now.clone(),
            now,
            held: Held::default(),
            failing: None,
            waiting: Given::default(),
            given: Given::default(),
        })
    }

    /// Gives the next tick an input: its full name, its fields as JSON, and who
    /// sent it. One that nobody would read is refused.
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
                known => format!("{}; there are {}", registry.why_no_input(kind), known.join(", ")),
            }));
        };
        let payload =
            from_json(registry.get(id), json).map_err(|problem| wrong(problem.to_string()))?;
        if let Some(why) = audience::objection(kind, &self.readers_of(id)) {
            return Err(wrong(format!("{why}: resume it first")));
        }
        let input = Input { kind: id, sender: sender.to_owned(), payload: payload.into() };
        self.waiting.inputs.push(input);
        Ok(())
    }

    /// The mods of the systems that read an input, and whether each is suspended.
    fn readers_of(&self, kind: KindId) -> Readers {
        let world = &self.now.world;
        let reads = |system: &&Arc<System>| {
            let is_over = system.startup && has_run(&world.systems, system);
            !is_over && system.reads.contains(&Topic::Kind(kind))
        };
        let systems = self.program.systems.iter().filter(reads);
        let owners = systems.map(|system| &self.program.mods[system.owner].id);
        owners.map(|id| (id.clone(), world.is_suspended(id))).collect()
    }

    /// Lets a suspended mod take part again from the next tick on, and keeps who
    /// asked for it.
    pub fn resume(&mut self, mod_id: &str, sender: &str) -> Result<(), Error> {
        let suspended = self.now.world.suspended().map(str::to_owned).collect();
        if let Some(why) = persist::objection_to_resume(mod_id, &suspended) {
            return Err(Error::Resume(why));
        }
        let (mod_id, sender) = (mod_id.to_owned(), sender.to_owned());
        self.waiting.resumes.push(Resume { mod_id, sender });
        Ok(())
    }

    /// Gives the next tick an input that another run of the same save was given.
    pub fn give(&mut self, input: Input) -> Result<(), Error> {
        let registry = &self.now.world.registry;
        let known =
            registry.iter().find(|(id, kind)| *id == input.kind && kind.role == Role::Input);
        let Some((_, kind)) = known else {
            let (kind, what) = (format!("kind {}", input.kind.0), "no mod declares it".to_owned());
            return Err(Error::Input { kind, what });
        };
        let mut canonical = Vec::with_capacity(input.payload.len());
        let mut rest = &input.payload[..];
        let wrong = |what: String| Error::Input { kind: kind.name.clone(), what };
        canonical_value(kind, &mut rest, &mut canonical, &mut Ok)
            .map_err(|problem| wrong(problem.to_string()))?;
        if !rest.is_empty() {
            return Err(wrong("bytes are left over after its fields".to_owned()));
        }
        self.waiting.inputs.push(Input { payload: canonical.into(), ..input });
        Ok(())
    }

    /// Gives the world as the last tick left it a name in the save, by which it
    /// can be gone back to. It is there once the next tick is committed, or the
    /// save closed; a world without a save has nowhere to keep it.
    pub fn snapshot(&mut self, name: &str, note: &str) -> Result<(), Error> {
        self.flush()?;
        match &mut self.save {
            Some(save) => Ok(save.name_last(name, note)?),
            None => Ok(()),
        }
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

    /// The mods that run, as they could be loaded again.
    pub fn mods(&self) -> impl Iterator<Item = ModSource> {
        self.set.mods.iter().map(source_of)
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

    /// Closes the save and goes on with what it holds, which must be the world
    /// as it is. A world without a save has nothing to go back to and goes on.
    ///
    /// After an error the world is still there, but has no save any more.
    pub fn reopen(&mut self) -> Result<(), Error> {
        self.flush()?;
        let nowhere = Arc::new(persist::in_memory()?);
        let Some(save) = self.save.take() else { return Ok(()) };
        let path = save.path().to_owned();
        self.tables = nowhere;
        save.close()?;
        let options = Options {
            threads: self.threads(),
            log: self.log.clone(),
            accept_mods: false,
            ..Options::default()
        };
        let given = (self.config.clone(), self.mods().collect());
        let mut reopened = Self::open(&path, Some(given), options)?;
        let (computed, found) = (self.hash(), reopened.hash());
        if computed != found {
            let (computed, found) = (hex(&computed), hex(&found));
            return Err(Error::Reopened { tick: self.now.world.tick(), computed, found });
        }
        reopened.waiting = std::mem::take(&mut self.waiting);
        *self = reopened;
        Ok(())
    }

    /// Commits what is still held back and closes the save, which is then one
    /// file.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush().map_err(|error| match self.failing {
            Some(_) => self.give_up(&error.to_string()),
            None => error,
        })?;
        drop(self.tables);
        match self.save.take() {
            Some(save) => Ok(save.close()?),
            None => Ok(()),
        }
    }
}

pub(crate) fn thread_count(asked: usize) -> usize {
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
