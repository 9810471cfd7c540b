//! The tick: one discrete step of the world, all of it or nothing.
//!
//! A tick is a function from a world to the next. It works on a clone, so that
//! whatever goes wrong, the world from before is still there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::config::Durability;
use crate::ecs::{Edit, Event, ModState, Role, Stamp, SystemState, Topic, World};
use crate::guest::{Halt, LogLine};
use crate::hash;
use crate::merge;
use crate::program::System;
use crate::reading;
use crate::record::{Emitted, Exclusion, Given, Logged, Resume, SetAside, Step, TickRecord};
use crate::run::{Finished, Halted, TickClock, TickRun};
use crate::simulation::{Error, Moment, Simulation};
use crate::tables::Undone;

/// Ticks that are to be done: what each is given, and who takes no part in it.
pub(crate) type Ahead = VecDeque<(Given, Vec<Exclusion>)>;

impl Simulation {
    /// Does one tick and commits it as the world's durability says.
    ///
    /// A mod that faults does not stop the tick. A tick that cannot be done
    /// with a mod is done again without it. An error means that the save could
    /// not be written: the world then stands where the save stands. A world that
    /// is to go on in memory has [`Simulation::unsaved`] ticks instead.
    pub fn tick(&mut self) -> Result<TickRecord, Error> {
        if self.now.world.tick() >= Stamp::TICK_MAX {
            return Err(Error::LastTick);
        }
        let mut watch = Stopwatch::start();
        let given = self.take_given()?;
        let taken = watch.lap();
        let mut record = self.step(VecDeque::from([(given, Vec::new())]))?;
        record.timings.inputs = taken;
        watch.lap();
        if self.save_held()? {
            record.timings.commit = watch.lap();
        }
        match self.roll_back(&mut record) {
            Err(error) if self.failing.is_some() => {
                Err(self.give_up(&format!("the mods from before must run again, and {error}")))
            }
            rolled => rolled.map(|()| record),
        }
    }

    /// Does a tick as another run of the same save did it: with what it was given,
    /// and without the mods that it was done without.
    pub(crate) fn replay(
        &mut self,
        given: Given,
        exclusions: Vec<Exclusion>,
    ) -> Result<TickRecord, Error> {
        let record = self.step(VecDeque::from([(given, exclusions)]))?;
        self.flush()?;
        Ok(record)
    }

    /// Does ticks with what each is given and without these mods, and does one again
    /// without whoever halts it. If that undid ticks which were not committed
    /// yet, they come first again, as they were.
    pub(crate) fn step(&mut self, mut ahead: Ahead) -> Result<TickRecord, Error> {
        loop {
            let Some((given, mut exclusions)) = ahead.pop_front() else {
                return Ok(self.held.last().cloned().unwrap_or_default());
            };
            match self.attempt(&given, &exclusions) {
                Ok(done) => {
                    let ended = self.tables.end_tick();
                    ended.map_err(|error| self.broken(Error::Tables(error.to_string())))?;
                    self.arrive(done);
                }
                Err(Halted { halt: Halt::Save(why), .. }) => {
                    return Err(self.broken(Error::Tables(why)));
                }
                Err(Halted { halt: Halt::Host(why), system }) => {
                    let mod_id = self.program.mods[system.owner].id.clone();
                    return Err(self.broken(Error::Host { mod_id, why }));
                }
                Err(halted) => {
                    exclusions.push(self.exclude(halted));
                    ahead.push_front((given, exclusions));
                    if self.tables.undo_tick() == Undone::All {
                        let again = self.held.take();
                        ahead = again.into_iter().map(once_more).chain(ahead).collect();
                        self.now = self.committed.clone();
                    }
                }
            }
        }
    }

    /// Stands at a world that a tick led to.
    fn arrive(&mut self, Attempt { world, mut record, steps }: Attempt) {
        let mut watch = Stopwatch::start();
        record.state = self.hasher.digest(&world);
        record.chain = hash::chain(&self.now.chain, &record.state, &record);
        record.timings.hash = watch.lap();
        let Moment { world: before, kept, .. } = &self.now;
        record.history = self.recorder.record(kept, before, &world, &steps);
        record.timings.history = watch.lap();
        let kept = if self.recorder.keeps(record.tick) { world.clone() } else { kept.clone() };
        self.now = Moment { world, chain: record.chain, kept };
        self.held.push(record);
    }

