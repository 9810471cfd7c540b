//! One call: a fresh instance, its snapshot of the world, and what it produced.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::{OutOfMemory, PoolConcurrencyLimitError, ResourceLimiter, Trap};

use super::engine::{Code, Engine};
use super::said::Log;
use super::wasi::Wasi;
use crate::config::Limits;
use crate::ecs::{ArchetypeId, Bytes, Command, KindId, RowMask, Stamp, World};
use crate::fault::{Fault, Halt, Verdict};
use crate::grants::Rights;
use crate::record::LogLevel;
use crate::statements::Statements;
pub use crate::system::Assets;
use crate::system::System;

/// A contiguous range of rows of one archetype: one page.
#[derive(Clone, Debug)]
pub struct ShardRef {
    /// Which of the system's queries it is for.
    pub query: usize,
    /// Of which archetype.
    pub archetype: ArchetypeId,
    /// Which page of it.
    pub page: usize,
    /// Which of its rows match.
    pub mask: RowMask,
}

impl ShardRef {
    /// How many rows it has.
    pub fn rows(&self, world: &World) -> usize {
        world.archetype(self.archetype).entities().pages()[self.page].len()
    }
}

/// The shards that a guest gets at once.
pub type Batch = Vec<ShardRef>;

/// How many rows some shards have.
pub fn rows_of(world: &World, shards: &[ShardRef]) -> usize {
    shards.iter().map(|shard| shard.rows(world)).sum()
}

/// What all calls of one system run share.
pub struct CallContext {
    /// The world as it was when the system started.
    pub world: World,
    /// The system.
    pub system: Arc<System>,
    /// The code of its mod.
    pub code: Code,
    /// The kinds its mod declared, in the mod's order.
    pub kinds: Arc<[KindId]>,
    /// What each call may use up.
    pub limits: Limits,
    /// The files that the mod may read.
    pub assets: Arc<Assets>,
    /// What the mod may do with what belongs to others.
    pub rights: Arc<Rights>,
    /// The number of the tick.
    pub tick: u64,
    /// Simulated seconds in a tick.
    pub dt_seconds: f64,
    /// The world's seed.
    pub seed: u64,
    /// When the run takes place, for change stamps.
    pub now: Stamp,
    /// The statements of the run, if it may make any.
    pub tables: Option<Arc<dyn Statements>>,
    /// The argument of `run`, encoded once for all calls.
    pub argument: Vec<u8>,
}

/// One call.
pub struct Call {
    /// What it shares with the other calls of the run.
    pub context: Arc<CallContext>,
    /// Its place among them.
    pub number: u32,
    /// Its shards.
    pub batches: VecDeque<Batch>,
}

/// New values of one page of a column.
pub enum WrittenValues {
    /// Packed rows.
    Packed(Arc<Vec<u8>>),
    /// MessagePack values.
    Dynamic(Arc<Vec<Bytes>>),
}

/// A page of a column that a call changed.
pub struct WrittenColumn {
    /// Of which archetype.
    pub archetype: ArchetypeId,
    /// Which page of it.
    pub page: usize,
    /// Of which column.
    pub kind: KindId,
    /// The new values, checked and canonical.
    pub values: WrittenValues,
    /// The new stamps, where the column keeps them.
    pub changed: Option<Arc<Vec<Stamp>>>,
}

/// An event that a call emitted.
pub struct EmittedEvent {
    /// Its place in the system's order.
    pub at: u64,
    /// Of which kind.
    pub kind: KindId,
    /// Its fields, checked and canonical.
    pub payload: Bytes,
}

/// What a call gave back.
#[derive(Default)]
pub struct Outcome {
    /// Pages whose bytes differ now.
    pub written: Vec<WrittenColumn>,
    /// Resources it set.
    pub resources: Vec<(KindId, Bytes)>,
    /// Commands, in the order they were sent.
    pub commands: Vec<Command>,
    /// Events, in the order they were emitted.
    pub events: Vec<EmittedEvent>,
}

/// How a call went.
pub struct CallReport {
    /// What it produced, or why nothing of it counts.
    pub verdict: Result<Outcome, Verdict>,
    /// What it said, also when it failed.
    pub log: Log,
    /// Rows shipped to it.
    pub rows: u64,
    /// Nanoseconds it took.
    pub nanoseconds: u64,
}

/// Bytes that one call has produced, counted against the limits.
#[derive(Default)]
pub(super) struct Used {
    pub bytes: u64,
    pub commands: u64,
    pub events: u64,
    pub spawns: u32,
    pub rows: u64,
}

/// The limits of memory and tables.
pub(super) struct Meter {
    memory_max_bytes: u64,
}

impl Meter {
    const TABLE_MAX_ELEMENTS: usize = 100_000;
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired as u64 > self.memory_max_bytes {
            return Err(Fault::OutOfMemory(self.memory_max_bytes).into());
        }
        Ok(true)
    }

    /// Growth that the limit allows fails where the machine lacks memory, which
    /// the guest must not see: it would take another way than elsewhere. What the
    /// memory's own type forbids, the guest is told everywhere alike.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        if is_of_host(&error) { Err(host_failure(&error).into()) } else { Ok(()) }
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= Self::TABLE_MAX_ELEMENTS)
    }
}

/// What the imports of one instance work on.
pub(super) struct CallState {
    pub meter: Meter,
    pub call: Option<Call>,
    /// The shards of the current batch.
    pub current: Batch,
    pub outcome: Outcome,
    /// Where the current batch starts in `outcome.written`.
    pub batch_start: usize,
    pub used: Used,
    pub assets: Arc<Assets>,
    pub log: Log,
    pub log_lines_max: u64,
    pub wasi: Wasi,
}

