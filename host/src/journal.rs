//! What becomes of ticks: the world as it is now, the world as it was committed
//! last, and what lies between the two.
//!
//! Invariants: after every error the world stands where the save stands, or goes
//! on in memory and says so ([`Journal::unsaved`]). What came from outside is
//! waiting, or is in a record that is held, or is in the save; so that nothing of
//! it is lost when ticks are undone.
//!
//! Deliberately absent: how a tick is done. What must be done again is given back
//! as [`PendingTick`]s.

mod leaving;
mod parcels;
#[cfg(test)]
mod tests;

use crate::config::{Durability, OnSaveFailure, SaveFailureMode, WorldConfig};
use crate::ecs::World;
use crate::error::Error;
use crate::hash::StateHasher;
use crate::outgoing::Leaving;
use crate::record::{Conversions, Digest, Given, TickRecord};
use crate::runtime::{Attempt, PendingTick};
use crate::save::{self, Adoption, Recorder, Save};
use crate::swap::{Adopted, Candidate, Target};
use crate::tables::{Database, TableError, Undone};
use crate::tip::Tip;
use crate::unsaved::{Failing, Held, Unsaved};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What becomes of ticks.
pub struct Journal {
    /// None for a world that lives in memory only.
    save: Option<Save>,
    /// The tables of mods: those of the save, or in memory without one.
    tables: Arc<Database>,
    applied_conversions: Conversions,
    durability: Durability,
    on_save_failure: OnSaveFailure,
    hasher: StateHasher,
    /// What of each tick history keeps.
    recorder: Recorder,
    /// What leaves the save, as its settings say or in their place.
    outbox: Leaving,
    now: Tip,
    /// The last tip that the save holds, or the start without a save.
    committed: Tip,
    /// Ticks done since then.
    held: Held,
    /// Set while the world goes on in memory, because the save cannot be written.
    failing: Option<Failing>,
    /// What the next tick is given.
    waiting: Given,
    /// What ticks since the last commit were given, but for what the save's own
    /// inbox still has.
    given: Given,
}

/// A commit that failed.
pub struct CommitFailure {
    /// Why.
    pub error: Box<Error>,
    /// Ticks that have to be done again for what they wrote to tables, in a world
    /// that goes on in memory: the transaction in which that was is gone.
    pub again: Vec<PendingTick>,
}

impl Journal {
    /// Of a world that lives in memory only.
    ///
    /// # Errors
    ///
    /// That there could be no tables for it.
    pub fn in_memory(world: World, config: &WorldConfig) -> Result<Self, Error> {
        let tables = Arc::new(save::in_memory()?);
        let (recorder, conversions) = (Recorder::default(), Conversions::new());
        Ok(Self::new(None, tables, Tip::new(world, [0; 32]), conversions, recorder, config))
    }

    /// Of a save that was opened with these settings.
    pub fn of_save(save: Save, world: World, config: &WorldConfig) -> Self {
        let recorder = Recorder::new(&config.history, &world.registry);
        let (tables, now) = (save.database(), Tip::new(world, save.chain()));
        let conversions = save.applied_conversions().clone();
        Self::new(Some(save), tables, now, conversions, recorder, config)
    }

    fn new(
        save: Option<Save>,
        tables: Arc<Database>,
        now: Tip,
        applied_conversions: Conversions,
        recorder: Recorder,
        config: &WorldConfig,
    ) -> Self {
        Self {
            save,
            tables,
            applied_conversions,
            durability: config.durability,
            on_save_failure: config.on_save_failure,
            hasher: StateHasher::default(),
            recorder,
            outbox: Leaving::of(config),
            committed: now.clone(),
            now,
            held: Held::default(),
            failing: None,
            waiting: Given::default(),
            given: Given::default(),
        }
    }

    /// The world after the last tick.
    pub fn world(&self) -> &World {
        self.now.world()
    }

    /// The chain hash of all ticks up to the last.
    pub fn chain(&self) -> Digest {
        self.now.chain()
    }

