//! One call: a fresh instance, its snapshot of the world, and what it produced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::context::{Batch, CallContext};
use super::engine::{Code, Engine};
use super::outcome::Outcome;
use super::said::Log;
use super::state::State;
use super::verdict::{first_line, panic_message, verdict};
use sandtable_world::fault::{Fault, Verdict};
use sandtable_world::record::LogLevel;

/// One call.
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
}

impl Engine {
    /// Makes one call in a fresh instance.
    pub fn call(&self, call: Call) -> CallReport {
        let started = Instant::now();
        let Call { code, context, number, batches } = call;
        let state = State::in_tick(&context, number, batches);
        let mut store = self.store(state, &context.limits);
        let result = code.component.run(&mut store, &context.argument);
        let mut state = store.into_data();
        let said = state.wasi.take_output();
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            state.say(LogLevel::Warn, line);
        }
        let State { log, world, .. } = state;
        let verdict = match result {
            Ok(Ok(())) => Ok(world.outcome),
            Ok(Err(text)) => Err(Fault::Failed(first_line(&text)).into()),
            Err(error) => Err(match verdict(error, &context.limits) {
                Verdict::Fault(Fault::Trap(why)) => {
                    Fault::Trap(panic_message(&said).unwrap_or(why)).into()
                }
                verdict => verdict,
            }),
        };
        CallReport {
            verdict,
            log,
            rows: world.used.rows,
            guest_ns: started.elapsed().as_nanos() as u64,
        }
    }
}
