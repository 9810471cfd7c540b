//! Making a call whose world is elsewhere.

use std::sync::Arc;
use std::time::Instant;

use super::answer;
use super::guest::{Ask, Away};
use super::request::AwayCall;
use crate::context::Assets;
use crate::engine::{Code, Engine};
use crate::state::State;
use crate::wasi::Wasi;

impl Engine {
    /// Makes a call whose world is elsewhere, with the code and the files that it names.
    /// Gives the message of its answer.
    pub fn call_away(&self, code: &Code, assets: Arc<Assets>, call: AwayCall, ask: Ask) -> Vec<u8> {
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
                let (count, effects) = world.into_effects();
                answer::message(id, took, &log, count, &effects)
            }
            Err(_) => answer::failure(id, took),
        }
    }
}