    /// The state hash of the world after the last tick.
    pub fn hash(&mut self) -> Digest {
        self.hasher.digest(self.now.world())
    }

    /// The tables of mods.
    pub fn tables(&self) -> &Arc<Database> {
        &self.tables
    }

    /// Whether it wants to know the steps of a tick.
    pub fn records_steps(&self) -> bool {
        self.recorder.is_on()
    }

    /// The tick that the save stands at.
    pub fn saved_tick(&self) -> u64 {
        self.committed.world().tick()
    }

    /// The ticks that are in memory only because the save could not be written.
    pub fn unsaved(&self) -> Option<Unsaved> {
        let failing = self.failing.as_ref()?;
        Some(failing.of(self.saved_tick() + 1, self.world().tick()))
    }

    /// Whether the world goes on in memory, because the save cannot be written.
    pub fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// The record of the last tick that is held.
    pub fn last_record(&self) -> TickRecord {
        self.held.last().cloned().unwrap_or_default()
    }

    /// Keeps what came from outside for the next tick.
    pub fn enqueue(&mut self, given: Given) {
        self.waiting.append(given);
    }

    /// Gives up what waits for the next tick, for another journal of the same world.
    pub fn take_waiting(&mut self) -> Given {
        std::mem::take(&mut self.waiting)
    }

    /// What came from outside since the last tick: what was enqueued, and the inbox
    /// of the save.
    ///
    /// # Errors
    ///
    /// That the inbox of the save could not be read, where the world does not go on
    /// without. Nothing was taken.
    pub fn take(&mut self) -> Result<Given, Error> {
        let sent = match &mut self.save {
            Some(save) => save.take_inbox().map_err(Error::from),
            None => Ok(Given::default()),
        };
        let sent = match sent {
            // What was sent waits where it is.
            Err(error) if self.may_go_on(&error) => Given::default(),
            sent => sent?,
        };
        let mut all = self.take_waiting();
        self.given.append(all.clone());
        all.append(sent);
        Ok(all)
    }

    /// Stands at the world of an attempt, and holds its record up to the next
    /// commit.
    ///
    /// # Errors
    ///
    /// That what it wrote to tables could not be kept. Nothing has changed.
    pub fn accept(&mut self, attempt: Attempt) -> Result<(), Error> {
        self.tables.end_tick().map_err(|error| Error::Tables(error.to_string()))?;
        let before = self.now.world().clone();
        let mut record = self.now.advance(attempt, &mut self.hasher, &self.recorder);
        self.note_outgoing(&before, &mut record);
        self.held.push(record);
        Ok(())
    }

    /// Undoes what an attempt wrote to tables. Where that cannot be undone alone,
    /// the world stands where the save stands, and the ticks since are given: they
    /// have to be done again first, as they were.
    pub fn undo_attempt(&mut self) -> Vec<PendingTick> {
        match self.tables.undo_tick() {
            Undone::Tick => Vec::new(),
            Undone::All => self.take_held(),
        }
    }

    fn take_held(&mut self) -> Vec<PendingTick> {
        self.now = self.committed.clone();
        self.held.take().into_iter().map(PendingTick::again).collect()
    }

    /// Whether it is time to commit the ticks that are held.
    pub fn is_due(&self) -> bool {
        match &self.failing {
            Some(failing) => failing.is_due(self.held.len()) || self.holds_too_much(),
            None => self.held.len() as u64 >= self.ticks_per_commit(),
        }
    }

    fn ticks_per_commit(&self) -> u64 {
        match self.durability {
            Durability::CommitEveryTicks { ticks } => ticks.max(1),
            _ => 1,
        }
    }

    /// Whether no more ticks may be in memory only.
    pub fn holds_too_much(&self) -> bool {
        let limits = &self.on_save_failure;
        self.held.len() as u64 >= limits.ticks_max || self.held.bytes() >= limits.max_bytes
    }

