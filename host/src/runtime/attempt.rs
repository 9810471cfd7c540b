//! One attempt at a tick: a function from a world to the next.
//!
//! It works on a clone, so that the world from before is still there after an
//! error. Only tables of mods lie outside of the world: what an attempt
//! writes to them is in the open transaction, which the one who asked for the
//! attempt keeps or undoes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::trace_span;

use super::{PendingTick, Runtime};
use crate::calls::{CallMaker, Lending};
use crate::ecs::{Edit, Event, ModState, Role, Stamp, Topic, World, apart};
use crate::error::Error;
use crate::guest::{Halt, LogLine};
use crate::merge;
use crate::options::LogSink;
use crate::program::System;
use crate::reading::{self, has_run};
use crate::record::{
    Emitted, Exclusion, Given, Logged, Resume, SetAside, Step, SystemRun, TickRecord,
};
use crate::run::{Finished, Halted, TickClock, TickRun};
use crate::stopwatch::Stopwatch;
use crate::tables::Database;

/// A tick that was done and counts for nothing yet.
pub struct Attempt {
    /// The world after it.
    pub world: World,
    /// What it did, but for both hashes and for what history keeps of it.
    pub record: TickRecord,
    /// What it consisted of, where that is recorded.
    pub steps: Vec<Step>,
    /// What systems said, by full name, in order.
    pub said: Vec<(String, LogLine)>,
}

impl Attempt {
    /// Gives on what systems said.
    pub fn say(&mut self, log: &LogSink) {
        for (system, line) in self.said.drain(..) {
            log(&system, self.record.tick, &line);
        }
    }
}

impl Runtime {
    /// Does one tick with what it is given, without the mods that it is done
    /// without. Where steps are recorded, the attempt has what each system run did.
    ///
    /// # Errors
    ///
    /// A call, a statement or commands that cannot be confined to the run of a
    /// system. What was written to tables must be undone.
    pub fn attempt(
        &self,
        world: &World,
        tables: &Arc<Database>,
        pending: &PendingTick,
        records_steps: bool,
    ) -> Result<Attempt, Halted> {
        let PendingTick { given, exclusions } = pending;
        let mut world = world.clone();
        let tick = world.tick() + 1;
        world.set_tick(tick);
        let mut record = TickRecord { tick, exclusions: exclusions.clone(), ..Default::default() };
        let edited = self.admit(&mut world, given, &mut record, records_steps);

        let takes_part = self.participants(&world, exclusions);
        let super::Loaded { config, engine, program, schedule } = &self.loaded;
        let clock =
            TickClock { tick, dt_seconds: config.world.dt_seconds, seed: config.world.seed };
        let mut watch = Stopwatch::start();
        let engine = &**engine;
        let lending = self.elsewhere().map(|elsewhere| Lending { engine, elsewhere: &**elsewhere });
        let calls = lending.as_ref().map_or(engine as &dyn CallMaker, |lending| lending);
        let tick_run = TickRun::new(calls, program, schedule, tables, clock, &takes_part, world);
        let tick_run = tick_run.recording(records_steps);
        let (mut world, finished) = tick_run.run(self.pool.as_ref())?;
        record.timings.systems = watch.lap();

        let _deferred = trace_span!("deferred").entered();
        self.check_room(&world, &finished)?;
        self.note_progress(&mut world, &finished, &mut record);
        let mut attempt = Attempt { world, record, steps: edited, said: Vec::new() };
        self.apply_deferred(&mut attempt, finished, records_steps);
        let Attempt { world, record, .. } = &mut attempt;
        self.judge(world, record);
        self.forget_read_events(world, record);
        record.timings.deferred = watch.lap();
        Ok(attempt)
    }

    /// A mod without which a tick is to be done again, because that mod halted it.
    ///
    /// # Errors
    ///
    /// That no mod is to blame: the tables cannot be written, or the machine could
    /// not make a call.
    pub fn exclusion(&self, halted: Halted) -> Result<Exclusion, Error> {
        let Halted { system, halt } = halted;
        let mod_id = self.program().mods[system.owner].id.clone();
        match halt {
            Halt::Save(why) => Err(Error::Tables(why)),
            Halt::Host(why) => Err(Error::Host { mod_id, why }),
            halt => {
                tracing::warn!("mod `{mod_id}` is left out of a tick: {halt}");
                Ok(Exclusion { mod_id, system: system.name.clone(), cause: halt.to_string() })
            }
        }
    }

