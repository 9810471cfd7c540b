//! Ticks that are done and not in the save, because it could not be written.
//!
//! A world whose settings say so goes on in memory then. What it did stays held, as
//! ticks that durability holds back do, and is committed in order once the save
//! can be written: it is tried again after one more tick, then after two, four
//! and so on. What mods wrote to their tables was in the transaction that failed,
//! and comes into the next one by doing the held ticks again.

use std::ops::Deref;

use crate::record::TickRecord;

/// Ticks that are in memory only, because the save could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How often they could not be committed.
    pub tries: u32,
    /// Why not, the last time.
    pub cause: String,
}

impl Unsaved {
    /// Names them, as the beginning of a sentence.
    pub fn shown(&self) -> String {
        shown_ticks(self.first, self.last)
    }
}

/// Names ticks, as the subject of a sentence.
pub(crate) fn shown_ticks(first: u64, last: u64) -> String {
    match first == last {
        true => format!("tick {first} is"),
        false => format!("ticks {first} to {last} are"),
    }
}

/// A save that could not be written.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    tries: u32,
    /// With how many held ticks it is tried again.
    again_at: u64,
    cause: String,
}

impl Failing {
    /// After one more commit of so many held ticks failed.
    pub(crate) fn again(before: Option<&Self>, held: usize, cause: String) -> Self {
        let tries = before.map_or(0, |failing| failing.tries) + 1;
        let pause = 1_u64.checked_shl(tries - 1).unwrap_or(u64::MAX);
        Self { tries, again_at: (held as u64).saturating_add(pause), cause }
    }

    /// Whether it is time to try again.
    pub(crate) fn is_due(&self, held: usize) -> bool {
        held as u64 >= self.again_at
    }

    /// As it is said of these ticks.
    pub(crate) fn of(&self, first: u64, last: u64) -> Unsaved {
        Unsaved { first, last, tries: self.tries, cause: self.cause.clone() }
    }
}

/// Records of ticks that are done and not in the save yet, weighed as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    records: Vec<TickRecord>,
    bytes: u64,
}

impl Held {
    /// Adds the record of the next tick.
    pub(crate) fn push(&mut self, record: TickRecord) {
        self.bytes = self.bytes.saturating_add(weight(&record));
        self.records.push(record);
    }

    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> Vec<TickRecord> {
        std::mem::take(self).records
    }
}

impl Deref for Held {
    type Target = [TickRecord];

    fn deref(&self) -> &[TickRecord] {
        &self.records
    }
}

/// About how many bytes a record takes.
fn weight(record: &TickRecord) -> u64 {
    let inputs = record.inputs.iter().map(|input| size_of_val(input) + input.payload.len());
    let events = record.events.iter().map(|event| size_of_val(event) + event.payload.len());
    let runs = record.runs.iter().map(size_of_val);
    let history = record.history.iter().map(Vec::len);
    let outgoing = record.outgoing.iter().map(|it| size_of_val(it) + it.kind.len() + it.body.len());
    let parts = inputs.chain(events).chain(runs).chain(history).chain(outgoing);
    (size_of_val(record) + parts.sum::<usize>()) as u64
}