    /// Goes back to where the save stands, because of what is no mod's failure.
    fn broken(&mut self, error: Error) -> Error {
        if self.failing.is_some() {
            return self.give_up(&error.to_string());
        }
        self.undo();
        error
    }

    /// Commits the ticks that are not in the save yet. Where that fails they are
    /// undone, or stay [`Simulation::unsaved`] in a world that goes on in memory.
    pub fn flush(&mut self) -> Result<(), Error> {
        if !self.held.is_empty() {
            let committed = match &mut self.save {
                Some(save) => {
                    save.note_kept(&self.now.kept);
                    save.commit(&self.held, &self.now.world).map_err(Error::from)
                }
                None => self.tables.commit().map_err(|error| Error::Tables(error.to_string())),
            };
            if let Err(error) = committed {
                return Err(self.not_saved(error));
            }
        }
        self.failing = None;
        self.held.clear();
        self.given = Given::default();
        self.committed = self.now.clone();
        Ok(())
    }

    /// One attempt at a tick, without the mods that are excluded from it.
    fn attempt(&self, given: &Given, exclusions: &[Exclusion]) -> Result<Attempt, Halted> {
        let mut world = self.now.world.clone();
        let tick = world.tick() + 1;
        world.set_tick(tick);
        let mut record = TickRecord { tick, exclusions: exclusions.to_vec(), ..Default::default() };
        accept(&mut world, given, &mut record);

        let takes_part = self.participants(&world, exclusions);
        let dt_seconds = self.config.world.dt_seconds;
        let clock = TickClock { tick, dt_seconds, seed: self.config.world.seed };
        let Self { engine, program, schedule, tables, .. } = self;
        let mut watch = Stopwatch::start();
        let tick_run = TickRun::new(engine, program, schedule, tables, clock, &takes_part, world);
        let tick_run = tick_run.recording(self.recorder.is_on());
        let (mut world, finished) = tick_run.run(self.pool.as_ref())?;
        record.timings.systems = watch.lap();

        self.check_room(&world, &finished)?;
        self.note_progress(&mut world, &finished, &mut record);
        let steps = self.settle(&mut world, finished, &mut record);
        self.judge(&mut world, &mut record);
        self.forget_read_events(&mut world, &mut record);
        record.timings.settle = watch.lap();
        Ok(Attempt { world, record, steps })
    }

    /// Which systems run in the tick that a world stands at.
    fn participants(
        &self,
        world: &World,
        exclusions: &[Exclusion],
    ) -> impl Fn(&System) -> bool + Sync + use<> {
        let out: BTreeSet<usize> = self
            .program
            .mods
            .iter()
            .enumerate()
            .filter(|(_, loaded)| {
                world.is_suspended(&loaded.id)
                    || exclusions.iter().any(|exclusion| exclusion.mod_id == loaded.id)
            })
            .map(|(at, _)| at)
            .collect();
        let (systems, tick) = (world.systems.clone(), world.tick());
        move |system| {
            let is_due = match system.startup {
                true => !has_run(&systems, system),
                false => system.is_due(tick),
            };
            !out.contains(&system.owner) && is_due
        }
    }

    /// Halts the first mod whose commands would make more entities than a world
    /// can have. What the same tick despawns makes no room.
    fn check_room(&self, world: &World, finished: &[Option<Finished>]) -> Result<(), Halted> {
        let mut spawned = 0;
        for (place, done) in finished.iter().enumerate() {
            let commands = done.iter().flat_map(|done| &done.pending.commands);
            let spawns = commands.filter(|command| matches!(command.edit, Edit::Spawn(_)));
            spawned += spawns.map(|command| command.entities.len() as u64).sum::<u64>();
            if !world.entities.has_room_for(spawned) {
                let system = self.schedule.systems()[place].clone();
                return Err(Halted { system, halt: Halt::Entities });
            }
        }
        Ok(())
    }

