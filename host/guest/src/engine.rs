//! The wasm engine: how guests are compiled, cached and pooled.
//!
//! Off, because a guest could see the difference between machines or escape a
//! limit through them: threads, shared memory, 64-bit memories, relaxed SIMD,
//! component-model async, garbage collection.
//!
//! A component has one linear memory, and the pool refuses one that has more
//! when it is compiled. Modules with several memories are on all the same: what
//! wasmtime writes to carry values between two parts of a component is such a
//! module, and where they are off it panics over its own work.
//!
//! Components come from outside, and compiling one is a great deal of code: a
//! panic in it is a component that is refused, by [`contained`].

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::component::Component;
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine as Wasmtime, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig, Store, WasmBacktraceDetails,
};

use super::INTERFACE_SECTION;
use super::context::Assets;
use super::functions::Functions;
use super::state::State;
use super::verdict::first_line;
use super::versions::{self, Exports, Version};
use sandtable_world::config::Limits;
use sandtable_world::declaration::Declaration;
use sandtable_world::interface;
use sandtable_world::record::Digest;

/// Why a component cannot be a mod. Says what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// Not WebAssembly at all.
    #[error("{name} is not WebAssembly; a mod is a component built for wasm32-wasip2")]
    NotWasm {
        /// Which mod.
        name: String,
    },
    /// WebAssembly without the component model around it.
    #[error(
        "{name} is a core module, not a component; build it for wasm32-wasip2, \
         or wrap it with `wasm-tools component new`"
    )]
    NotComponent {
        /// Which mod.
        name: String,
    },
    /// Not made with an SDK, or not for this host.
    #[error(
        "{name} does not say which version of sandtable:guest it was made for; \
         is it a mod? Build it with the Sandtable SDK, or import the interface by its version"
    )]
    NoVersion {
        /// Which mod.
        name: String,
    },
    /// Made for another version of the interface.
    #[error(
        "{name} was made for sandtable:guest {found}, and this host runs {}; {remedy}",
        interface::supported()
    )]
    Version {
        /// Which mod.
        name: String,
        /// What it was made for.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Larger than a mod may be.
    #[error("{name} is {bytes} bytes; a mod may have {} at most", Engine::COMPONENT_MAX_BYTES)]
    TooLarge {
        /// Which mod.
        name: String,
        /// Its size.
        bytes: usize,
    },
    /// Does not compile.
    #[error("{name} does not compile: {why}")]
    Compile {
        /// Which mod.
        name: String,
        /// What the compiler says.
        why: String,
    },
    /// Has several memories.
    #[error(
        "{name} has {memories} linear memories, and a mod may have one: build it as one module, \
         not of several components or libraries"
    )]
    Memories {
        /// Which mod.
        name: String,
        /// How many it has.
        memories: u64,
    },
    /// Imports or exports something else than a mod does.
    #[error("{name} is a component, but not a mod: {why}")]
    WrongWorld {
        /// Which mod.
        name: String,
        /// What does not fit.
        why: String,
    },
    /// Could not say what it consists of.
    #[error("{name} could not describe itself: {why}")]
    Describe {
        /// Which mod.
        name: String,
        /// What happened.
        why: String,
    },
    /// The engine itself could not be made.
    #[error("the WebAssembly engine could not be started: {0}")]
    Engine(String),
}

/// A compiled mod, ready to be instantiated.
#[derive(Clone)]
pub struct Code {
    /// The BLAKE3 digest of the component.
    pub hash: Digest,
    /// The version of the interface that it speaks.
    pub interface: &'static str,
    pub(super) component: Arc<dyn Exports>,
}

