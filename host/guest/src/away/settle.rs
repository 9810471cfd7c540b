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

/// What an answer means for its call: the same as if the guest had run here. Nothing
/// where it is no faultless one, which only a call that is made here may be.
pub fn settle(call: &Call, answer: &Answer<'_>) -> Option<CallReport> {
    let mut inside = InTick::new(&call.context, call.number, call.batches.clone());
    let log = replay(&mut inside, answer.done?)?;
    let rows = inside.used.rows;
    let verdict = Ok(inside.outcome);
    Some(CallReport { verdict, log, rows, guest_ns: answer.nanos, is_away: true })
}

/// What the guest said, once all that it did was done to the call.
fn replay(call: &mut InTick, done: &[u8]) -> Option<Log> {
    let mut from = Reader::rest_of(done);
    let most = call.context.limits.log_lines_max;
    let mut log = Log::default();
    let lines = from.array().ok()?.checked_sub(1)?;
    from.array_of(2).ok()?;
    log.drop_more([from.uint().ok()?, from.uint().ok()?]);
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
    for _ in 0..from.array().ok()? {
        act(Effect::read(&mut from).ok()?, call).ok()?;
    }
    from.end().ok()?;
    Some(log)
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