    /// Moves what faultless systems have seen up to now, and notes which systems
    /// have trouble with what they read.
    fn note_progress(
        &self,
        world: &mut World,
        finished: &[Option<Finished>],
        record: &mut TickRecord,
    ) {
        let limit = self.config.world.faults_to_set_aside.unwrap_or(0);
        for (place, (system, done)) in self.schedule.systems().iter().zip(finished).enumerate() {
            match done {
                Some(done) if done.fault.is_some() => reading::failed(world, system, limit),
                Some(_) => {
                    let now = Stamp::system(record.tick, place);
                    record.set_aside.extend(reading::succeeded(world, system, now));
                }
                None if record.exclusions.iter().any(|it| it.system == system.name) => {
                    reading::failed(world, system, limit);
                }
                None => {}
            }
        }
    }

    /// Applies commands and emits events, system by system. Gives the steps of
    /// the tick, where they are recorded.
    fn settle(
        &self,
        world: &mut World,
        finished: Vec<Option<Finished>>,
        record: &mut TickRecord,
    ) -> Vec<Step> {
        let reported = self.program.topics();
        let (mut steps, mut commands) = (Vec::new(), Vec::new());
        for done in finished.into_iter().flatten() {
            let Finished { mut run, pending, log, step, .. } = done;
            for line in log.into_lines() {
                (self.log)(&run.system, record.tick, &line);
                if self.config.logs.keeps(line.level) {
                    let (system, LogLine { level, text }) = (run.system.clone(), line);
                    record.logged.push(Logged { system, level, text });
                }
            }
            steps.extend(step);
            let recorded = self.recorder.is_on() && !pending.commands.is_empty();
            let before = recorded.then(|| world.clone());
            let removed = removals(world, &reported);
            let (applied, emitted) = merge::settle(world, &run.system, pending);
            record.events.extend(new_removals(world, removed));
            commands.extend(before.map(|before| Step {
                system: run.system.clone(),
                is_commands: true,
                before,
                after: world.clone(),
                rows: Vec::new(),
            }));
            record.events.extend(emitted);
            record.spawned += applied.spawned;
            record.despawned += applied.despawned;
            run.stale = applied.stale;
            record.runs.push(run);
        }
        steps.append(&mut commands);
        steps
    }

    /// Counts faults in a row, and suspends whoever has too many.
    fn judge(&self, world: &mut World, record: &mut TickRecord) {
        let mods = Arc::make_mut(&mut world.mods);
        for loaded in &self.program.mods {
            let own = |run: &&crate::record::SystemRun| {
                run.system.split('/').next() == Some(loaded.id.as_str())
            };
            let excluded = record.exclusions.iter().any(|exclusion| exclusion.mod_id == loaded.id);
            let faulted = excluded || record.runs.iter().filter(own).any(|run| run.fault.is_some());
            let ran = record.runs.iter().any(|run| own(&run));
            if !faulted && !ran {
                continue;
            }
            let limit = self.faults_to_suspend(&loaded.id, record.tick);
            let state = mods.entry(loaded.id.clone()).or_default();
            let faults = state.faults_in_a_row.saturating_add(1);
            state.faults_in_a_row = if faulted { faults } else { 0 };
            if limit > 0 && state.faults_in_a_row >= limit && !state.suspended {
                state.suspended = true;
                record.suspended.push(loaded.id.clone());
            }
        }
    }

    /// Drops the events that every system which takes part has read. Inputs that
    /// only suspended mods read wait for one of those to take part again; an
    /// input that nobody reads is set aside.
    fn forget_read_events(&self, world: &mut World, record: &mut TickRecord) {
        let (mut passed, mut held) = (BTreeMap::new(), BTreeMap::new());
        // Saves that know of no setting aside go on as they began.
        let waits = self.config.world.faults_to_set_aside.is_some();
        for system in &self.program.systems {
            if waits && system.startup && has_run(&world.systems, system) {
                continue;
            }
            let is_out = world.is_suspended(&self.program.mods[system.owner].id);
            let into: &mut BTreeMap<Topic, u64> = if is_out { &mut held } else { &mut passed };
            for topic in &system.reads {
                let read = reading::read(world, system, *topic);
                into.entry(*topic).and_modify(|least| *least = read.min(*least)).or_insert(read);
            }
        }
        let is_input = |topic: Topic| match topic {
            Topic::Kind(kind) => world.registry.get(kind).role == Role::Input,
            _ => false,
        };
        if waits {
            for (topic, read) in held {
                if is_input(topic) {
                    passed.entry(topic).or_insert(read);
                }
            }
        }
        for (topic, _, unread) in world.events.iter() {
            if is_input(topic) && !passed.contains_key(&topic) {
                let event =
                    |event: &Event| SetAside { topic, event: event.clone(), system: String::new() };
                record.set_aside.extend(unread.map(event));
            }
        }
        world.events.drop_read(|topic| passed.get(&topic).copied());
    }

