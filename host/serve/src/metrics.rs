//! What a monitoring system asks for, in the text form of OpenMetrics: seconds and
//! bytes, counts that only rise, what is so now. No value of a world is in it.
//!
//! What ticks do is counted by the thread that does them, in counters that it holds;
//! what is so now is looked up when it is asked for.

mod findings;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use sandtable::feed::Published;
use sandtable::pace::Pace;
use sandtable::record::{SystemRun, Timings};

use self::findings::{AllFound, Findings};
use super::reads::Reads;
use super::served::Served;

/// The type of what is answered.
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Whole = Gauge<u64, AtomicU64>;
type Real = Gauge<f64, AtomicU64>;
type Seconds = Counter<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct World {
    world: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    world: String,
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct System {
    world: String,
    system: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Maker {
    world: String,
    by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    world: String,
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct File {
    world: String,
    file: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    families: Families,
    worlds: Family<Standing, Whole>,
    answered: Family<Answered, Counter>,
    taken: Histograms<Asked>,
}

/// What is counted of each world, by its name. Clones are the same ones.
#[derive(Clone)]
struct Families {
    ticks: Family<World, Counter>,
    last: Family<World, Real>,
    whole: Histograms<World>,
    stages: Histograms<Stage>,
    systems: Family<System, Seconds>,
    faults: Family<System, Counter>,
    calls: Family<Maker, Counter>,
    /// What is so now, in whole numbers: in the order of [`WHOLES`].
    wholes: [Family<World, Whole>; WHOLES.len()],
    hertz: Family<World, Real>,
    lag: Family<World, Real>,
    left_out: Family<World, Seconds>,
    bytes: Family<File, Whole>,
    found: AllFound,
    reads: Family<Source, Counter>,
    streams: Family<World, Gauge>,
}

/// Who makes calls.
const MAKERS: [&str; 2] = ["here", "workers"];

/// What is so now, in whole numbers.
const WHOLES: [(&str, &str); 10] = [
    ("tick", "The last tick"),
    ("saved_tick", "The last tick that is in the save"),
    ("unsaved_ticks", "Ticks that are not in the save yet"),
    ("entities", "Entities alive"),
    ("suspended_mods", "Mods that faulted too often to take part"),
    ("suspended_systems", "Systems that faulted too often to take part, while their mods do"),
    ("paused", "1 while the world stands still as it was told to"),
    ("outbox_last_row", "The last row of the outbox, 0 for none"),
    ("outbox_acknowledged_row", "The last row of the outbox that a stream acknowledged"),
    ("outbox_behind_rows", "Rows of the outbox that no stream acknowledged yet"),
];

/// What is counted of one world, for as long as it is on the air.
pub struct Figures {
    world: String,
    families: Families,
    ticks: Mutex<Ticks>,
    now: Now,
    found: Findings,
    reads: Reads,
    streams: Gauge,
}

/// What ticks did.
struct Ticks {
    /// The last one that is counted.
    counted: u64,
    all: Counter,
    last: Real,
    whole: Histogram,
    stages: [Histogram; 6],
    /// Calls that were made here, and those that workers made: in the order of [`MAKERS`].
    calls: [Counter; MAKERS.len()],
    /// What systems took and how often they faulted, for those that there are.
    known: HashMap<String, (Seconds, Counter)>,
}

/// What is so now.
struct Now {
    wholes: [Whole; WHOLES.len()],
    hertz: Real,
    lag: Real,
    left_out: Seconds,
    save: Whole,
    log: Whole,
}

/// A client of the stream, for as long as it stays.
pub struct StreamClient(Gauge);

impl Drop for StreamClient {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// From 10 µs to 5 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(1e-5, 2.0, 20))
}

/// Seconds since 1970.
fn clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl Metrics {
    /// With nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("sandtable");
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "Which Sandtable it is", build);
        let start = Real::default();
        start.set(clock());
        registry.register("start_time_seconds", "When serving began, since 1970", start);
        let worlds = Family::default();
        registry.register("worlds", "Worlds, by how they stand", worlds.clone());
        let families = Families::new(&mut registry);
        let answered = Family::default();
        let taken: Histograms<Asked> = Family::new_with_constructor(seconds);
        registry.register("requests", "Requests that were answered", answered.clone());
        registry.register("request_seconds", "What an answer takes", taken.clone());
        Self { registry, families, worlds, answered, taken }
    }

    /// What is counted of a world from now on, until it is dropped.
    pub fn figures(&self, world: &str) -> Figures {
        Figures::new(world.to_owned(), self.families.clone())
    }

    /// Counts an answer.
    pub fn answered(&self, operation: &'static str, status: u16, took: Duration) {
        let status = u32::from(status);
        self.answered.get_or_create(&Answered { operation, status }).inc();
        self.taken.get_or_create(&Asked { operation }).observe(took.as_secs_f64());
    }

    /// As text, with how many worlds there are, by how they stand.
    pub fn text(&self, worlds: impl IntoIterator<Item = (&'static str, usize)>) -> String {
        for (status, count) in worlds {
            self.worlds.get_or_create(&Standing { status }).set(count as u64);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Families {
    fn new(registry: &mut Registry) -> Self {
        let families = Self {
            ticks: Family::default(),
            last: Family::default(),
            whole: Family::new_with_constructor(seconds),
            stages: Family::new_with_constructor(seconds),
            systems: Family::default(),
            faults: Family::default(),
            calls: Family::default(),
            wholes: Default::default(),
            hertz: Family::default(),
            lag: Family::default(),
            left_out: Family::default(),
            bytes: Family::default(),
            found: Family::default(),
            reads: Family::default(),
            streams: Family::default(),
        };
        let of = families.clone();
        registry.register("ticks", "Ticks that were done since the world was opened", of.ticks);
        registry.register(
            "last_tick_timestamp_seconds",
            "When the last tick was done or, before the first, the world was opened, since 1970",
            of.last,
        );
        registry.register("tick_seconds", "What a tick takes", of.whole);
        registry.register("tick_stage_seconds", "What the stages of a tick take", of.stages);
        registry.register(
            "system_seconds",
            "Time in the calls of a system, summed over threads",
            of.systems,
        );
        registry.register("faults", "Runs that were discarded, by system", of.faults);
        registry.register("calls", "Calls, by who made them", of.calls);
        for ((name, what), family) in WHOLES.into_iter().zip(of.wholes) {
            registry.register(name, what, family);
        }
        registry.register(
            "pace_hertz",
            "Ticks a second that are wanted, 0 for as many as possible",
            of.hertz,
        );
        registry.register("lag_seconds", "How long ago the next tick should have begun", of.lag);
        registry.register(
            "left_out_seconds",
            "Time whose ticks were too late to be made up for",
            of.left_out,
        );
        registry.register("save_bytes", "What the save and the log beside it take", of.bytes);
        let what = "Events by which mods say that something is wrong, since the first tick";
        registry.register("findings", what, of.found);
        let what = "Reads of a world, by where what was asked for was found";
        registry.register("reads", what, of.reads);
        registry.register("stream_clients", "Clients of the stream", of.streams);
        families
    }
}

impl Figures {
    fn new(world: String, families: Families) -> Self {
        let ticks = Mutex::new(Ticks::new(&world, &families));
        let now = Now::new(&world, &families);
        let found = Findings::new(&world, &families.found);
        let of =
            |source| families.reads.get_or_create_owned(&Source { world: world.clone(), source });
        let reads = Reads {
            memory: of("memory"),
            past: of("past"),
            rebuilt: of("rebuilt"),
            save: of("save"),
        };
        let streams = families.streams.get_or_create_owned(&World { world: world.clone() });
        Self { world, families, ticks, now, found, reads, streams }
    }

    /// Counts what was published.
    pub fn published(&self, published: &Published) {
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        ticks.count(&self.world, &self.families, published);
    }

    /// Where reads of it are counted.
    pub fn reads(&self) -> Reads {
        self.reads.clone()
    }

    /// Counts a client of the stream until it is dropped.
    pub fn stream_client(&self) -> StreamClient {
        self.streams.inc();
        StreamClient(self.streams.clone())
    }

    /// Looks up what is so now.
    pub fn look(&self, served: &Served) {
        let published = served.feed().now();
        self.found.look(&published);
        let suspended = published.world.suspended().count();
        let suspended_systems = published.world.suspended_systems().count();
        let tempo = served.pace().map(Pace::tempo);
        let outbox = served.outbox();
        let wholes = [
            published.tick(),
            published.saved_tick,
            published.tick() - published.saved_tick,
            u64::from(published.world.entities.alive()),
            suspended as u64,
            suspended_systems as u64,
            tempo.is_some_and(|tempo| tempo.is_paused).into(),
            outbox.last,
            outbox.acknowledged(),
            outbox.behind(),
        ];
        for (gauge, value) in self.now.wholes.iter().zip(wholes) {
            gauge.set(value);
        }
        if let Some(tempo) = tempo {
            self.now.hertz.set(tempo.hertz);
            self.now.lag.set(tempo.lag().as_secs_f64());
            let left_out = tempo.left_out.as_secs_f64().to_bits();
            self.now.left_out.inner().store(left_out, Relaxed);
        }
        let (save, log) = served.bytes();
        self.now.save.set(save);
        self.now.log.set(log);
    }
}

/// What is said of a world that is closed is said no more.
impl Drop for Figures {
    fn drop(&mut self) {
        let Self { families, world, .. } = self;
        let of = World { world: world.clone() };
        families.ticks.remove(&of);
        families.last.remove(&of);
        families.whole.remove(&of);
        for (stage, _) in Timings::default().stages() {
            families.stages.remove(&Stage { world: world.clone(), stage });
        }
        let ticks = self.ticks.get_mut().unwrap_or_else(PoisonError::into_inner);
        for system in ticks.known.keys() {
            let of = System { world: world.clone(), system: system.clone() };
            families.systems.remove(&of);
            families.faults.remove(&of);
        }
        for by in MAKERS {
            families.calls.remove(&Maker { world: world.clone(), by });
        }
        for family in &families.wholes {
            family.remove(&of);
        }
        families.hertz.remove(&of);
        families.lag.remove(&of);
        families.left_out.remove(&of);
        for file in ["save", "log"] {
            families.bytes.remove(&File { world: world.clone(), file });
        }
        for source in ["memory", "past", "rebuilt", "save"] {
            families.reads.remove(&Source { world: world.clone(), source });
        }
        families.streams.remove(&of);
    }
}

impl Ticks {
    fn new(world: &str, families: &Families) -> Self {
        let of = World { world: world.to_owned() };
        let last = families.last.get_or_create_owned(&of);
        last.set(clock());
        let stages = Timings::default().stages().map(|(stage, _)| {
            families.stages.get_or_create_owned(&Stage { world: world.to_owned(), stage })
        });
        let (all, whole) =
            (families.ticks.get_or_create_owned(&of), families.whole.get_or_create_owned(&of));
        let calls = MAKERS
            .map(|by| families.calls.get_or_create_owned(&Maker { world: world.to_owned(), by }));
        Self { counted: 0, all, last, whole, stages, calls, known: HashMap::new() }
    }

    fn count(&mut self, world: &str, families: &Families, published: &Published) {
        let record = &published.record;
        // A swap publishes the same tick once more, and before the first there is none.
        if self.counted == record.tick {
            return;
        }
        self.counted = record.tick;
        self.all.inc();
        self.last.set(clock());
        self.whole.observe(record.timings.total() as f64 / 1e9);
        for (stage, (_, nanos)) in self.stages.iter().zip(record.timings.stages()) {
            stage.observe(nanos as f64 / 1e9);
        }
        for run in record.runs.iter().filter(|run| run.calls > 0) {
            let made = [run.calls - run.away, run.away];
            for (counter, calls) in self.calls.iter().zip(made) {
                counter.inc_by(calls);
            }
            self.count_run(world, families, run);
        }
    }

    fn count_run(&mut self, world: &str, families: &Families, run: &SystemRun) {
        if !self.known.contains_key(&run.system) {
            let label = System { world: world.to_owned(), system: run.system.clone() };
            let seconds = families.systems.get_or_create_owned(&label);
            let faults = families.faults.get_or_create_owned(&label);
            self.known.insert(run.system.clone(), (seconds, faults));
        }
        if let Some((seconds, faults)) = self.known.get(&run.system) {
            seconds.inc_by(run.guest_ns as f64 / 1e9);
            faults.inc_by(run.fault.is_some().into());
        }
    }
}

impl Now {
    fn new(world: &str, families: &Families) -> Self {
        let of = World { world: world.to_owned() };
        let bytes =
            |file| families.bytes.get_or_create_owned(&File { world: world.to_owned(), file });
        Self {
            wholes: families.wholes.each_ref().map(|family| family.get_or_create_owned(&of)),
            hertz: families.hertz.get_or_create_owned(&of),
            lag: families.lag.get_or_create_owned(&of),
            left_out: families.left_out.get_or_create_owned(&of),
            save: bytes("save"),
            log: bytes("log"),
        }
    }
}
