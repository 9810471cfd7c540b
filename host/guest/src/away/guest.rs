//! A guest that runs without its world: what it hands over is noted, what it looks up is
//! asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use super::column::{ColumnName, Page};
use super::effect::Effect;
use super::message::{Unreadable, Writer};
use super::question::{self, Form, Question};
use crate::imports::{Direction, Edges, Found, Imports};
use crate::shards::Shard;
use sandtable_world::config::Limits;
use sandtable_world::fault::Fault;

/// Asks the process with the world, and waits for what it says; nothing when it does not
/// answer.
pub type Ask = Box<dyn FnMut(Vec<u8>) -> Option<Vec<u8>> + Send>;

/// What a guest without a world works on.
pub(crate) struct Away {
    call: u64,
    limits: Limits,
    batches: VecDeque<Vec<Shard>>,
    /// The columns of the current batch, shard by shard.
    current: Vec<Vec<Arc<Vec<u8>>>>,
    /// Bytes that the guest produced, as they are counted where the world is.
    bytes: u64,
    effects: Writer,
    count: usize,
    written: Vec<(ColumnName, Page)>,
    ask: Ask,
}

/// A column that a guest wrote.
pub(crate) struct Wrote {
    shard: usize,
    column: usize,
    /// Nothing where it is as it was sent.
    bytes: Option<Vec<u8>>,
}

impl Away {
    /// For the call of this number.
    pub fn new(call: u64, limits: Limits, batches: VecDeque<Vec<Shard>>, ask: Ask) -> Self {
        let (current, effects) = (Vec::new(), Writer::part());
        let written = Vec::new();
        Self { call, limits, batches, current, bytes: 0, effects, count: 0, written, ask }
    }

    /// How many effects it has, what they are, and the columns that were written.
    pub fn into_effects(self) -> (usize, Vec<u8>, Vec<(ColumnName, Page)>) {
        (self.count, self.effects.done(), self.written)
    }

    /// Bytes that may be noted besides those that a guest produces.
    const NOTES_MAX_BYTES: usize = 1 << 20;

    fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes += bytes as u64;
        let most = self.limits.outcome_max_bytes;
        let noted = (self.effects.len() as u64).saturating_sub(Self::NOTES_MAX_BYTES as u64);
        match self.bytes.max(noted) > most {
            true => Err(Fault::TooMuch { what: "bytes", limit: "outcome_max_bytes", most }),
            false => Ok(()),
        }
    }

    fn note(&mut self, effect: Effect<'_>) {
        effect.write(&mut self.effects);
        self.count += 1;
    }

    fn question(&mut self, form: Form, index: u32, entities: &[u64]) -> Result<Vec<u8>, Fault> {
        let question = Question::new(self.call, form, index, entities).message();
        (self.ask)(question).ok_or_else(|| lost("the process with the world did not answer"))
    }
}

/// Ends a call: it will be made where the world is.
fn lost(why: impl ToString) -> Fault {
    Fault::Failed(why.to_string())
}

fn unreadable(error: Unreadable) -> Fault {
    lost(error)
}

impl Imports for Away {
    type Written = Wrote;

    fn next_batch(&mut self) -> Result<Vec<Shard>, Fault> {
        self.charge(0)?;
        self.note(Effect::Next);
        let batch = self.batches.pop_front().unwrap_or_default();
        self.current = batch.iter().map(|shard| shard.columns.clone()).collect();
        Ok(batch)
    }

    fn check_column(&self, shard: usize, column: usize, bytes: &[u8]) -> Result<Wrote, Fault> {
        let sent = self.current.get(shard).and_then(|columns| columns.get(column));
        let bytes = match sent.is_some_and(|sent| **sent == bytes) {
            true => None,
            false => Some(bytes.to_vec()),
        };
        Ok(Wrote { shard, column, bytes })
    }

    fn keep_column(&mut self, written: Wrote, bytes: usize) -> Result<(), Fault> {
        self.charge(bytes)?;
        let Wrote { shard, column, bytes } = written;
        let name = ColumnName::written(self.call, self.count);
        self.note(Effect::Write { shard, column, bytes: bytes.as_deref() });
        let bytes = bytes.filter(|bytes| bytes.len() >= ColumnName::LEAST_BYTES);
        self.written.extend(name.zip(bytes.map(Arc::new)));
        Ok(())
    }

    fn lookup(&mut self, lookup: u32, entities: &[u64]) -> Result<Found, Fault> {
        let answer = self.question(Form::Lookup, lookup, entities)?;
        question::found(&answer).map_err(unreadable)
    }

    fn related(&mut self, relation: u32, way: Direction, of: &[u64]) -> Result<Edges, Fault> {
        let form = match way {
            Direction::Outgoing => Form::Outgoing,
            Direction::Incoming => Form::Incoming,
        };
        let answer = self.question(form, relation, of)?;
        question::edges(&answer).map_err(unreadable)
    }

    fn set_resource(&mut self, resource: u32, value: &[u8]) -> Result<(), Fault> {
        self.charge(value.len())?;
        self.note(Effect::Resource { resource, value });
        Ok(())
    }

    fn commands(&mut self, runs: &[u8]) -> Result<(), Fault> {
        self.charge(runs.len())?;
        self.note(Effect::Commands(runs));
        Ok(())
    }

    fn emit(&mut self, events: &[u8]) -> Result<(), Fault> {
        self.charge(events.len())?;
        self.note(Effect::Events(events));
        Ok(())
    }
}