    fn exclude(&self, Halted { system, halt }: Halted) -> Exclusion {
        let mod_id = self.program.mods[system.owner].id.clone();
        tracing::warn!("mod `{mod_id}` is left out of a tick: {halt}");
        Exclusion { mod_id, system: system.name.clone(), cause: halt.to_string() }
    }

    /// What came from outside since the last tick, by whatever way.
    fn take_given(&mut self) -> Result<Given, Error> {
        let sent = match &mut self.save {
            Some(save) => save.take_inbox().map_err(Error::from),
            None => Ok(Given::default()),
        };
        let sent = match sent {
            // What was sent waits where it is.
            Err(error) if self.may_go_on(&error) => Given::default(),
            sent => sent?,
        };
        let mut all = std::mem::take(&mut self.waiting);
        self.given.append(all.clone());
        all.append(sent);
        Ok(all)
    }

    /// Goes back to where the save stands. What came from outside since comes
    /// again: the save gives what was in its inbox once more.
    pub(crate) fn undo(&mut self) {
        self.failing = None;
        self.tables.undo_all();
        if let Some(save) = &mut self.save {
            save.untake_inbox();
        }
        self.now = self.committed.clone();
        self.held.clear();
        let mut again = std::mem::take(&mut self.given);
        again.append(std::mem::take(&mut self.waiting));
        self.waiting = again;
    }

    pub(crate) fn ticks_per_commit(&self) -> u64 {
        match self.config.durability {
            Durability::CommitEveryTicks { ticks } => ticks.max(1),
            _ => 1,
        }
    }
}

/// A tick that was done and is not kept yet.
struct Attempt {
    world: World,
    record: TickRecord,
    /// What it consisted of, where that is recorded.
    steps: Vec<Step>,
}

/// Measures stages that follow each other.
struct Stopwatch(Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the last lap.
    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now - std::mem::replace(&mut self.0, now);
        lap.as_nanos() as u64
    }
}

/// A tick that was done, as one to be done.
pub(crate) fn once_more(mut done: TickRecord) -> (Given, Vec<Exclusion>) {
    let exclusions = std::mem::take(&mut done.exclusions);
    (done.given(), exclusions)
}

/// Lets mods take part again, and makes inputs events that systems read in this
/// tick.
fn accept(world: &mut World, given: &Given, record: &mut TickRecord) {
    for Resume { mod_id, .. } in &given.resumes {
        if world.is_suspended(mod_id) {
            Arc::make_mut(&mut world.mods).insert(mod_id.clone(), ModState::default());
        }
    }
    for input in &given.inputs {
        let topic = Topic::Kind(input.kind);
        let number = world.events.push(topic, record.tick, input.payload.clone());
        let payload = input.payload.clone();
        record.events.push(Emitted { topic, number, system: String::new(), payload });
    }
    record.inputs = given.inputs.clone();
    record.resumes = given.resumes.clone();
}

/// Whether a system has run without a fault, by what each has seen.
pub(crate) fn has_run(systems: &BTreeMap<String, SystemState>, system: &System) -> bool {
    systems.get(&system.name).is_some_and(|state| state.last_run.is_some())
}

/// The last numbers of all removals and despawns.
fn removals(world: &World, topics: &BTreeSet<Topic>) -> Vec<(Topic, u64)> {
    let of = |topic: &&Topic| matches!(topic, Topic::Removed(_) | Topic::Despawned);
    topics.iter().filter(of).map(|topic| (*topic, world.events.last(*topic))).collect()
}

fn new_removals(world: &World, before: Vec<(Topic, u64)>) -> Vec<Emitted> {
    before
        .into_iter()
        .flat_map(|(topic, last)| {
            world.events.after(topic, last).map(move |event| Emitted {
                topic,
                number: event.number,
                system: String::new(),
                payload: event.payload.clone(),
            })
        })
        .collect()
}
