//! What a monitoring system asks for, in the text form of OpenMetrics: seconds and
//! bytes, counts that only rise, what is so now. No value of a world is in it.
//!
//! What ticks do is counted by the thread that does them, in counters that it holds;
//! what is so now is looked up when it is asked for.

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

use super::served::Served;

/// The type of what is answered.
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Whole = Gauge<u64, AtomicU64>;
type Real = Gauge<f64, AtomicU64>;
type Seconds = Counter<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct System {
    system: String,
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
    file: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    ticks: Mutex<Ticks>,
    now: Now,
    answered: Family<Answered, Counter>,
    taken: Histograms<Asked>,
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
    systems: Family<System, Seconds>,
    faults: Family<System, Counter>,
    /// Those of the two above that there are, by system.
    known: HashMap<String, (Seconds, Counter)>,
}

/// What is so now.
struct Now {
    tick: Whole,
    saved: Whole,
    unsaved: Whole,
    entities: Whole,
    suspended: Whole,
    hertz: Real,
    is_paused: Whole,
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
    /// Of a world, with nothing counted yet.
    pub fn new(served: &Served) -> Self {
        let mut registry = Registry::with_prefix("sandtable");
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "Which Sandtable it is", build);
        let start = Real::default();
        start.set(clock());
        registry.register("start_time_seconds", "When serving began, since 1970", start);
        let ticks = Mutex::new(Ticks::new(&mut registry));
        let now = Now::new(&mut registry);
        served.reads().register(&mut registry);
        let answered = Family::default();
        let taken: Histograms<Asked> = Family::new_with_constructor(seconds);
        let streams = Gauge::default();
        registry.register("requests", "Requests that were answered", answered.clone());
        registry.register("request_seconds", "What an answer takes", taken.clone());
        registry.register("stream_clients", "Clients of the stream", streams.clone());
        Self { registry, ticks, now, answered, taken, streams }
    }

    /// Counts what was published.
    pub fn published(&self, published: &Published) {
        self.ticks.lock().unwrap_or_else(PoisonError::into_inner).count(published);
    }

    /// Counts an answer.
    pub fn answered(&self, operation: &'static str, status: u16, took: Duration) {
        let status = u32::from(status);
        self.answered.get_or_create(&Answered { operation, status }).inc();
        self.taken.get_or_create(&Asked { operation }).observe(took.as_secs_f64());
    }

    /// Counts a client of the stream until it is dropped.
    pub fn stream_client(&self) -> StreamClient {
        self.streams.inc();
        StreamClient(self.streams.clone())
    }

    /// As text.
    pub fn text(&self, served: &Served) -> String {
        self.now.look(served);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Ticks {
    fn new(registry: &mut Registry) -> Self {
        let (all, last, whole) = (Counter::default(), Real::default(), seconds());
        let by_stage: Histograms<Stage> = Family::new_with_constructor(seconds);
        let stages = Timings::default().stages();
        let stages = stages.map(|(stage, _)| by_stage.get_or_create_owned(&Stage { stage }));
        let (systems, faults) = (Family::default(), Family::default());
        last.set(clock());
        registry.register("ticks", "Ticks that were done since serving began", all.clone());
        registry.register(
            "last_tick_timestamp_seconds",
            "When the last tick was done or, before the first, serving began, since 1970",
            last.clone(),
        );
        registry.register("tick_seconds", "What a tick takes", whole.clone());
        registry.register("tick_stage_seconds", "What the stages of a tick take", by_stage);
        registry.register(
            "system_seconds",
            "Time in the calls of a system, summed over threads",
            systems.clone(),
        );
        registry.register("faults", "Runs that were discarded, by system", faults.clone());
        let known = HashMap::new();
        Self { counted: 0, all, last, whole, stages, systems, faults, known }
    }

    fn count(&mut self, published: &Published) {
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
        record.runs.iter().filter(|run| run.calls > 0).for_each(|run| self.count_run(run));
    }

    fn count_run(&mut self, run: &SystemRun) {
        if !self.known.contains_key(&run.system) {
            let label = System { system: run.system.clone() };
            let seconds = self.systems.get_or_create_owned(&label);
            let faults = self.faults.get_or_create_owned(&label);
            self.known.insert(run.system.clone(), (seconds, faults));
        }
        if let Some((seconds, faults)) = self.known.get(&run.system) {
            seconds.inc_by(run.guest_ns as f64 / 1e9);
            faults.inc_by(run.fault.is_some().into());
        }
    }
}

impl Now {
    fn new(registry: &mut Registry) -> Self {
        let bytes = Family::<File, Whole>::default();
        let of = |file| bytes.get_or_create_owned(&File { file });
        let now = Self {
            tick: Whole::default(),
            saved: Whole::default(),
            unsaved: Whole::default(),
            entities: Whole::default(),
            suspended: Whole::default(),
            hertz: Real::default(),
            is_paused: Whole::default(),
            lag: Real::default(),
            left_out: Seconds::default(),
            save: of("save"),
            log: of("log"),
        };
        for (name, what, gauge) in [
            ("tick", "The last tick", &now.tick),
            ("saved_tick", "The last tick that is in the save", &now.saved),
            ("unsaved_ticks", "Ticks that are not in the save yet", &now.unsaved),
            ("entities", "Entities alive", &now.entities),
            ("suspended_mods", "Mods that faulted too often to take part", &now.suspended),
            ("paused", "1 while the world stands still as it was told to", &now.is_paused),
        ] {
            registry.register(name, what, gauge.clone());
        }
        registry.register(
            "pace_hertz",
            "Ticks a second that are wanted, 0 for as many as possible",
            now.hertz.clone(),
        );
        registry.register(
            "lag_seconds",
            "How long ago the next tick should have begun",
            now.lag.clone(),
        );
        registry.register(
            "left_out_seconds",
            "Time whose ticks were too late to be made up for",
            now.left_out.clone(),
        );
        registry.register("save_bytes", "What the save and the log beside it take", bytes);
        now
    }

    fn look(&self, served: &Served) {
        let published = served.feed().now();
        self.tick.set(published.tick());
        self.saved.set(published.saved_tick);
        self.unsaved.set(published.tick() - published.saved_tick);
        self.entities.set(u64::from(published.world.entities.alive()));
        let suspended = published.world.mods.values().filter(|it| it.suspended).count();
        self.suspended.set(suspended as u64);
        if let Some(tempo) = served.pace().map(Pace::tempo) {
            self.hertz.set(tempo.hertz);
            self.is_paused.set(tempo.is_paused.into());
            self.lag.set(tempo.lag().as_secs_f64());
            self.left_out.inner().store(tempo.left_out.as_secs_f64().to_bits(), Relaxed);
        }
        let (save, log) = served.bytes();
        self.save.set(save);
        self.log.set(log);
    }
}
