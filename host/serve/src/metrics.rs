//! What a monitoring system asks for, in the text form of OpenMetrics: seconds and
//! bytes, counts that only rise, what is so now. No value of a world is in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use sandtable::feed::Published;
use sandtable::record::Timings;

/// The type of what is answered.
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Whole = Gauge<u64, AtomicU64>;
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

/// What is counted.
pub struct Metrics {
    registry: Registry,
    /// The last tick of which stages and systems are counted.
    counted: AtomicU64,
    tick: Whole,
    unsaved: Whole,
    entities: Whole,
    stages: Histograms<Stage>,
    systems: Family<System, Counter<f64, AtomicU64>>,
    faults: Family<System, Counter>,
    answered: Family<Answered, Counter>,
    taken: Histograms<Asked>,
    streams: Gauge,
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

impl Metrics {
    /// With nothing counted yet.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("sandtable"),
            counted: AtomicU64::new(0),
            tick: Whole::default(),
            unsaved: Whole::default(),
            entities: Whole::default(),
            stages: Family::new_with_constructor(seconds),
            systems: Family::default(),
            faults: Family::default(),
            answered: Family::default(),
            taken: Family::new_with_constructor(seconds),
            streams: Gauge::default(),
        };
        let Self {
            registry,
            counted: _,
            tick,
            unsaved,
            entities,
            stages,
            systems,
            faults,
            answered,
            taken,
            streams,
        } = &mut metrics;
        registry.register("tick", "The last tick", tick.clone());
        registry.register("unsaved_ticks", "Ticks that are not in the save yet", unsaved.clone());
        registry.register("entities", "Entities alive", entities.clone());
        registry.register("tick_seconds", "What the stages of a tick take", stages.clone());
        registry.register("system_seconds", "Time in the calls of a system", systems.clone());
        registry.register("faults", "Runs that were discarded, by system", faults.clone());
        registry.register("requests", "Requests that were answered", answered.clone());
        registry.register("request_seconds", "What an answer takes", taken.clone());
        registry.register("stream_clients", "Clients of the stream", streams.clone());
        metrics
    }

    /// Counts what was published.
    pub fn published(&self, published: &Published) {
        self.tick.set(published.tick());
        self.unsaved.set(published.tick() - published.saved_tick);
        self.entities.set(u64::from(published.world.entities.alive()));
        let record = &published.record;
        // A swap publishes the same tick once more.
        if self.counted.swap(record.tick, Ordering::Relaxed) == record.tick {
            return;
        }
        let Timings { inputs, systems, deferred, hash, history, commit } = record.timings;
        for (stage, nanos) in [
            ("inputs", inputs),
            ("systems", systems),
            ("deferred", deferred),
            ("hash", hash),
            ("history", history),
            ("commit", commit),
        ] {
            self.stages.get_or_create(&Stage { stage }).observe(nanos as f64 / 1e9);
        }
        for run in record.runs.iter().filter(|run| run.calls > 0) {
            let system = System { system: run.system.clone() };
            self.systems.get_or_create(&system).inc_by(run.guest_ns as f64 / 1e9);
            if run.fault.is_some() {
                self.faults.get_or_create(&system).inc();
            }
        }
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
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