    /// Commits the ticks that are held.
    ///
    /// # Errors
    ///
    /// That the save could not be written. The ticks are undone, and the world
    /// stands where the save stands; or they stay held in a world that goes on in
    /// memory, once those that are given back have been done again.
    pub fn commit(&mut self) -> Result<(), CommitFailure> {
        if !self.held.is_empty() {
            let committed = match &mut self.save {
                Some(save) => {
                    save.note_kept(self.now.last_recorded_world());
                    save.keep_outbox_rows(self.outbox.settings().keep_rows);
                    save.commit(&self.held, self.now.world()).map_err(Error::from)
                }
                None => self.tables.commit().map_err(|error| Error::Tables(error.to_string())),
            };
            committed.map_err(|error| self.not_committed(error))?;
        }
        self.failing = None;
        self.held.clear();
        self.given = Given::default();
        self.committed = self.now.clone();
        Ok(())
    }

    /// Goes on in memory, if the world says so, or goes back to where the save
    /// stands.
    fn not_committed(&mut self, error: Error) -> CommitFailure {
        if !self.may_go_on(&error) {
            self.undo();
            return CommitFailure { error: error.into(), again: Vec::new() };
        }
        let (failing, held) = (self.failing.as_ref(), self.held.len());
        self.failing = Some(Failing::again(failing, held, error.to_string()));
        self.tables.undo_all();
        let has_tables = !self.world().tables.is_empty();
        let again = if has_tables { self.take_held() } else { Vec::new() };
        CommitFailure { error: error.into(), again }
    }

    /// Whether an error of the save is one that the world goes on after.
    fn may_go_on(&self, error: &Error) -> bool {
        self.on_save_failure.mode == SaveFailureMode::ContinueInMemory
            && matches!(error, Error::Save(error) if error.is_of_the_disk())
    }

    /// Goes back to where the save stands. What came from outside since comes
    /// again: the save gives what was in its inbox once more.
    pub fn undo(&mut self) {
        self.failing = None;
        self.tables.undo_all();
        if let Some(save) = &mut self.save {
            save.untake_inbox();
        }
        self.now = self.committed.clone();
        self.held.clear();
        let mut again = std::mem::take(&mut self.given);
        again.append(self.take_waiting());
        self.waiting = again;
    }

    /// Goes back to where the save stands, because of what is no mod's failure; says
    /// also what is lost with it, where the world went on in memory.
    pub fn broken(&mut self, error: Error) -> Error {
        if self.is_failing() {
            return self.give_up(&error.to_string());
        }
        self.undo();
        error
    }

    /// Goes back to where the save stands, and says what is lost with it.
    pub fn give_up(&mut self, why: &str) -> Error {
        let (first, last) = (self.saved_tick() + 1, self.world().tick());
        self.undo();
        Error::Unsaved { first, last, why: why.to_owned() }
    }

