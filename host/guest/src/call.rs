//! One call: a fresh instance, its snapshot of the world, and what it produced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::context::{Batch, CallContext};
use super::engine::{Code, Engine};
use super::outcome::Outcome;
use super::said::Log;
use super::state::State;
use sandtable_world::fault::Verdict;

/// One call.
#[derive(Clone)]
pub struct Call {
    /// The code of the system's mod.
    pub code: Code,
    /// What it shares with the other calls of the run.
    pub context: Arc<CallContext>,
    /// Its place among them.
    pub number: u32,
    /// Its shards.
    pub batches: VecDeque<Batch>,
}

/// How a call went.
pub struct CallReport {
    /// What it produced, or why nothing of it counts.
    pub verdict: Result<Outcome, Verdict>,
    /// What it said, also when it failed.
    pub log: Log,
    /// Rows shipped to it.
    pub rows: u64,
    /// Nanoseconds it took.
    pub guest_ns: u64,
    /// Whether it was made elsewhere.
    pub is_away: bool,
}

impl Engine {
    /// Makes one call in a fresh instance.
    pub fn call(&self, call: Call) -> CallReport {
        let started = Instant::now();
        let Call { code, context, number, batches } = call;
        let state = State::in_tick(&context, number, batches);
        let mut store = self.store(state, &context.limits);
        let result = code.component.run(&mut store, &context.argument);
        let (State { log, world, .. }, ended) = State::ended(store, result, &context.limits);
        let verdict = ended.map(|()| world.outcome);
        CallReport {
            verdict,
            log,
            rows: world.used.rows,
            guest_ns: started.elapsed().as_nanos() as u64,
            is_away: false,
        }
    }
}
