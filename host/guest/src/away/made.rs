//! Making a call whose world is elsewhere.

use std::sync::Arc;
use std::time::Instant;

use super::answer;
use super::column::{ColumnName, Page};
use super::guest::{Ask, Away};
use super::request::AwayCall;
use crate::context::Assets;
use crate::engine::{Code, Engine};
use crate::state::State;
use crate::wasi::Wasi;

/// A call that was made for a world that is elsewhere.
pub struct Made {
    /// The message of its answer.
    pub answer: Vec<u8>,
    /// The columns that it wrote and that later calls may name.
    pub written: Vec<(ColumnName, Page)>,
}

impl Engine {
    /// Makes a call whose world is elsewhere, with the code and the files that it names.
    pub fn call_away(&self, code: &Code, assets: Arc<Assets>, call: AwayCall, ask: Ask) -> Made {
        let started = Instant::now();
        let AwayCall { id, tick, dt_seconds, random, limits, argument, batches, .. } = call;
        let away = Away::new(id, limits.clone(), batches, ask);
        let wasi = Wasi::new(random, tick, dt_seconds);
        let mut store = self.store(State::new(&limits, assets, wasi, away), &limits);
        let result = code.component.run_away(&mut store, &argument);
        let (State { log, world, .. }, ended) = State::ended(store, result, &limits);
        let took = started.elapsed().as_nanos() as u64;
        match ended {
            Ok(()) => {
                let (count, effects, written) = world.into_effects();
                Made { answer: answer::message(id, took, &log, count, &effects), written }
            }
            Err(_) => Made { answer: answer::failure(id, took), written: Vec::new() },
        }
    }
}
