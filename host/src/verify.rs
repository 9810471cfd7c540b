//! Running recorded ticks again, and holding each against what was recorded.
//!
//! It begins at a keyframe, with the mods that the save carries, and gives each
//! tick the inputs, resumes and exclusions that the save has of it; guards against what
//! takes long are off, for what they did is among the exclusions. Where other
//! mods or settings came, they come again. After each tick both hashes must be
//! the recorded ones, and so must be what history has of every step.

use std::path::Path;
use std::sync::Arc;

use crate::catalog::ModSource;
use crate::compile::{Compiler, source_of};
use crate::config::{Limits, WorldConfig};
use crate::ecs::World;
use crate::error::Error;
use crate::fork::Fork;
use crate::hash::StateHasher;
use crate::record::{Digest, Given, TickRecord, hex};
use crate::runtime::{ModSets, PendingTick, Runtime};
use crate::save::{self, Difference, Reader, ReplayLog, Start};

/// How far running ticks again is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The tick that was run last.
    pub tick: u64,
    /// The first that is run, which may lie before the first that is compared.
    pub first: u64,
    /// The last that is run.
    pub last: u64,
}

impl Progress {
    /// How many of a hundred parts are done.
    pub fn percent(&self) -> u64 {
        let of = |tick: u64| u128::from(tick.saturating_sub(self.first) + 1);
        (of(self.tick) * 100 / of(self.last)) as u64
    }
}

/// How running ticks again went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first tick that was compared.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// How many were compared.
    pub ticks: u64,
    /// The first that differs.
    pub mismatch: Option<Mismatch>,
}

/// A tick that differs from what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which tick.
    pub tick: u64,
    /// What differs, in a sentence.
    pub what: String,
    /// The first place at which it does, where history has it.
    pub place: Option<Difference>,
}

/// Runs ticks of a save again and compares them, from one to another; all that
/// its history reaches if none is given. Calls `each` after every tick.
///
/// # Errors
///
/// That the save cannot be read, has no history to begin at or lacks a component,
/// or that a tick could not be run on this machine. A tick that runs and differs
/// is no error.
pub fn verify(
    save: &Path,
    from: Option<u64>,
    to: Option<u64>,
    threads: usize,
    each: &mut dyn FnMut(Progress),
) -> Result<Verified, Error> {
    let reader = Reader::open(save)?;
    // What is wrong with the last world comes first.
    reader.whole_world()?;
    let replay_log = reader.replay_log()?;
    let start = reader.start(from.unwrap_or(0))?;
    let first = start.world.tick() + 1;
    let from = from.unwrap_or(first).max(first);
    let to = to.unwrap_or(replay_log.head).min(replay_log.head);
    let mut replay = Replay::new(replay_log, start, threads)?;
    let mut verified = Verified { from, to, ticks: 0, mismatch: None };
    for tick in first..=to {
        replay.keep_up(tick)?;
        let before = replay.world().clone();
        let record = replay.tick(tick)?;
        if tick >= from {
            verified.ticks += 1;
            let mismatch = replay.hold(&reader, &before, &record)?;
            if mismatch.is_some() {
                verified.mismatch = mismatch;
                return Ok(verified);
            }
        }
        each(Progress { tick, first, last: to });
    }
    Ok(verified)
}

/// A world whose ticks are run again.
struct Replay {
    replay_log: ReplayLog,
    fork: Fork,
    compiler: Compiler,
    /// The places of the next set of mods and the next settings.
    next: (usize, usize),
}

impl Replay {
    fn new(replay_log: ReplayLog, start: Start, threads: usize) -> Result<Self, Error> {
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
            .map_or_else(|| WorldConfig::of(""), |(_, it)| unguarded(it));
        let compiler = Compiler::new(config.clone(), threads)?;
        let before = set.checked_sub(1).and_then(|before| replay_log.sets.get(before)).cloned();
        let sets = ModSets::new(replay_log.sets.get(set).cloned().unwrap_or_default(), before);
        let runtime = Runtime::new(config.clone(), compiler.engine(), sets, threads)?;
        let chain = replay_log.hashes.get(&at).map_or([0; 32], |(_, chain)| *chain);
        let fork =
            Fork::new(runtime, world, chain, Arc::new(tables), applied_conversions).recording();
        let mut replay = Self { replay_log, fork, compiler, next };
        let mods = replay.compiler.compile(replay.sources(set)?)?;
        let candidate = replay.fork.prepare(config, mods, Vec::new())?;
        replay.fork.take_over(candidate, None)?;
        Ok(replay)
    }

    fn world(&self) -> &World {
        self.fork.world()
    }

