//! A call as one message.

use std::collections::VecDeque;
use std::sync::Arc;

use super::answer;
use super::column::{ColumnName, Held, Page};
use super::message::{Reader, Unreadable, Writer};
use crate::call::Call;
use crate::context::{Batch, CallContext};
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
    /// The columns that came with it and may be named from now on.
    sent: Vec<(ColumnName, Page)>,
    /// Whether it names a column that was not found.
    lacks: bool,
}

/// A call that is to be sent.
pub struct Request {
    /// The message.
    pub message: Vec<u8>,
    /// What the process has that gets it.
    pub held: Vec<Held>,
    /// Bytes of columns that it names, since that process has them.
    pub spared: usize,
}

/// A column in a message.
enum Sent {
    Whole(Page),
    Named(ColumnName),
}

/// The pages that a call reads and that can be named, as the world has them.
pub fn pages<'a>(
    context: &'a CallContext,
    batches: &'a VecDeque<Batch>,
) -> impl Iterator<Item = &'a Page> {
    let shards = batches.iter().flatten();
    let pages = shards.flat_map(|shard| shards::pages(context, shard));
    pages.filter(|page| page.len() >= ColumnName::LEAST_BYTES)
}

/// A call as one message, with the number by which its answer is to be known and what it
/// is to be made with. Columns that are `known` there by a name are called by it.
pub fn request(
    call: &Call,
    id: u64,
    package: &Digest,
    known: &mut dyn FnMut(&Page) -> Option<ColumnName>,
) -> Request {
    let context = &call.context;
    let (mut held, mut spared, mut place) = (Vec::new(), 0, 0);
    let mut column = |page: Page| {
        place += 1;
        // What the world has no part in is made anew for each call.
        if page.len() < ColumnName::LEAST_BYTES || Arc::strong_count(&page) == 1 {
            return Sent::Whole(page);
        }
        if let Some(name) = known(&page) {
            spared += page.len();
            return Sent::Named(name);
        }
        let name = ColumnName::sent(id, place - 1);
        held.extend(name.map(|name| Held { name, page: Arc::downgrade(&page) }));
        Sent::Whole(page)
    };
    let mut ship = |shard: &_| {
        let Shard { header, columns } = shards::ship(context, shard);
        (header, columns.into_iter().map(&mut column).collect::<Vec<Sent>>())
    };
    let batches = call.batches.iter();
    let batches: Vec<Vec<_>> = batches.map(|batch| batch.iter().map(&mut ship).collect()).collect();
    let bytes_of = |(header, columns): &(Vec<u8>, Vec<Sent>)| {
        let columns = columns.iter().map(|column| match column {
            Sent::Whole(page) => page.len() + 5,
            Sent::Named(_) => 16,
        });
        header.len() + 16 + columns.sum::<usize>()
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
        for (header, columns) in batch {
            into.array(2);
            into.bin(header);
            into.array(columns.len());
            for column in columns {
                match column {
                    Sent::Whole(page) => into.bin(page),
                    Sent::Named(ColumnName { call, place }) => {
                        into.array(2);
                        into.uint(*call);
                        into.uint(u64::from(*place));
                    }
                }
            }
        }
    }
    Request { message: into.done(), held, spared }
}

impl AwayCall {
    /// The message that it cannot be made.
    pub fn refusal(id: u64) -> Vec<u8> {
        answer::failure(id, 0)
    }

    /// The message that it names a column that this process does not have.
    pub fn lacking(id: u64) -> Vec<u8> {
        answer::lacking(id)
    }

    /// Whether it names a column that was not found, so that it cannot be made.
    pub fn lacks(&self) -> bool {
        self.lacks
    }

    /// The columns that came with it and may be named in later calls.
    pub fn sent(&self) -> &[(ColumnName, Page)] {
        &self.sent
    }

    /// Reads the message of a call, with the columns that are `kept` here by name.
    ///
    /// # Errors
    ///
    /// That it is none, or one of another version.
    pub fn read(
        message: &[u8],
        kept: &mut dyn FnMut(ColumnName) -> Option<Page>,
    ) -> Result<Self, Unreadable> {
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
        let (mut batches, mut sent, mut lacks) = (VecDeque::new(), Vec::new(), false);
        let mut place = 0;
        let mut column = |from: &mut Reader<'_>| {
            place += 1;
            if from.is_array() {
                from.array_of(2)?;
                let (call, place) = (from.uint()?, from.uint()?);
                let place = place.try_into();
                let place = place.map_err(|_| Unreadable("no place of a column".to_owned()))?;
                let page = kept(ColumnName { call, place });
                lacks |= page.is_none();
                return Ok(page.unwrap_or_default());
            }
            let page = Arc::new(from.bin()?.to_vec());
            if page.len() >= ColumnName::LEAST_BYTES {
                sent.extend(ColumnName::sent(id, place - 1).map(|name| (name, page.clone())));
            }
            Ok(page)
        };
        for _ in 0..from.array()? {
            let mut batch = Vec::new();
            for _ in 0..from.array()? {
                from.array_of(2)?;
                let header = from.bin()?.to_vec();
                let count = from.array()?;
                let columns = (0..count).map(|_| column(&mut from));
                let columns = columns.collect::<Result<_, Unreadable>>()?;
                batch.push(Shard { header, columns });
            }
            batches.push_back(batch);
        }
        from.end()?;
        Ok(Self {
            id,
            package,
            system,
            tick,
            dt_seconds,
            random,
            limits,
            argument,
            batches,
            sent,
            lacks,
        })
    }
}
