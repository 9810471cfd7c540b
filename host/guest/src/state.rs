//! What the imports of one instance work on.
//!
//! An instance that runs a system has a world around it; one that describes its
//! mod or converts rows has none. That is a matter of types: what asks for the
//! world is written for [`InTick`], and [`NoWorld`] refuses it.

use std::collections::VecDeque;
use std::sync::Arc;

use wasmtime::{ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::context::{Assets, Batch, CallContext};
use super::outcome::Outcome;
use super::said::Log;
use super::verdict::{first_line, host_failure, is_of_host, last_line, panic_message, verdict};
use super::wasi::Wasi;
use sandtable_world::config::Limits;
use sandtable_world::fault::{Fault, Verdict};
use sandtable_world::record::LogLevel;

/// What one instance works on: what every instance has, and the world around it.
pub(super) struct State<W> {
    pub meter: Meter,
    pub assets: Arc<Assets>,
    pub log: Log,
    log_lines_max: u64,
    pub wasi: Wasi,
    pub world: W,
}

/// A call within a tick.
pub(super) struct InTick {
    pub context: Arc<CallContext>,
    /// The place of the call among those of its run.
    pub number: u32,
    /// The batches still to come.
    pub batches: VecDeque<Batch>,
    /// The shards of the current batch.
    pub current: Batch,
    pub outcome: Outcome,
    /// Where the current batch starts in `outcome.written`.
    pub batch_start: usize,
    pub used: Used,
}

/// Outside of every tick: there is no world to ask for.
pub(super) struct NoWorld;

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

impl<W> State<W> {
    pub fn say(&mut self, level: LogLevel, text: &str) {
        self.log.add(level, text, self.log_lines_max);
    }

    /// For an instance with these limits, files and this world.
    pub fn new(limits: &Limits, assets: Arc<Assets>, wasi: Wasi, world: W) -> Self {
        Self {
            meter: Meter { memory_max_bytes: limits.memory_max_bytes },
            assets,
            log: Log::default(),
            log_lines_max: limits.log_lines_max,
            wasi,
            world,
        }
    }
}

impl<W: Send + 'static> State<W> {
    /// Why an instance failed that is no part of a tick: in its own words, if it trapped
    /// and has said something.
    pub fn told(store: Store<Self>, error: wasmtime::Error, limits: &Limits) -> String {
        let mut state = store.into_data();
        let printed = state.wasi.take_output();
        match verdict(error, limits) {
            Verdict::Fault(Fault::Trap(why)) => {
                let words = panic_message(&printed).or_else(|| state.log.last_error());
                let words = words.or_else(|| last_line(&printed));
                words.unwrap_or_else(|| Fault::Trap(why).to_string())
            }
            verdict => verdict.to_string(),
        }
    }

    /// What is left of an instance that ran, and whether it went well. What it printed is
    /// among its log.
    pub fn ended(
        store: Store<Self>,
        result: wasmtime::Result<Result<(), String>>,
        limits: &Limits,
    ) -> (Self, Result<(), Verdict>) {
        let mut state = store.into_data();
        let said = state.wasi.take_output();
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            state.say(LogLevel::Info, line);
        }
        let ended = match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(text)) => Err(Fault::Failed(first_line(&text)).into()),
            Err(error) => Err(match verdict(error, limits) {
                Verdict::Fault(Fault::Trap(why)) => {
                    Fault::Trap(panic_message(&said).unwrap_or(why)).into()
                }
                verdict => verdict,
            }),
        };
        (state, ended)
    }
}

impl<W: Send> WasiView for State<W> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.view()
    }
}

impl State<NoWorld> {
    /// For an instance that is no part of a tick.
    pub fn outside(mod_id: &str, limits: &Limits, assets: Arc<Assets>) -> Self {
        Self::new(limits, assets, Wasi::outside(mod_id), NoWorld)
    }
}

impl State<InTick> {
    /// For a call of a run.
    pub fn in_tick(context: &Arc<CallContext>, number: u32, batches: VecDeque<Batch>) -> Self {
        let wasi = Wasi::in_tick(context, batches.front());
        let world = InTick::new(context, number, batches);
        Self::new(&context.limits, context.assets.clone(), wasi, world)
    }
}

impl InTick {
    /// A call that nothing has happened to.
    pub fn new(context: &Arc<CallContext>, number: u32, batches: VecDeque<Batch>) -> Self {
        Self {
            context: context.clone(),
            number,
            batches,
            current: Vec::new(),
            outcome: Outcome::default(),
            batch_start: 0,
            used: Used::default(),
        }
    }

    /// Counts bytes that the guest produced.
    pub fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        self.used.bytes += bytes as u64;
        let most = self.context.limits.outcome_max_bytes;
        if self.used.bytes > most {
            return Err(Fault::TooMuch { what: "bytes", limit: "outcome_max_bytes", most });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use sandtable_world::fault::Halt;

    #[test]
    fn a_guest_is_told_of_its_own_limits_alone() {
        let lacks = io::Error::from(io::ErrorKind::OutOfMemory);
        let mut meter = Meter { memory_max_bytes: 1 << 20 };
        let stopped = meter.memory_grow_failed(lacks.into()).expect_err("the guest is not told");
        assert!(matches!(stopped.downcast_ref(), Some(Halt::Host(_))));
        let forbidden = wasmtime::Error::msg("Memory maximum size exceeded");
        assert!(meter.memory_grow_failed(forbidden).is_ok(), "the guest is told");
    }
}
