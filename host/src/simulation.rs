//! A running world: its mods, its save, and how it is opened and closed.
//!
//! This is the front door for programs that embed Sandtable. Behind it are a
//! `Runtime`, which decides what a tick does, and a `Journal`, which decides
//! what becomes of it; the tick itself is in `tick`, other mods are in `swap`.

mod parcels;
mod rewind;
mod settled;
mod swap;
mod tick;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::ModSource;
use crate::compile::{Compiler, source_of};
use crate::config::{OutboxSettings, WorldConfig};
use crate::desk::{self, Attended};
use crate::ecs::World;
use crate::feed::{Feed, Published, Publisher};
use crate::finding::KnownFinding;
use crate::identity::WorldId;
use crate::journal::Journal;
use crate::manifest::Manifest;
use crate::pack::{self, Keys};
use crate::program::Program;
use crate::record::{Digest, Given, Input, Resume, TickRecord, hex};
use crate::runtime::{ModSets, Runtime, checked_input};
use crate::save::{self, Cause, Contents, Save};
use crate::unsaved::Unsaved;

use self::settled::Parcels;
use crate::engines::Engines;
use crate::error::Error;
use crate::options::{LogSink, Options};

pub use self::settled::{Done, Settled, Tell};

/// Where errands for the thread that does the ticks of a world are left.
pub type Desk = desk::Desk<Simulation>;

/// A running world.
pub struct Simulation {
    runtime: Runtime,
    journal: Journal,
    log: LogSink,
    /// Engines that it shares with other worlds.
    engines: Option<Engines>,
    /// Where the world is published, once that was asked for.
    feed: Option<Publisher>,
    /// Where other threads leave errands.
    desk: Attended<Simulation>,
    parcels: Parcels,
    /// How often it went back to an earlier tick since it was opened.
    course: u64,
    /// How often it was published.
    publications: u64,
}

impl Simulation {
    /// Makes a new world. Without a save it lives in memory only.
    ///
    /// # Errors
    ///
    /// That the mods cannot be loaded or do not fit together, that there is a save
    /// already, or that it could not be written. Nothing is left of it.
    pub fn create(
        save: Option<&Path>,
        config: WorldConfig,
        mods: Vec<ModSource>,
        options: Options,
    ) -> Result<Self, Error> {
        let compiler = Compiler::of_options(config.clone(), &options)?;
        let mods = compiler.compile(mods)?;
        let sets = ModSets::default();
        let runtime = Runtime::new(config.clone(), compiler.engine(), sets, options.threads)?;
        let runtime = runtime.lending(options.elsewhere.clone());
        let journal = Journal::in_memory(World::new(config.world.shard_rows), &config)?;
        let Options { log, engines, outbox, .. } = options;
        let mut made = Self::with(runtime, journal, log, engines);
        made.journal.let_out(outbox);
        let candidate = made.prepare(config.clone(), mods)?;
        if let Some(path) = save {
            made.journal.draft(path, &config)?;
        }
        let slimmed = if options.slim { made.journal.slim() } else { Ok(()) };
        let taken = slimmed.and_then(|()| made.take_over(candidate, Some(Cause::Made)));
        if let Err(error) = taken.and_then(|_| made.journal.appear()) {
            made.journal.discard();
            return Err(error);
        }
        Ok(made)
    }

