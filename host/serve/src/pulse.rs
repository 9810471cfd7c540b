//! How the world that is served goes: what its last ticks took, and what went wrong.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sandtable::ecs::{Topic, to_json};
use sandtable::feed::Published;
use serde_json::Value as Json;

/// Ticks that are looked back at.
const TICKS_KEPT: usize = 1_024;
/// Faults that are looked back at.
const FAULTS_KEPT: usize = 64;
/// Bytes of an event that says what was found; of a longer one it is not said.
const FOUND_MAX_BYTES: usize = 4 << 10;

/// How the world goes.
pub struct Pulse {
    began: Instant,
    past: Mutex<Past>,
}

#[derive(Default)]
struct Past {
    beats: VecDeque<Beat>,
    faults: VecDeque<Fault>,
    /// What mods found last, by event: in which tick, and what.
    found: BTreeMap<String, (u64, Json)>,
    /// How often they had found it then.
    counted: BTreeMap<String, u64>,
}

/// A tick that was done.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Which.
    pub tick: u64,
    /// When it was published.
    pub at: Instant,
    /// What its stages took together.
    pub nanos: u64,
}

/// A run that was discarded.
#[derive(Clone, Debug)]
pub struct Fault {
    /// In which tick.
    pub tick: u64,
    /// Of which system, by full name.
    pub system: String,
    /// What went wrong.
    pub what: String,
}

impl Pulse {
    /// Of a world that begins to be served.
    pub fn new() -> Self {
        Self { began: Instant::now(), past: Mutex::default() }
    }

    /// Since when it is served.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Notes a tick.
    pub fn published(&self, published: &Published) {
        let record = &published.record;
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        // A swap publishes the same tick once more.
        if record.tick == 0 || past.beats.back().is_some_and(|beat| beat.tick == record.tick) {
            return;
        }
        if past.beats.back().is_some_and(|beat| beat.tick > record.tick) {
            // It went back to an earlier tick, and what was found since has not happened.
            past.found.clear();
            past.counted.clear();
        }
        let nanos = record.timings.total();
        let beat = Beat { tick: record.tick, at: Instant::now(), nanos };
        keep(&mut past.beats, beat, TICKS_KEPT);
        for run in &record.runs {
            if let Some(fault) = &run.fault {
                let (system, what) = (run.system.clone(), fault.to_string());
                keep(&mut past.faults, Fault { tick: record.tick, system, what }, FAULTS_KEPT);
            }
        }
        for finding in published.findings.iter() {
            let (kind, count) = (finding.kind(), finding.count(&published.world));
            if past.counted.insert(kind.clone(), count) == Some(count) {
                continue;
            }
            let Some(topic) = finding.topic(&published.world) else { continue };
            let last = record.events.iter().rev().find(|event| event.topic == topic);
            if let (Topic::Kind(id), Some(event)) = (topic, last) {
                let value = match event.payload.len() > FOUND_MAX_BYTES {
                    true => Json::Null,
                    false => to_json(published.world.registry.get(id), &event.payload),
                };
                past.found.insert(kind, (record.tick, value));
            }
        }
    }

    /// The last event of a finding that was sent since the world is served: in which tick,
    /// and what.
    pub fn found(&self, event: &str) -> Option<(u64, Json)> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.found.get(event).cloned()
    }

    /// The last ticks and the last faults, each oldest first.
    pub fn past(&self) -> (Vec<Beat>, Vec<Fault>) {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        (past.beats.iter().copied().collect(), past.faults.iter().cloned().collect())
    }
}

fn keep<T>(all: &mut VecDeque<T>, new: T, most: usize) {
    if all.len() == most {
        all.pop_front();
    }
    all.push_back(new);
}