    /// Which systems run in the tick that a world stands at.
    fn participants(
        &self,
        world: &World,
        exclusions: &[Exclusion],
    ) -> impl Fn(&System) -> bool + Sync + use<> {
        let out: BTreeSet<usize> = self
            .program()
            .mods
            .iter()
            .enumerate()
            .filter(|(_, loaded)| {
                world.is_suspended(&loaded.id)
                    || exclusions.iter().any(|exclusion| exclusion.mod_id == loaded.id)
            })
            .map(|(at, _)| at)
            .collect();
        let alone: BTreeSet<String> = world.suspended_systems().collect();
        let (systems, tick) = (world.systems.clone(), world.tick());
        move |system| {
            let is_due = match system.startup {
                true => !has_run(&systems, system),
                false => system.is_due(tick),
            };
            let is_out = system.is_dispensable && alone.contains(&system.name);
            !out.contains(&system.owner) && !is_out && is_due
        }
    }

    /// Lets mods take part again, does edits, and makes inputs events that systems read
    /// in this tick. Gives the steps that the edits were, where they are recorded.
    fn admit(
        &self,
        world: &mut World,
        given: &Given,
        record: &mut TickRecord,
        records_steps: bool,
    ) -> Vec<Step> {
        for Resume { mod_id, .. } in &given.resumes {
            let name = apart(mod_id);
            if world.is_suspended(&name) {
                Arc::make_mut(&mut world.mods).insert(name, ModState::default());
            }
        }
        let steps = self.edit(world, &given.edits, record, records_steps);
        for input in &given.inputs {
            let topic = Topic::Kind(input.kind);
            let number = world.events.push(topic, record.tick, input.payload.clone());
            let payload = input.payload.clone();
            record.events.push(Emitted { topic, number, system: String::new(), payload });
        }
        record.inputs = given.inputs.clone();
        record.resumes = given.resumes.clone();
        record.requests = given.requests.clone();
        steps
    }