    fn sources(&self, set: usize) -> Result<Vec<ModSource>, Error> {
        let mods = self.replay_log.sets.get(set).map_or(&[][..], |set| &set.mods[..]);
        match mods.iter().find(|stored| stored.component.is_empty()) {
            None => Ok(mods.iter().map(source_of).collect()),
            Some(lost) => Err(Error::Lost { mod_id: lost.id.clone(), hash: hex(&lost.hash) }),
        }
    }

    /// Takes over the mods and settings that came before a tick.
    fn keep_up(&mut self, tick: u64) -> Result<(), Error> {
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
            let config = unguarded(&self.replay_log.settings[self.next.1 - 1].1);
            let mods = self.sources(self.next.0 - 1)?;
            let threads = self.fork.runtime().threads();
            self.compiler = self.compiler.with(config.clone(), threads)?;
            let compiled = self.compiler.compile(mods)?;
            self.compiler.remember(&compiled);
            let candidate = self.fork.prepare(config, compiled, Vec::new())?;
            self.fork.take_over(candidate, cause)?;
        }
    }

    fn tick(&mut self, tick: u64) -> Result<TickRecord, Error> {
        let ReplayLog { inputs, resumes, edits, exclusions, .. } = &self.replay_log;
        let given = Given {
            inputs: inputs.get(&tick).cloned().unwrap_or_default(),
            resumes: resumes.get(&tick).cloned().unwrap_or_default(),
            edits: edits.get(&tick).cloned().unwrap_or_default(),
            requests: Vec::new(),
        };
        let exclusions = exclusions.get(&tick).cloned().unwrap_or_default();
        self.fork.tick(PendingTick { given, exclusions })
    }

    /// Holds a tick that was run again against what was recorded of it.
    fn hold(
        &self,
        reader: &Reader,
        before: &World,
        record: &TickRecord,
    ) -> Result<Option<Mismatch>, Error> {
        let tick = record.tick;
        let mismatch =
            |what: &str, place| Ok(Some(Mismatch { tick, what: what.to_owned(), place }));
        let Some((state, chain)) = self.replay_log.hashes.get(&tick) else {
            return mismatch("the save has no record of it", None);
        };
        let recorded = reader.recorded(tick)?;
        let history = &self.setting_at(tick).history;
        let is_whole = history.components.is_empty();
        let is_recorded = history.every_ticks == 1 && is_whole && !recorded.is_empty();
        let is_same = !is_recorded || recorded == record.history;
        let place = match is_same {
            true => None,
            false => match save::compare(before, &recorded, &record.history) {
                Ok(place) => place,
                Err(what) => return mismatch(&what, None),
            },
        };
        let others = self.replay_log.exclusions.get(&tick).map_or(&[][..], |them| them);
        if record.exclusions.len() != others.len() {
            let new = record.exclusions.last();
            let new =
                new.map_or(String::new(), |new| format!("mod `{}`: {}", new.mod_id, new.cause));
            return mismatch(&format!("it could not be run again with {new}"), place);
        }
        match (place, record.state == *state, record.chain == *chain) {
            (None, true, true) => {}
            (Some(place), true, _) => {
                return mismatch("what history has of it is not what its systems do", Some(place));
            }
            (Some(place), false, _) => {
                return mismatch("running it again leads to another world", Some(place));
            }
            (None, false, _) if is_recorded => {
                let what = differing("state", state, &record.state);
                return mismatch(&format!("{what}, though history agrees"), None);
            }
            (None, false, _) => return mismatch(&differing("state", state, &record.state), None),
            (None, true, false) => {
                let what = differing("chain", chain, &record.chain);
                return mismatch(&format!("{what}: its inputs or events are others"), None);
            }
        }
        if is_whole && self.replay_log.keyframes.contains(&tick) {
            let mut kept = reader.keyframe_world(tick)?;
            kept.tables = self.world().tables.clone();
            if StateHasher::default().digest(&kept) != *state {
                return mismatch("its keyframe is another world", None);
            }
        }
        Ok(None)
    }

    fn setting_at(&self, tick: u64) -> &WorldConfig {
        let settings = &self.replay_log.settings;
        let at = settings.iter().rposition(|(since, _)| *since < tick).unwrap_or(0);
        &settings[at].1
    }
}

fn differing(which: &str, recorded: &Digest, found: &Digest) -> String {
    let (recorded, found) = (hex(recorded), hex(found));
    format!("its recorded {which} hash {} is not {}", &recorded[..12], &found[..12])
}

/// Settings without guards that look at a clock or at the machine: what those
/// did is recorded.
fn unguarded(config: &WorldConfig) -> WorldConfig {
    let mut config = config.clone();
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
