//! The mods that run and those that ran before, and how new ones are watched.

use std::collections::BTreeSet;

use crate::catalog::{ModSource, text};
use crate::compile::source_of;
use crate::record::TickRecord;
use crate::save::{Cause, RecordedSet, StoredMod};

/// Ticks after a swap in which a mod that came with it must not fault: if it
/// does, the mods from before come back, or, where values were changed for it,
/// it is suspended.
const PROBATION_TICKS: u64 = 3;

/// The mods that run, and those that ran before the last swap.
#[derive(Debug, Default)]
pub struct ModSets {
    now: RecordedSet,
    before: Option<RecordedSet>,
}

/// Mods that faulted so soon after they came that those from before come back.
pub struct Setback {
    /// The mods that faulted, by id.
    pub faulted: Vec<String>,
    /// The mods from before.
    pub mods: Vec<ModSource>,
}

impl ModSets {
    /// As a save has them.
    pub fn new(now: RecordedSet, before: Option<RecordedSet>) -> Self {
        Self { now, before }
    }

    /// The mods that run.
    pub fn now(&self) -> &RecordedSet {
        &self.now
    }

    /// Takes over other mods; the same ones again are no others.
    pub fn advance(&mut self, set: RecordedSet) {
        if self.now.mods != set.mods {
            self.before = Some(std::mem::replace(&mut self.now, set));
        }
    }

    /// Faults in a row after which a mod is suspended, in a world that allows so
    /// many; zero: never.
    pub fn faults_to_suspend(&self, id: &str, tick: u64, allowed: u32) -> u32 {
        match self.now.cause {
            // There is no way back past changed values.
            Cause::Migrated if self.is_on_probation(id, tick) => 1,
            _ => allowed,
        }
    }

    /// Which mods must come back after a tick, because one that came with the last
    /// swap faulted in it.
    pub fn setback(&self, record: &TickRecord) -> Option<Setback> {
        let before = self.before.as_ref().filter(|_| self.now.cause == Cause::Swapped)?;
        let faulted: BTreeSet<&str> = record
            .runs
            .iter()
            .filter(|run| run.fault.is_some())
            .filter_map(|run| run.system.split('/').next())
            .chain(record.exclusions.iter().map(|exclusion| exclusion.mod_id.as_str()))
            .filter(|id| self.is_on_probation(id, record.tick))
            .collect();
        let faulted: Vec<String> = faulted.into_iter().map(str::to_owned).collect();
        let mods = || before.mods.iter().map(source_of).collect();
        (!faulted.is_empty()).then(|| Setback { faulted, mods: mods() })
    }

    /// Whether a mod came with the last swap, and so lately that it must not
    /// fault in this tick.
    fn is_on_probation(&self, id: &str, tick: u64) -> bool {
        let RecordedSet { since, cause, mods } = &self.now;
        let Some(before) = self.before.as_ref().filter(|_| tick <= since + PROBATION_TICKS) else {
            return false;
        };
        let of = |mods: &'_ [StoredMod]| mods.iter().position(|it| it.id == id);
        let differs = match (of(mods), of(&before.mods)) {
            (Some(now), Some(then)) => !text::has_same_code(&before.mods[then], &mods[now]),
            (now, then) => now.is_some() != then.is_some(),
        };
        matches!(cause, Cause::Swapped | Cause::Migrated) && differs
    }
}