    /// Halts the first mod whose commands would make more entities than a world
    /// can have. What the same tick despawns makes no room.
    fn check_room(&self, world: &World, finished: &[Option<Finished>]) -> Result<(), Halted> {
        let mut spawned = 0;
        for (index, done) in finished.iter().enumerate() {
            let commands = done.iter().flat_map(|done| &done.deferred.commands);
            let spawns = commands.filter(|command| matches!(command.edit, Edit::Spawn(_)));
            spawned += spawns.map(|command| command.entities.len() as u64).sum::<u64>();
            if !world.entities.has_room_for(spawned) {
                let system = self.loaded.schedule.systems()[index].clone();
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
        let limit = self.config().world.faults_to_set_aside.unwrap_or(0);
        for (index, (system, done)) in
            self.loaded.schedule.systems().iter().zip(finished).enumerate()
        {
            match done {
                Some(done) if done.fault.is_some() => reading::failed(world, system, limit),
                Some(_) => {
                    let now = Stamp::system(record.tick, index);
                    record.set_aside.extend(reading::succeeded(world, system, now));
                }
                None if record.exclusions.iter().any(|it| it.system == system.name) => {
                    reading::failed(world, system, limit);
                }
                None => {}
            }
        }
    }

    /// Applies commands and emits events, system by system. Adds the steps of the
    /// tick, where they are recorded, and what systems said.
    fn apply_deferred(
        &self,
        attempt: &mut Attempt,
        finished: Vec<Option<Finished>>,
        records_steps: bool,
    ) {
        let Attempt { world, record, steps, said } = attempt;
        let reported = self.program().topics();
        let mut commands = Vec::new();
        for done in finished.into_iter().flatten() {
            let Finished { mut run, deferred, log, step, .. } = done;
            for line in log.into_lines() {
                if self.config().logs.keeps(line.level) {
                    let (system, LogLine { level, text }) = (run.system.clone(), line.clone());
                    record.logged.push(Logged { system, level, text });
                }
                said.push((run.system.clone(), line));
            }
            steps.extend(step);
            let recorded = records_steps && !deferred.commands.is_empty();
            let before = recorded.then(|| world.clone());
            let removed = removals(world, &reported);
            let (applied, emitted) = merge::apply_deferred(world, &run.system, deferred);
            record.events.extend(new_removals(world, removed));
            commands.extend(before.map(|before| Step {
                edit: None,
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
    }

    /// Counts faults in a row, and suspends a mod that has too many, or a system
    /// without which its mod goes on.
    fn judge(&self, world: &mut World, record: &mut TickRecord) {
        let mods = Arc::make_mut(&mut world.mods);
        let mut suspended = Vec::new();
        for (owner, loaded) in self.program().mods.iter().enumerate() {
            let systems = self.program().systems.iter().filter(|system| system.owner == owner);
            let apart_ones: Vec<&str> = systems
                .filter(|system| system.is_dispensable)
                .map(|system| system.name.as_str())
                .collect();
            let is_apart = |name: &str| apart_ones.contains(&name);
            let allowed = self.config().world.faults_to_suspend;
            let limit = self.sets.faults_to_suspend(&loaded.id, record.tick, allowed);
            let own = |run: &&SystemRun| run.system.split('/').next() == Some(loaded.id.as_str());
            let of_mod = |run: &&SystemRun| own(run) && !is_apart(&run.system);
            let excluded = |it: &Exclusion| it.mod_id == loaded.id && !is_apart(&it.system);
            let conduct = Conduct {
                faulted: record.exclusions.iter().any(excluded)
                    || record.runs.iter().filter(of_mod).any(|run| run.fault.is_some()),
                ran: record.runs.iter().any(|run| of_mod(&run)),
            };
            if conduct.counts(mods, &loaded.id, limit) {
                suspended.push(loaded.id.clone());
            }
            for system in &apart_ones {
                let run = record.runs.iter().find(|run| run.system == *system);
                let conduct = Conduct {
                    faulted: record.exclusions.iter().any(|it| it.system == *system)
                        || run.is_some_and(|run| run.fault.is_some()),
                    ran: run.is_some(),
                };
                if conduct.counts(mods, &apart(system), limit) {
                    suspended.push((*system).to_owned());
                }
            }
        }
        record.suspended = suspended;
    }

    /// Drops the events that every system which takes part has read. Inputs that
    /// only suspended mods read wait for one of those to take part again; an
    /// input that no system reads is set aside.
    fn forget_read_events(&self, world: &mut World, record: &mut TickRecord) {
        let (mut passed, mut held) = (BTreeMap::new(), BTreeMap::new());
        // Saves that know of no setting aside go on as they began.
        let waits = self.config().world.faults_to_set_aside.is_some();
        for system in &self.program().systems {
            if waits && system.startup && has_run(&world.systems, system) {
                continue;
            }
            let is_out = world.is_suspended(&self.program().mods[system.owner].id);
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
}

/// How a mod or a system behaved in a tick.
struct Conduct {
    faulted: bool,
    ran: bool,
}

impl Conduct {
    /// Counts it for what the world keeps under a name. Says whether that has as many faults
    /// in a row now that it is suspended; zero of them: never.
    fn counts(&self, mods: &mut BTreeMap<String, ModState>, name: &str, limit: u32) -> bool {
        let Self { faulted, ran } = *self;
        if !faulted && !ran {
            return false;
        }
        let state = mods.entry(name.to_owned()).or_default();
        let faults = state.faults_in_a_row.saturating_add(1);
        state.faults_in_a_row = if faulted { faults } else { 0 };
        if limit == 0 || state.faults_in_a_row < limit || state.suspended {
            return false;
        }
        state.suspended = true;
        true
    }
}

/// The last numbers of all removals and despawns.
pub(super) fn removals(world: &World, topics: &BTreeSet<Topic>) -> Vec<(Topic, u64)> {
    let of = |topic: &&Topic| matches!(topic, Topic::Removed(_) | Topic::Despawned);
    topics.iter().filter(of).map(|topic| (*topic, world.events.last(*topic))).collect()
}

pub(super) fn new_removals(world: &World, before: Vec<(Topic, u64)>) -> Vec<Emitted> {
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
