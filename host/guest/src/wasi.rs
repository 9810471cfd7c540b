//! A closed WASI: what a guest's standard library may ask for, answered the
//! same way on every machine.
//!
//! Clocks show the time of the tick, output is kept for the log. No files, no
//! network, no environment. It is only built for guests that ask, which few do.
//!
//! Random numbers are those of the call: they follow from the seed, the tick, the
//! system, and the query and place of the call's first row. So they are the same
//! for any number of threads, but not for other sizes of shards, which make
//! other calls; an SDK gives numbers that depend on the entity alone. In ticks of
//! worlds of the first [`HashVersion`] all calls of a system have the same ones.
//!
//! Nothing is ever waited for: time does not pass within a call, so a guest
//! that sleeps goes on at once, and cannot hold up the host.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};

use super::context::{Batch, CallContext};
use super::said::Printed;
use sandtable_world::ecs::HashVersion;

/// The interface that waiting goes through, as wasmtime-wasi names it.
const POLL: &str = "wasi:io/poll@0.2.12";

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    let mut poll = linker.instance(POLL)?;
    poll.func_wrap(
        "[method]pollable.block",
        |_: StoreContextMut<'_, T>, (_,): (Resource<DynPollable>,)| Ok(()),
    )?;
    poll.func_wrap(
        "poll",
        |_: StoreContextMut<'_, T>, (pollables,): (Vec<Resource<DynPollable>>,)| {
            let all: Vec<u32> = (0..pollables.len() as u32).collect();
            Ok((all,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The WASI of one instance.
pub(super) struct Wasi {
    key: [u8; 32],
    since_start: Duration,
    built: Option<Built>,
}

struct Built {
    ctx: WasiCtx,
    table: ResourceTable,
    printed: Printed,
}

/// A clock that stands still during a tick.
#[derive(Clone, Copy)]
struct TickClock(Duration);

impl HostWallClock for TickClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for TickClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Wasi {
    /// For an instance that is no part of a tick.
    pub fn outside(mod_id: &str) -> Self {
        Self { key: key(mod_id, 0, 0), since_start: Duration::ZERO, built: None }
    }

    /// For a call with this batch as its first, if it has any.
    pub fn in_tick(context: &CallContext, first: Option<&Batch>) -> Self {
        Self::new(key_of(context, first), context.tick, context.dt_seconds)
    }

    /// For a call with this key.
    pub fn new(key: [u8; 32], tick: u64, dt_seconds: f64) -> Self {
        let since_start = Duration::try_from_secs_f64(tick as f64 * dt_seconds);
        Self { key, since_start: since_start.unwrap_or_default(), built: None }
    }

    /// What its imports work on, which is built when it is first asked for.
    pub fn view(&mut self) -> WasiCtxView<'_> {
        let built = self.built.get_or_insert_with(|| Built::new(self.key, self.since_start));
        WasiCtxView { ctx: &mut built.ctx, table: &mut built.table }
    }

    /// What the guest printed.
    pub fn take_output(&mut self) -> String {
        self.built.take().map(|built| built.printed.text()).unwrap_or_default()
    }
}

/// What the random numbers of a call follow from, which has this batch as its first, if it
/// has any.
pub(super) fn key_of(context: &CallContext, first: Option<&Batch>) -> [u8; 32] {
    let CallContext { world, system, tick, seed, .. } = context;
    let key = key(&system.name, *tick, *seed);
    let Some(first) = first.and_then(|batch| batch.first()) else { return key };
    if world.hash_version == HashVersion::First {
        return key;
    }
    let row = first.page * world.rows_per_page();
    let mut hasher = blake3::Hasher::new_keyed(&key);
    for part in [first.query as u64, u64::from(first.archetype.0), row as u64] {
        hasher.update(&part.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// What all calls of a system in a tick have in common.
fn key(system: &str, tick: u64, seed: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&tick.to_le_bytes());
    key[16..].copy_from_slice(&blake3::hash(system.as_bytes()).as_bytes()[..16]);
    key
}

impl Built {
    fn new(key: [u8; 32], since_start: Duration) -> Self {
        let printed = Printed::default();
        let clock = TickClock(since_start);
        let mut insecure_key = key;
        insecure_key[31] ^= 1;
        let mut seed = [0; 16];
        seed.copy_from_slice(&blake3::hash(&key).as_bytes()[..16]);
        let ctx = WasiCtxBuilder::new()
            .stdout(printed.clone())
            .stderr(printed.clone())
            .wall_clock(clock)
            .monotonic_clock(clock)
            .secure_random(ChaCha8Rng::from_seed(key))
            .insecure_random(ChaCha8Rng::from_seed(insecure_key))
            .insecure_random_seed(u128::from_le_bytes(seed))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Built { ctx, table: ResourceTable::new(), printed }
    }
}