/// Compiles and runs guests.
pub struct Engine {
    wasmtime: Wasmtime,
    strict_nan: bool,
    functions: Arc<Functions>,
    versions: Vec<(&'static str, Box<dyn Version>)>,
    loaded: Mutex<Loaded>,
    /// Runs for as long as there may be calls.
    _clock: Clock,
}

/// What was compiled and is in use, by the digest of the component.
type Loaded = HashMap<Digest, (&'static str, Weak<dyn Exports>)>;

/// Advances the epoch, so that long calls notice.
struct Clock {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Bytes that a component may have.
    pub const COMPONENT_MAX_BYTES: usize = 64 << 20;
    /// Bytes of memory that any limit can grant to a call.
    pub const MEMORY_MAX_BYTES: u64 = 1 << 30;
    /// Milliseconds from one look at the clock to the next.
    pub(super) const CLOCK_MILLIS: u64 = 10;
    /// Three quarters of what a thread has that does not say how much it wants.
    const WASM_STACK_BYTES: usize = 3 << 19;
    /// Pages that stay mapped when an instance goes back to the pool: zeroing
    /// them is cheaper than faulting them in again.
    const KEEP_RESIDENT_BYTES: usize = 16 << 20;
    /// Memories that are kept besides those in use, each with the image of the mod
    /// that had it last: to map the image of another mod takes longer than a short
    /// call.
    const MEMORIES_KEPT: u32 = 64;

    /// What two processes must have alike so that either may make the calls of the other:
    /// which Sandtable, with which compiler, for which kind of machine.
    pub fn identity() -> String {
        use std::env::consts::{ARCH, OS};
        let (own, wasmtime) = (env!("CARGO_PKG_VERSION"), wasmtime_environ::VERSION);
        format!("sandtable {own}, wasmtime {wasmtime}, {ARCH} {OS}")
    }

    /// Starts an engine for calls on so many threads at once.
    ///
    /// # Errors
    ///
    /// [`GuestError::Engine`], where the machine has not what it takes.
    pub fn new(strict_nan: bool, threads: usize) -> Result<Self, GuestError> {
        let broken = |error: wasmtime::Error| GuestError::Engine(format!("{error:#}"));
        let functions = Arc::new(Functions::default());
        let mut config = compiler(strict_nan, &functions).map_err(broken)?;
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(threads))).cache(
            cache_directory().and_then(|directory| {
                let mut config = CacheConfig::new();
                config.with_directory(directory);
                Cache::new(config).ok()
            }),
        );
        let wasmtime = Wasmtime::new(&config).map_err(broken)?;
        let versions = versions::all(&wasmtime).map_err(broken)?;
        let clock = Clock::start(wasmtime.clone(), Builder::new()).map_err(|error| {
            GuestError::Engine(format!("the thread that stops calls which take too long: {error}"))
        })?;
        let loaded = Mutex::default();
        Ok(Self { wasmtime, strict_nan, functions, versions, loaded, _clock: clock })
    }

    /// Compiles a component, or finds it compiled in the cache, for the version of
    /// the interface that it states. `name` is how it is called in messages. One that
    /// is in use already, be it by another world, is the same code.
    ///
    /// # Errors
    ///
    /// Why it cannot be a mod for this host. Nothing of it has run.
    pub fn load(&self, name: &str, component: &[u8]) -> Result<Code, GuestError> {
        let name = name.to_owned();
        if component.len() > Self::COMPONENT_MAX_BYTES {
            return Err(GuestError::TooLarge { name, bytes: component.len() });
        }
        let hash = *blake3::hash(component).as_bytes();
        if let Some(code) = self.in_use(hash) {
            return Ok(code);
        }
        let Stated { interface, memories } = look_over(&name, component)?;
        let version = self.versions.iter().find(|(number, _)| *number == interface);
        let Some((interface, version)) = version else {
            let remedy = interface::remedy(&interface);
            return Err(GuestError::Version { name, found: interface, remedy });
        };
        let compiled = contained(|| Component::new(&self.wasmtime, component)).map_err(|why| {
            let name = name.clone();
            match memories {
                0 | 1 => GuestError::Compile { name, why },
                memories => GuestError::Memories { name, memories },
            }
        })?;
        let linked = contained(|| version.link(&compiled))
            .map_err(|why| GuestError::WrongWorld { name, why })?;
        let mut loaded = self.loaded();
        loaded.retain(|_, (_, component)| component.strong_count() > 0);
        loaded.insert(hash, (interface, Arc::downgrade(&linked)));
        Ok(Code { hash, interface, component: linked })
    }

