//! Lends the calls of a world to workers.
//!
//! Threads that do a tick hand calls over and take answers in; one thread for the network
//! does all else. Neither waits for the other: a call that cannot be sent now is made
//! here.

mod known;
mod measure;
mod packages;
mod roster;
mod shared;
mod tasks;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sandtable_guest::away::{self, Answer, AwayCall, Made, Question, Report, Request, Settled};
use sandtable_guest::calls::{Back, Elsewhere, LentMod, Taken};
use sandtable_guest::{Batch, Call, CallContext, CallReport, Engine, rows_of};
use sandtable_nats::Network;
use sandtable_world::config::{AwayCalls, NatsSettings};

use self::known::Known;
use self::shared::{Answered, Out, Shared};
use crate::lock::lock;

pub use self::shared::Counts;

/// Lends the calls of a world to workers.
pub struct Coordinator(Arc<Shared>);

impl Coordinator {
    /// For a world that is not open yet. Nothing is lent before it [begins](Self::begin).
    pub fn new(network: &Network, settings: &NatsSettings) -> Arc<Self> {
        Arc::new(Self(Arc::new(Shared::new(network, settings))))
    }

    /// Lends calls from now on, for a world by a token that no other world has.
    pub fn begin(&self, network: &Network, world: &str) {
        let mut outgoing = lock(&self.0.outgoing);
        if let Some(outgoing) = outgoing.take() {
            let world = self.0.world.get_or_init(|| world.to_owned());
            tasks::start(network, &self.0, world, outgoing);
        }
    }

    /// What became of calls.
    pub fn counts(&self) -> Counts {
        *self.0.counts()
    }

    /// How many workers may have calls now.
    pub fn workers(&self) -> usize {
        self.0.state().roster.usable()
    }

    /// How many of them are ready for all mods that run.
    pub fn ready(&self) -> usize {
        let state = self.0.state();
        state.roster.ready(state.packages.current())
    }
}

impl Elsewhere for Coordinator {
    fn loaded(&self, strict_nan: bool, mods: Vec<LentMod>) {
        let mut state = self.0.state();
        state.packages.replace(strict_nan, mods);
        for worker in state.roster.present() {
            self.0.tell(&mut state, &worker);
        }
    }

    fn has_room(&self) -> bool {
        let state = self.0.state();
        state.is_up && state.roster.has_room()
    }

    fn suits(&self, context: &CallContext, batches: &VecDeque<Batch>) -> f64 {
        let pages: Vec<_> = away::pages(context, batches).collect();
        let all: usize = pages.iter().map(|page| page.len()).sum();
        let state = self.0.state();
        let has = |known: &Mutex<Known>| {
            let known = lock(known);
            pages.iter().filter(|page| known.has(page)).map(|page| page.len()).sum::<usize>()
        };
        let most = state.roster.with_room().map(has).max().unwrap_or(0);
        if all == 0 { 1.0 } else { most as f64 / all as f64 }
    }

    fn takes_all(&self) -> bool {
        self.0.calls == AwayCalls::All
    }

    fn take(&self, call: &Call, back: Back) -> Taken {
        let shared = &*self.0;
        let context = &call.context;
        let system = &context.system.name;
        let rows: u64 = call.batches.iter().map(|it| rows_of(&context.world, it) as u64).sum();
        let pages: Vec<_> = away::pages(context, &call.batches).collect();
        let (id, worker, known, package) = {
            let mut state = shared.state();
            if !state.is_up {
                return Taken::NotNow;
            }
            let Some(package) = state.packages.of(call.code.hash, &context.assets) else {
                return Taken::Never;
            };
            if !self.takes_all() && !state.measures.is_worth(system, rows) {
                return Taken::Never;
            }
            let Some((worker, known)) = state.roster.choose(&package, &pages) else {
                return Taken::NotNow;
            };
            state.last += 1;
            (state.last, worker, known, package)
        };
        let started = Instant::now();
        let Request { message, held, spared } =
            away::request(call, id, &package, &mut |page| lock(&known).name(page));
        let payload = Bytes::from(message);
        let (bytes, nanos) = (payload.len(), started.elapsed().as_nanos() as u64);
        let mut state = shared.state();
        let fits = bytes <= shared.client.max_payload();
        if !fits || !state.is_up {
            state.roster.release(&worker);
            return if fits { Taken::NotNow } else { Taken::Never };
        }
        let subject = shared.to_worker(&worker, "call");
        let context = context.clone();
        state.out.insert(id, Out { back, worker, context, sent: started, nanos, bytes, held });
        drop(state);
        {
            let mut counts = shared.counts();
            counts.sent += 1;
            counts.spared_bytes += spared as u64;
        }
        shared.publish(subject, format!("{}.{id}", shared.inbox), payload);
        Taken::Yes
    }

    fn patience(&self, call: &Call) -> Duration {
        self.0.state().measures.patience(&call.context.system.name)
    }

    fn settle(&self, engine: &Engine, call: &Call, answer: &Bytes) -> Option<CallReport> {
        let shared = &*self.0;
        let system = &call.context.system.name;
        let answer = Answer::read(answer).ok()?;
        let Answered { worker, nanos, bytes, held } = shared.state().answered.remove(&answer.id)?;
        if answer.lacks {
            shared.counts().lacked += 1;
            let last = shared.state().last;
            shared.with_known(&worker, |known| known.lacked(answer.id, last));
            return None;
        }
        // What it read of the call it has.
        shared.with_known(&worker, |known| known.add(held));
        if answer.done.is_none() {
            shared.counts().failed += 1;
            shared.state().measures.failed(system);
            return None;
        }
        if shared.is_checked(answer.id) {
            shared.counts().checked += 1;
            let here = made_here(engine, call)?;
            let here = Answer::read(&here).ok()?;
            // One that fails here, on whatever grounds, is made again here to say so.
            here.done?;
            if here.done != answer.done {
                let tick = call.context.tick;
                let why = format!(
                    "a call of {system} in tick {tick} came out otherwise there than here; what \
                     was made here counts"
                );
                shared.bar(&worker, &why);
                return match away::settle(call, &here) {
                    Settled::Report(Report { report, .. }) => Some(report),
                    Settled::Fault | Settled::Unreadable => None,
                };
            }
        }
        let started = Instant::now();
        let report = match away::settle(call, &answer) {
            Settled::Report(Report { report, held }) => {
                shared.with_known(&worker, |known| known.add(held));
                report
            }
            Settled::Fault => {
                shared.counts().failed += 1;
                shared.state().measures.failed(system);
                return None;
            }
            Settled::Unreadable => {
                shared.counts().failed += 1;
                shared.bar(&worker, "what it answered to a call is no outcome of one");
                return None;
            }
        };
        shared.counts().answered += 1;
        let nanos = nanos + started.elapsed().as_nanos() as u64;
        shared.state().measures.made_away(system, report.rows, nanos, bytes);
        Some(report)
    }

    fn made_here(&self, system: &str, report: &CallReport) {
        self.0.state().measures.made_here(system, report.rows, report.guest_ns);
    }
}

/// A call made here as a worker makes it; nothing where it is none that is sent.
fn made_here(engine: &Engine, call: &Call) -> Option<Vec<u8>> {
    let Request { message, .. } = away::request(call, 0, &[0; 32], &mut |_| None);
    let sent = AwayCall::read(&message, &mut |_| None).ok()?;
    let context = call.context.clone();
    let assets = context.assets.clone();
    let ask = move |question: Vec<u8>| Question::read(&question).ok()?.answer(&context);
    let Made { answer, .. } = engine.call_away(&call.code, assets, sent, Box::new(ask));
    Some(answer)
}