    /// What other mods are to come into.
    ///
    /// # Errors
    ///
    /// That the inbox of the save could not be read.
    pub fn target(&self) -> Result<Target<'_>, Error> {
        let mut inputs = self.waiting.inputs.clone();
        if let Some(save) = &self.save {
            inputs.extend(save.waiting()?);
        }
        let (world, applied_conversions) = (self.world(), &self.applied_conversions);
        Ok(Target { world, tables: &self.tables, applied_conversions, inputs })
    }

    /// Gets the save ready for other mods, before their transaction begins. Gives a
    /// copy of the tables as they are, where history needs one.
    ///
    /// # Errors
    ///
    /// That the save could not be read or written; nothing has changed.
    pub fn begin_adoption(&mut self, candidate: &Candidate) -> Result<Option<Vec<u8>>, Error> {
        if let Some(save) = &mut self.save {
            save.sync_next()?;
        }
        match self.recorder.is_on() {
            true => Ok(candidate.tables_to_keep(&self.tables)?),
            false => Ok(None),
        }
    }

    /// Takes over other mods, and the world and tables as those changed them, in one
    /// commit.
    ///
    /// # Errors
    ///
    /// That the save could not be written. The world is as it was, and what was
    /// written to tables must be undone ([`Journal::undo_tables`]).
    pub fn adopt(&mut self, adopted: &Adopted, tables_before: Option<&[u8]>) -> Result<(), Error> {
        let Adopted { world, set, loaded, schema_changes, applied_conversions, .. } = adopted;
        let config = &loaded.config;
        match &mut self.save {
            Some(save) => {
                save.adopt(&Adoption {
                    config,
                    set,
                    world,
                    schema_changes,
                    applied_conversions,
                    tables_before,
                })?;
                self.recorder = Recorder::new(&config.history, &world.registry);
            }
            None => self.tables.commit().map_err(TableError::from)?,
        }
        let waiting = std::mem::take(&mut self.waiting.inputs).into_iter();
        self.waiting.inputs = waiting.filter_map(|input| adopted.input(input)).collect();
        self.now.replace_world(world.clone());
        self.committed = self.now.clone();
        self.applied_conversions = applied_conversions.clone();
        self.durability = config.durability;
        self.on_save_failure = config.on_save_failure;
        self.outbox.follow(config);
        Ok(())
    }

    /// Undoes what was written to tables since the last commit.
    pub fn undo_tables(&mut self) {
        self.tables.undo_all();
    }

    /// Gives the world as the last commit left it a name in the save; a world
    /// without a save has nowhere to keep it.
    ///
    /// # Errors
    ///
    /// That the name is taken or is none, or that the save could not be written.
    pub fn snapshot(&mut self, name: &str, note: &str) -> Result<(), Error> {
        match &mut self.save {
            Some(save) => Ok(save.name_last(name, note)?),
            None => Ok(()),
        }
    }

    /// Makes a save for a world that has none yet, as a draft under another name.
    ///
    /// # Errors
    ///
    /// That it could not be made. Nothing is left of it, and the world lives in
    /// memory.
    pub fn draft(&mut self, path: &Path, config: &WorldConfig) -> Result<(), Error> {
        let save = Save::draft(path, config, self.world())?;
        self.tables = save.database();
        self.save = Some(save);
        Ok(())
    }

    /// Keeps of mods only what they are, and not themselves.
    ///
    /// # Errors
    ///
    /// That the save could not be written.
    pub fn slim(&mut self) -> Result<(), Error> {
        match &mut self.save {
            Some(save) => Ok(save.slim()?),
            None => Ok(()),
        }
    }

    /// Gives a draft its name, now that all of the world is in it.
    ///
    /// # Errors
    ///
    /// That it could not be renamed or opened by its name. Nothing is left of it.
    pub fn appear(&mut self) -> Result<(), Error> {
        let Some(save) = self.save.take() else { return Ok(()) };
        self.tables = Arc::new(save::in_memory()?);
        let save = save.appear()?;
        self.tables = save.database();
        self.save = Some(save);
        Ok(())
    }

    /// Removes a draft that could not be completed.
    pub fn discard(mut self) {
        let save = self.save.take();
        drop(self);
        save.into_iter().for_each(Save::discard);
    }

    /// Closes the save and says where it is; the world stays, in memory only.
    ///
    /// # Errors
    ///
    /// That the save could not be closed: it holds what was committed, and the
    /// world has no save any more.
    pub fn leave_save(&mut self) -> Result<Option<PathBuf>, Error> {
        let nowhere = Arc::new(save::in_memory()?);
        let Some(save) = self.save.take() else { return Ok(None) };
        let path = save.path().to_owned();
        self.tables = nowhere;
        save.close()?;
        Ok(Some(path))
    }

    /// Closes the save, which is then one file.
    ///
    /// # Errors
    ///
    /// That the save could not be closed: it holds what was committed.
    pub fn close(mut self) -> Result<(), Error> {
        let save = self.save.take();
        drop(self);
        match save {
            Some(save) => Ok(save.close()?),
            None => Ok(()),
        }
    }
}
