//! Running recorded ticks again, and holding each against what was recorded.
//!
//! It begins at a keyframe, with the mods that the save carries, and gives each
//! tick the inputs, resumes and exclusions that the save has of it; guards against what
//! takes long are off, for what they did is among the exclusions. Where other
//! mods or settings came, they come again. After each tick both hashes must be
//! the recorded ones, and so must be what history has of every step.

use std::path::Path;
use std::sync::Arc;

use crate::config::WorldConfig;
use crate::ecs::World;
use crate::error::Error;
use crate::hash::StateHasher;
use crate::record::{Digest, TickRecord, hex};
use crate::replay::{Replay, Terms};
use crate::save::{self, Difference, Reader};

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
    let replay_log = reader.replay_log(0..=u64::MAX)?;
    let start = reader.start(from.unwrap_or(0))?;
    let first = start.world.tick() + 1;
    let from = from.unwrap_or(first).max(first);
    let to = to.unwrap_or(replay_log.head).min(replay_log.head);
    let terms = Terms { threads, ..Terms::default() };
    let mut replay = Replay::new(Arc::new(replay_log), start, terms)?.recording();
    let mut verified = Verified { from, to, ticks: 0, mismatch: None };
    for tick in first..=to {
        replay.keep_up(tick)?;
        let before = replay.world().clone();
        let record = replay.tick(replay.given(tick))?;
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

impl Replay {
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
        let others = self.exclusions(tick);
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
