//! What came back of a call that was made elsewhere, replayed.
//!
//! Its effects pass through the functions that check a guest, in the order in which it had
//! them.

use std::sync::Arc;

use super::answer::Answer;
use super::column::{ColumnName, Held};
use super::effect::Effect;
use super::message::Reader;
use crate::call::{Call, CallReport};
use crate::codec;
use crate::imports::Imports;
use crate::outcome::WrittenValues;
use crate::said::Log;
use crate::shards;
use crate::state::InTick;
use sandtable_world::fault::Fault;
use sandtable_world::record::LogLevel;

/// What an answer means for its call.
pub enum Settled {
    /// The same as if the guest had run here.
    Report(Report),
    /// The mod did what a mod may not. Only a call that is made here may fault.
    Fault,
    /// It is no answer that a worker gives.
    Unreadable,
}

/// What came of a call, and which of its columns the process has that made it.
pub struct Report {
    /// The same as if the guest had run here.
    pub report: CallReport,
    /// What it wrote, as the world is given it.
    pub held: Vec<Held>,
}

/// No call takes longer, whatever an answer says.
const NANOS_MAX: u64 = 120_000_000_000;

/// Does to a call what an answer says that its guest did.
pub fn settle(call: &Call, answer: &Answer<'_>) -> Settled {
    let mut inside = InTick::new(&call.context, call.number, call.batches.clone());
    let replayed = answer.done.and_then(|done| replay(&mut inside, answer.id, done));
    let (log, held) = match replayed {
        Some(Ok(replayed)) => replayed,
        Some(Err(_)) => return Settled::Fault,
        None => return Settled::Unreadable,
    };
    let (rows, guest_ns) = (inside.used.rows, answer.nanos.min(NANOS_MAX));
    let verdict = Ok(inside.outcome);
    let report = CallReport { verdict, log, rows, guest_ns, is_away: true };
    Settled::Report(Report { report, held })
}

/// What the guest said, and the columns that it wrote, once all that it did was done to the
/// call; or the fault of what it did. Nothing where that cannot be read.
fn replay(call: &mut InTick, id: u64, done: &[u8]) -> Option<Result<(Log, Vec<Held>), Fault>> {
    let mut from = Reader::rest_of(done);
    let most = call.context.limits.log_lines_max;
    let mut log = Log::default();
    let lines = from.array().ok()?.checked_sub(1)?;
    from.array_of(2).ok()?;
    let dropped = |count: u64| count.min(u32::MAX.into());
    log.drop_more([dropped(from.uint().ok()?), dropped(from.uint().ok()?)]);
    for _ in 0..lines {
        from.array_of(2).ok()?;
        let level = match from.uint().ok()? {
            0 => LogLevel::Error,
            1 => LogLevel::Warn,
            2 => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        log.add(level, from.text().ok()?, most);
    }
    let (mut fault, mut held) = (None, Vec::new());
    for place in 0..from.array().ok()? {
        let effect = Effect::read(&mut from).ok()?;
        if fault.is_some() {
            continue;
        }
        let wrote = match effect {
            Effect::Write { bytes, .. } => bytes,
            _ => None,
        };
        fault = act(effect, call).err();
        held.extend(wrote.and_then(|bytes| written(call, ColumnName::written(id, place)?, bytes)));
    }
    from.end().ok()?;
    Some(fault.map_or(Ok((log, held)), Err))
}

/// The column that a call wrote last, if the world is given just these bytes.
fn written(call: &InTick, name: ColumnName, bytes: &[u8]) -> Option<Held> {
    let WrittenValues::Packed(page) = &call.outcome.written.last()?.values else { return None };
    let is_it = page.len() >= ColumnName::LEAST_BYTES && page[..] == *bytes;
    is_it.then(|| Held { name, page: Arc::downgrade(page) })
}

/// Does it to a call, as if a guest did it here.
fn act(effect: Effect<'_>, call: &mut InTick) -> Result<(), Fault> {
    match effect {
        Effect::Next => {
            shards::advance(call);
            Ok(())
        }
        Effect::Write { shard, column, bytes: None } => {
            shards::may_write(call, shard, column).map(drop)
        }
        Effect::Write { shard, column, bytes: Some(bytes) } => {
            let written = call.check_column(shard, column, bytes)?;
            call.keep_column(written, bytes.len())
        }
        Effect::Resource { resource, value } => call.set_resource(resource, value),
        Effect::Commands(runs) => codec::commands(call, runs),
        Effect::Events(events) => codec::events(call, events),
    }
}