impl CallState {
    /// For an instance that is no part of a tick.
    pub fn outside(mod_id: &str, limits: &Limits, assets: Arc<Assets>) -> Self {
        Self {
            meter: Meter { memory_max_bytes: limits.memory_max_bytes },
            call: None,
            current: Vec::new(),
            outcome: Outcome::default(),
            batch_start: 0,
            used: Used::default(),
            assets,
            log: Log::default(),
            log_lines_max: limits.log_lines_max,
            wasi: Wasi::outside(mod_id),
        }
    }

    fn inside(call: Call) -> Self {
        let context = &call.context;
        let wasi = Wasi::inside(&call);
        let mut state = Self::outside("", &context.limits, context.assets.clone());
        state.wasi = wasi;
        state.call = Some(call);
        state
    }

    /// What the run shares; an error outside of one.
    pub fn context(&self) -> Result<Arc<CallContext>, Fault> {
        self.call
            .as_ref()
            .map(|call| call.context.clone())
            .ok_or_else(|| Fault::Undeclared("`describe` asked for the world".to_owned()))
    }

    pub fn number(&self) -> u32 {
        self.call.as_ref().map_or(0, |call| call.number)
    }

    /// Counts bytes that the guest produced.
    pub fn charge(&mut self, bytes: usize, limits: &Limits) -> Result<(), Fault> {
        self.used.bytes += bytes as u64;
        if self.used.bytes > limits.outcome_max_bytes {
            return Err(Fault::TooMuch {
                what: "bytes",
                limit: "outcome_max_bytes",
                most: limits.outcome_max_bytes,
            });
        }
        Ok(())
    }

    pub fn say(&mut self, level: LogLevel, text: &str) {
        self.log.add(level, text, self.log_lines_max);
    }
}

impl Engine {
    /// Makes one call in a fresh instance.
    pub fn call(&self, call: Call) -> CallReport {
        let started = Instant::now();
        let context = call.context.clone();
        let mut store = self.store(CallState::inside(call), &context.limits);
        let result = self
            .instantiate(&context.code, &mut store)
            .and_then(|guest| guest.call_run(&mut store, &context.argument));
        let mut state = store.into_data();
        let said = state.wasi.take_output();
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            state.say(LogLevel::Warn, line);
        }
        let verdict = match result {
            Ok(Ok(())) => Ok(state.outcome),
            Ok(Err(text)) => Err(Fault::Failed(first_line(&text)).into()),
            Err(error) => Err(match verdict(error, &context.limits) {
                Verdict::Fault(Fault::Trap(why)) => {
                    Fault::Trap(panic_message(&said).unwrap_or(why)).into()
                }
                verdict => verdict,
            }),
        };
        CallReport {
            verdict,
            log: state.log,
            rows: state.used.rows,
            nanoseconds: started.elapsed().as_nanos() as u64,
        }
    }
}

/// What a failed call into a guest means.
pub(super) fn verdict(error: wasmtime::Error, limits: &Limits) -> Verdict {
    if is_of_host(&error) {
        return host_failure(&error).into();
    }
    if let Some(verdict) = error.downcast_ref::<Verdict>() {
        return verdict.clone();
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.clone().into();
    }
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return halt.clone().into();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Fault::OutOfFuel(limits.fuel).into(),
        Some(Trap::Interrupt) => Halt::Clock(limits.wall_clock_max_millis).into(),
        Some(trap) => Fault::Trap(trap.to_string()).into(),
        None => Fault::Trap(first_line(&error.root_cause().to_string())).into(),
    }
}

/// Whether something failed for want of what the machine has to give. No guest
/// causes that: its own use of memory is limited, and a file it has none.
fn is_of_host(error: &wasmtime::Error) -> bool {
    error.is::<OutOfMemory>() || error.is::<PoolConcurrencyLimitError>() || error.is::<io::Error>()
}

/// The halt that says what the machine lacked.
pub(super) fn host_failure(error: &wasmtime::Error) -> Halt {
    Halt::Host(first_line(&format!("{error:#}")))
}

pub(super) fn first_line(text: &str) -> String {
    const TEXT_MAX_CHARS: usize = 500;
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(TEXT_MAX_CHARS).collect()
}

/// What a Rust guest printed when it panicked, on one line.
pub(super) fn panic_message(said: &str) -> Option<String> {
    let from = said.find("panicked at ")?;
    let told: Vec<&str> = said[from..].lines().take(2).map(str::trim).collect();
    Some(first_line(&told.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_lacks_is_no_fault_of_a_mod() {
        let limits = Limits::default();
        let of = |error: wasmtime::Error| verdict(error.context("while it ran"), &limits);
        let lacks = || io::Error::from(io::ErrorKind::OutOfMemory);
        let halt = |why: &str| Verdict::Halt(Halt::Host(format!("while it ran: {why}")));
        assert_eq!(of(lacks().into()), halt(&lacks().to_string()));
        assert!(matches!(of(Trap::UnreachableCodeReached.into()), Verdict::Fault(Fault::Trap(_))));
        assert_eq!(of(Trap::OutOfFuel.into()), Fault::OutOfFuel(limits.fuel).into());
        let told = Fault::Trap("unknown handle".to_owned());
        assert_eq!(of(wasmtime::Error::msg("unknown handle")), Verdict::Fault(told));
        assert_eq!(of(Halt::Clock(5).into()), Verdict::Halt(Halt::Clock(5)));

        let mut meter = Meter { memory_max_bytes: 1 << 20 };
        let stopped = meter.memory_grow_failed(lacks().into()).expect_err("the guest is not told");
        assert!(matches!(stopped.downcast_ref(), Some(Halt::Host(_))));
        let forbidden = wasmtime::Error::msg("Memory maximum size exceeded");
        assert!(meter.memory_grow_failed(forbidden).is_ok(), "the guest is told");
    }
}
