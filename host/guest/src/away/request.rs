//! A call as one message.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answer;
use super::message::{Reader, Unreadable, Writer};
use crate::call::Call;
use crate::shards::{self, Shard};
use crate::wasi;
use sandtable_world::config::Limits;
use sandtable_world::record::Digest;

/// Parts of the message.
const PARTS: usize = 9;
/// Limits in it: those that hold while a guest runs. Others are looked at where the
/// world is.
const LIMITS: usize = 5;

/// A call as it arrived at the process that is to make it.
pub struct AwayCall {
    /// The number by which the answer is known.
    pub id: u64,
    /// What it is made with: the name under which a component and files were handed over.
    pub package: Digest,
    /// The full name of the system.
    pub system: String,
    pub(super) tick: u64,
    pub(super) dt_seconds: f64,
    /// What the random numbers of WASI follow from.
    pub(super) random: [u8; 32],
    pub(super) limits: Limits,
    pub(super) argument: Vec<u8>,
    pub(super) batches: VecDeque<Vec<Shard>>,
}

/// A call as one message, with the number by which its answer is to be known and what it
/// is to be made with.
pub fn request(call: &Call, id: u64, package: &Digest) -> Vec<u8> {
    let context = &call.context;
    let ship = |batch: &Vec<_>| batch.iter().map(|shard| shards::ship(context, shard)).collect();
    let batches: Vec<Vec<Shard>> = call.batches.iter().map(ship).collect();
    let bytes_of = |shard: &Shard| {
        let columns = shard.columns.iter().map(|column| column.len() + 5);
        shard.header.len() + 16 + columns.sum::<usize>()
    };
    let bytes: usize = batches.iter().flatten().map(bytes_of).sum();
    let mut into = Writer::new(PARTS, bytes + context.argument.len() + 512);
    into.uint(id);
    into.bin(package);
    into.bin(context.system.name.as_bytes());
    into.uint(context.tick);
    into.float(context.dt_seconds);
    into.bin(&wasi::key_of(context, call.batches.front()));
    let limits = &context.limits;
    into.array(LIMITS);
    into.uint(limits.fuel);
    into.uint(limits.memory_max_bytes);
    into.uint(limits.outcome_max_bytes);
    into.uint(limits.log_lines_max);
    into.uint(limits.wall_clock_max_millis);
    into.bin(&context.argument);
    into.array(batches.len());
    for batch in &batches {
        into.array(batch.len());
        for Shard { header, columns } in batch {
            into.array(2);
            into.bin(header);
            into.array(columns.len());
            columns.iter().for_each(|column| into.bin(column));
        }
    }
    into.done()
}

impl AwayCall {
    /// The message that it cannot be made.
    pub fn refusal(id: u64) -> Vec<u8> {
        answer::failure(id, 0)
    }

    /// Reads the message of a call.
    ///
    /// # Errors
    ///
    /// That it is none, or one of another version.
    pub fn read(message: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(message, PARTS)?;
        let id = from.uint()?;
        let package = from.digest()?;
        let system = from.text()?.to_owned();
        let (tick, dt_seconds) = (from.uint()?, from.float()?);
        let random = from.digest()?;
        from.array_of(LIMITS)?;
        let limits = Limits {
            fuel: from.uint()?,
            memory_max_bytes: from.uint()?,
            outcome_max_bytes: from.uint()?,
            log_lines_max: from.uint()?,
            wall_clock_max_millis: from.uint()?,
            ..Limits::default()
        };
        let argument = from.bin()?.to_vec();
        let mut batches = VecDeque::new();
        for _ in 0..from.array()? {
            let mut batch = Vec::new();
            for _ in 0..from.array()? {
                from.array_of(2)?;
                let header = from.bin()?.to_vec();
                let count = from.array()?;
                let column = |_| Ok(Arc::new(from.bin()?.to_vec()));
                let columns = (0..count).map(column).collect::<Result<_, Unreadable>>()?;
                batch.push(Shard { header, columns });
            }
            batches.push_back(batch);
        }
        from.end()?;
        Ok(Self { id, package, system, tick, dt_seconds, random, limits, argument, batches })
    }
}