    /// Code that is in use, by the digest of its component.
    fn in_use(&self, hash: Digest) -> Option<Code> {
        let loaded = self.loaded();
        let (interface, component) = loaded.get(&hash)?;
        Some(Code { hash, interface, component: component.upgrade()? })
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compiles a component that may have come from the cache, so that its functions
    /// are at hand when an edited one is loaded. What does not compile is passed over.
    pub fn warm(&self, component: &[u8]) {
        let compile = || {
            let config = compiler(self.strict_nan, &self.functions)?;
            Wasmtime::new(&config)?.precompile_component(component)
        };
        if let Err(why) = contained(compile) {
            tracing::debug!("a component was not compiled ahead: {why}");
        }
    }

    /// Asks a mod what it consists of.
    ///
    /// # Errors
    ///
    /// [`GuestError::Describe`], where it traps or passes a limit.
    pub fn describe(
        &self,
        name: &str,
        code: &Code,
        limits: &Limits,
        assets: Arc<Assets>,
    ) -> Result<Declaration, GuestError> {
        let mut store = self.store(State::outside(name, limits, assets), limits);
        code.component.describe(&mut store).map_err(|error| GuestError::Describe {
            name: name.to_owned(),
            why: State::told(store, error, limits),
        })
    }

    pub(super) fn store<W: 'static>(&self, state: State<W>, limits: &Limits) -> Store<State<W>> {
        let mut store = Store::new(&self.wasmtime, state);
        store.limiter(|state| &mut state.meter);
        // Fuel is switched on in this engine, so that this cannot fail.
        let _ = store.set_fuel(limits.fuel);
        let ticks = match limits.wall_clock_max_millis {
            0 => u64::MAX / 2,
            millis => millis.div_ceil(Self::CLOCK_MILLIS) + 1,
        };
        store.set_epoch_deadline(ticks);
        store.epoch_deadline_trap();
        store
    }
}

/// Lets the compiler loose on a component from outside. What it panics over is
/// an error like any other: all that it works on is made for this component and
/// dropped with it, so that nothing is left half done.
///
/// # Errors
///
/// What the work says, or that it panicked.
pub fn contained<T, E: Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| format!("{error:#}")),
        Err(panic) => Err(format!(
            "it makes the compiler fail, which is a mistake of the compiler: report it, and give \
             the component along ({})",
            panic_text(&*panic)
        )),
    }
}

/// What a panic says, on one line.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    first_line(text.unwrap_or("it does not say why"))
}

impl Clock {
    /// Without its thread nothing would stop a call, so that there is no clock
    /// without one.
    fn start(engine: Wasmtime, builder: Builder) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = builder.name("emergency-stop".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(Engine::CLOCK_MILLIS));
                engine.increment_epoch();
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// How guests are compiled.
fn compiler(strict_nan: bool, functions: &Arc<Functions>) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(strict_nan)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .max_wasm_stack(Engine::WASM_STACK_BYTES)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_tail_call(false)
        .memory_init_cow(true)
        .enable_incremental_compilation(functions.clone())?;
    Ok(config)
}

