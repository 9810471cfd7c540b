//! How the world that is served goes: what its last ticks took, and what went wrong.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sandtable::feed::Published;

/// Ticks that are looked back at.
const TICKS_KEPT: usize = 1_024;
/// Faults that are looked back at.
const FAULTS_KEPT: usize = 64;

/// How the world goes.
pub struct Pulse {
    began: Instant,
    past: Mutex<Past>,
}

#[derive(Default)]
struct Past {
    beats: VecDeque<Beat>,
    faults: VecDeque<Fault>,
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
        let nanos = record.timings.total();
        let beat = Beat { tick: record.tick, at: Instant::now(), nanos };
        keep(&mut past.beats, beat, TICKS_KEPT);
        for run in &record.runs {
            if let Some(fault) = &run.fault {
                let (system, what) = (run.system.clone(), fault.to_string());
                keep(&mut past.faults, Fault { tick: record.tick, system, what }, FAULTS_KEPT);
            }
        }
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
