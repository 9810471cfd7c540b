//! What came back of a call that was made elsewhere, replayed.
//!
//! Its effects pass through the functions that check a guest, in the order in which it had
//! them.

use super::answer::Answer;
use super::effect::Effect;
use super::message::Reader;
use crate::call::{Call, CallReport};
use crate::codec;
use crate::imports::Imports;
use crate::said::Log;
use crate::shards;
use crate::state::InTick;
use sandtable_world::fault::Fault;
use sandtable_world::record::LogLevel;

/// What an answer means for its call.
pub enum Settled {
    /// The same as if the guest had run here.
    Report(CallReport),
    /// The mod did what a mod may not. Only a call that is made here may fault.
    Fault,
    /// It is no answer that a worker gives.
    Unreadable,
}

/// No call takes longer, whatever an answer says.
const NANOS_MAX: u64 = 120_000_000_000;

/// Does to a call what an answer says that its guest did.
pub fn settle(call: &Call, answer: &Answer<'_>) -> Settled {
    let mut inside = InTick::new(&call.context, call.number, call.batches.clone());
    let replayed = answer.done.and_then(|done| replay(&mut inside, done));
    let log = match replayed {
        Some(Ok(log)) => log,
        Some(Err(_)) => return Settled::Fault,
        None => return Settled::Unreadable,
    };
    let (rows, guest_ns) = (inside.used.rows, answer.nanos.min(NANOS_MAX));
    let verdict = Ok(inside.outcome);
    Settled::Report(CallReport { verdict, log, rows, guest_ns, is_away: true })
}

/// What the guest said, once all that it did was done to the call; or the fault of what it
/// did. Nothing where that cannot be read.
fn replay(call: &mut InTick, done: &[u8]) -> Option<Result<Log, Fault>> {
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
    let mut fault = None;
    for _ in 0..from.array().ok()? {
        let effect = Effect::read(&mut from).ok()?;
        if fault.is_none() {
            fault = act(effect, call).err();
        }
    }
    from.end().ok()?;
    Some(fault.map_or(Ok(log), Err))
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