fn pool(threads: usize) -> PoolingAllocationConfig {
    // One more than there are threads, for a mod that is being described.
    let calls = u32::try_from(threads).unwrap_or(u32::MAX / 8).saturating_add(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls * 8)
        .total_memories(calls.saturating_add(Engine::MEMORIES_KEPT))
        .total_tables(calls * 8)
        .max_core_instances_per_component(16)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .max_memory_size(Engine::MEMORY_MAX_BYTES as usize)
        .linear_memory_keep_resident(Engine::KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(64 << 10);
    pool
}

/// Where compiled code is kept; `SANDTABLE_CACHE_DIR` says otherwise. Without a
/// home there is no cache.
fn cache_directory() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("SANDTABLE_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|home| home.join("sandtable")))
        .or_else(|| set("LOCALAPPDATA").map(|home| home.join("sandtable")))
        .or_else(|| set("HOME").map(|home| home.join(".cache").join("sandtable")))?;
    std::path::absolute(directory).ok()
}

/// What a component says before anything of it runs.
struct Stated {
    /// The version of the interface that it was made for: by the stamp of an SDK, else
    /// by the names of its imports.
    interface: String,
    /// How many memories its modules define.
    memories: u64,
}

fn look_over(name: &str, component: &[u8]) -> Result<Stated, GuestError> {
    use wasmparser::{Encoding, Parser, Payload};
    let name = name.to_owned();
    if !component.starts_with(b"\0asm") {
        return Err(GuestError::NotWasm { name });
    }
    let (mut stamp, mut imported) = (None, None);
    let mut memories = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| GuestError::Compile {
            name: name.clone(),
            why: format!("it is damaged: {error}"),
        })?;
        match payload {
            Payload::Version { encoding: Encoding::Module, range, .. } if range.start == 0 => {
                return Err(GuestError::NotComponent { name });
            }
            Payload::CustomSection(section) if section.name() == INTERFACE_SECTION => {
                stamp = Some(String::from_utf8_lossy(section.data()).into_owned());
            }
            Payload::ComponentImportSection(section) => {
                let imports = section.into_iter().filter_map(Result::ok);
                let named =
                    imports.filter_map(|it| interface::version_of(it.name.name).map(str::to_owned));
                imported = imported.or(named.into_iter().next());
            }
            Payload::MemorySection(section) => memories += u64::from(section.count()),
            _ => {}
        }
    }
    match stamp.or(imported) {
        None => Err(GuestError::NoVersion { name }),
        Some(interface) => Ok(Stated { interface, memories }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_compiler_is_a_refusal() {
        let told = |work: fn() -> wasmtime::Result<()>| contained(work).expect_err("refused");
        let refusal = "it makes the compiler fail, which is a mistake of the compiler: report it, \
                       and give the component along ";
        assert_eq!(told(|| panic!("one\ntwo")), format!("{refusal}(one)"));
        assert_eq!(told(|| panic!("{} more", 1)), format!("{refusal}(1 more)"));
        assert_eq!(
            told(|| panic::panic_any(7)),
            format!("{refusal}(it does not say why)"),
            "whatever it panics with"
        );
        assert_eq!(told(|| Err(wasmtime::Error::msg("no"))), "no");
        assert_eq!(contained(|| Ok::<_, String>(7)), Ok(7));
    }

    #[test]
    fn of_an_edited_component_only_what_is_new_is_compiled() {
        let engine = Engine::new(false, 1).expect("an engine");
        let kept_after = |functions: &str| {
            engine.warm(
                &wat::parse_str(format!("(component (core module {functions}))")).expect("wat"),
            );
            engine.functions.count()
        };
        let (one, two) = ("(func (result i32) i32.const 1)", "(func (result i32) i32.const 2)");
        let before = kept_after(one);
        assert!(before > 0);
        assert_eq!(kept_after(one), before, "the same component");
        assert_eq!(kept_after(&format!("{one} {two}")), before + 1, "a function more");
        assert_eq!(kept_after(two), before + 1, "one less");
        engine.warm(b"no component");
        assert_eq!(engine.functions.count(), before + 1);
    }

    #[test]
    fn there_is_no_clock_without_its_thread() {
        let engine = Wasmtime::default();
        // More than there are addresses.
        let impossible = Builder::new().stack_size(usize::MAX / 2);
        assert!(Clock::start(engine.clone(), impossible).is_err());
        assert!(Clock::start(engine, Builder::new()).is_ok());
    }
}