    /// Opens a save: with other settings and mods, or with its own.
    ///
    /// # Errors
    ///
    /// That the save cannot be read, is open elsewhere or lacks its mods; that the
    /// mods cannot be loaded, or that its values cannot follow them. The save is as
    /// it was, but for its format.
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
        let compiler = Compiler::of_options(config.clone(), &options)?;
        let journal = Journal::of_save(save, world, &saved);
        let sets = ModSets::new(set, before);
        let runtime = Runtime::new(saved, compiler.engine(), sets, options.threads)?;
        let runtime = runtime.lending(options.elsewhere.clone());
        let Options { log, engines, outbox, .. } = options;
        let mut opened = Self::with(runtime, journal, log, engines);
        opened.journal.let_out(outbox);
        let candidate = opened.prepare(config, compiler.compile(mods)?)?;
        if !options.accept_mods && !candidate.plan().is_empty() {
            return Err(Error::OtherMods(Box::new(candidate.plan().clone())));
        }
        opened.take_over(candidate, None)?;
        Ok(opened)
    }

    fn with(runtime: Runtime, journal: Journal, log: LogSink, engines: Option<Engines>) -> Self {
        let (desk, parcels) = (Attended::default(), Parcels::default());
        let (feed, course, publications) = (None, 0, 0);
        Self { runtime, journal, log, engines, feed, desk, parcels, course, publications }
    }

    /// Gives the next tick an input: its full name, its fields as JSON, and who
    /// sent it.
    ///
    /// # Errors
    ///
    /// That no mod declares it, that the fields do not fit it, or that no system
    /// which takes part would read it. The next tick is not given it.
    pub fn send(&mut self, kind: &str, json: &Json, sender: &str) -> Result<(), Error> {
        let input = self.runtime.input(self.world(), kind, json, sender)?;
        self.journal.enqueue(Given { inputs: vec![input], ..Given::default() });
        Ok(())
    }

    /// Lets a suspended mod, or a system that is suspended alone, take part again from
    /// the next tick on, and keeps who asked for it.
    ///
    /// # Errors
    ///
    /// That there is no such mod, or that it is not suspended.
    pub fn resume(&mut self, mod_id: &str, sender: &str) -> Result<(), Error> {
        let world = self.world();
        let suspended = world.suspended().map(str::to_owned).chain(world.suspended_systems());
        let suspended = suspended.collect();
        if let Some(why) = save::objection_to_resume(mod_id, &suspended) {
            return Err(Error::Resume(why));
        }
        let resume = Resume { mod_id: mod_id.to_owned(), sender: sender.to_owned() };
        self.journal.enqueue(Given { resumes: vec![resume], ..Given::default() });
        Ok(())
    }

    /// Gives the next tick an input that another run of the same save was given.
    ///
    /// # Errors
    ///
    /// That no mod declares it, or that its fields do not fit the declaration. The
    /// next tick is not given it.
    pub fn give(&mut self, input: Input) -> Result<(), Error> {
        let input = checked_input(self.world(), input)?;
        self.journal.enqueue(Given { inputs: vec![input], ..Given::default() });
        Ok(())
    }

    /// Gives the world as the last tick left it a name in the save, by which it
    /// can be gone back to. It is there once the next tick is committed, or the
    /// save closed; a world without a save has nowhere to keep it.
    ///
    /// # Errors
    ///
    /// That the name is taken or is none, or that the save could not be written.
    pub fn snapshot(&mut self, name: &str, note: &str) -> Result<(), Error> {
        self.flush()?;
        self.journal.snapshot(name, note)
    }

    /// The world after the last tick.
    pub fn world(&self) -> &World {
        self.journal.world()
    }

    /// Its settings.
    pub fn config(&self) -> &WorldConfig {
        self.runtime.config()
    }

    /// The loaded mods and their systems.
    pub fn program(&self) -> &Program {
        self.runtime.program()
    }

    /// The mods that run, as they could be loaded again.
    pub fn mods(&self) -> impl Iterator<Item = ModSource> {
        self.runtime.sets().now().mods.iter().map(source_of)
    }

    /// The state hash of the world after the last tick.
    pub fn hash(&mut self) -> Digest {
        self.journal.hash()
    }

    /// The chain hash of all ticks up to the last.
    pub fn chain(&self) -> Digest {
        self.journal.chain()
    }

    /// Where other threads leave what is to be done with this world between two ticks.
    pub fn desk(&self) -> Desk {
        self.desk.0.clone()
    }

    /// Where this world is published after every tick, and whenever it changes between
    /// two.
    pub fn feed(&mut self) -> Feed {
        if let Some(Publisher(feed)) = &self.feed {
            return feed.clone();
        }
        let config = Arc::new(self.config().clone());
        let findings = self.findings();
        let feed = Feed::new(self.published(config, Arc::default(), findings));
        self.feed.insert(Publisher(feed)).0.clone()
    }

    /// Publishes the world as it is, where it is asked for, with what the tick did that
    /// was just done, if one was.
    fn publish(&mut self, done: Option<&TickRecord>) {
        let Some(feed) = self.feed.as_ref().map(|it| it.0.clone()) else { return };
        let before = feed.now();
        let (config, record) = match done {
            Some(record) => (before.config.clone(), Arc::new(record.published())),
            None => {
                let is_same = before.record.tick == self.world().tick();
                let record = if is_same { before.record.clone() } else { Arc::default() };
                (Arc::new(self.config().clone()), record)
            }
        };
        let findings = match done {
            Some(record) if record.rolled_back.is_empty() => before.findings.clone(),
            _ => self.findings(),
        };
        feed.publish(self.published(config, record, findings));
    }

    /// What the mods that run declare as findings.
    fn findings(&self) -> Arc<[KnownFinding]> {
        let mods = self.runtime.sets().now().mods.iter();
        mods.filter_map(|stored| stored.manifest.as_ref()).flat_map(Manifest::findings).collect()
    }

    fn published(
        &mut self,
        config: Arc<WorldConfig>,
        record: Arc<TickRecord>,
        findings: Arc<[KnownFinding]>,
    ) -> Published {
        self.publications += 1;
        Published {
            world: self.world().clone(),
            config,
            saved_tick: self.saved_tick(),
            state: self.hash(),
            chain: self.chain(),
            number: self.publications,
            course: self.course,
            record,
            findings,
        }
    }

    /// What leaves the save: as its settings say, or as was given in their place.
    pub fn outbox(&self) -> &OutboxSettings {
        self.journal.outbox()
    }

    /// By which name the world is known outside; one that lives in memory only has none.
    pub fn world_id(&self) -> Option<WorldId> {
        self.journal.world_id()
    }

    /// Threads that run guests.
    pub fn threads(&self) -> usize {
        self.runtime.threads()
    }

    /// The tick that the save stands at.
    pub fn saved_tick(&self) -> u64 {
        self.journal.saved_tick()
    }

    /// The ticks that are in memory only because the save could not be written.
    pub fn unsaved(&self) -> Option<Unsaved> {
        self.journal.unsaved()
    }

    /// Closes the save and goes on with what it holds, which must be the world
    /// as it is. A world without a save has nothing to go back to and goes on.
    ///
    /// # Errors
    ///
    /// That the save could not be written, closed or opened, or that it holds
    /// another world. The world is still there, but may have no save any more.
    pub fn reopen(&mut self) -> Result<(), Error> {
        self.flush()?;
        let Some(path) = self.journal.leave_save()? else { return Ok(()) };
        let options = Options {
            threads: self.threads(),
            log: self.log.clone(),
            engines: self.engines.clone(),
            elsewhere: self.runtime.elsewhere().cloned(),
            outbox: self.journal.outbox_overrides(),
            accept_mods: false,
            ..Options::default()
        };
        let given = (self.config().clone(), self.mods().collect());
        let mut reopened = Self::open(&path, Some(given), options)?;
        let (computed, found) = (self.hash(), reopened.hash());
        if computed != found {
            let (computed, found) = (hex(&computed), hex(&found));
            return Err(Error::Reopened { tick: self.world().tick(), computed, found });
        }
        reopened.journal.enqueue(self.journal.take_waiting());
        self.replace_by(reopened);
        Ok(())
    }

    /// Goes on as another that was opened of the same save, with all that others hold of
    /// this one.
    fn replace_by(&mut self, reopened: Self) {
        let Self { runtime, journal, .. } = reopened;
        (self.runtime, self.journal) = (runtime, journal);
    }

    /// Commits what is still held back, puts what waits for the next tick into the save,
    /// and closes it, which is then one file.
    ///
    /// # Errors
    ///
    /// That the save could not be written or closed: it holds what was committed,
    /// and the error says what is lost.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush().map_err(|error| match self.journal.is_failing() {
            true => self.journal.give_up(&error.to_string()),
            false => error,
        })?;
        self.keep_waiting()?;
        self.journal.close()
    }
}
