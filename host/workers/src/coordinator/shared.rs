//! What the threads of a tick and the one for the network share.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sandtable_guest::away::Held;
use sandtable_guest::calls::Back;
use sandtable_guest::{CallContext, Engine};
use sandtable_nats::Network;
use sandtable_nats::async_nats::Client;
use sandtable_world::config::{AwayCalls, NatsSettings};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::known::Known;
use super::measure::Measures;
use super::packages::Packages;
use super::roster::Roster;
use crate::lock::lock;
use crate::message;
use crate::subject::Subjects;

/// What became of calls, since the coordinator began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that were sent.
    pub sent: u64,
    /// Answers that came in time to count.
    pub answered: u64,
    /// Calls that were lost: with a worker, or the server.
    pub lost: u64,
    /// Calls that workers could not make.
    pub failed: u64,
    /// What guests looked up meanwhile.
    pub asked: u64,
    /// Calls that were made here too, and compared.
    pub checked: u64,
    /// Bytes of columns that were not sent, since the workers had them.
    pub spared_bytes: u64,
    /// Calls that came back since the worker had a column no more.
    pub lacked: u64,
}

/// What the threads of a tick and the one for the network share.
pub struct Shared {
    pub client: Client,
    pub subjects: Subjects,
    /// The world, in subjects.
    pub world: OnceLock<String>,
    /// This coordinator, in subjects: what is meant for one before it reaches none.
    pub own: String,
    /// Where answers come to.
    pub inbox: String,
    pub engine: String,
    pub check_percent: f64,
    pub calls: AwayCalls,
    /// Which calls are checked is not to be foreseen.
    pub chance: RandomState,
    pub send: UnboundedSender<Outgoing>,
    /// What is to be sent, until the thread for the network takes it.
    pub outgoing: Mutex<Option<UnboundedReceiver<Outgoing>>>,
    pub state: Mutex<State>,
    pub counts: Mutex<Counts>,
}

#[derive(Default)]
pub struct State {
    pub is_up: bool,
    pub roster: Roster,
    pub packages: Packages,
    pub measures: Measures,
    pub last: u64,
    pub out: HashMap<u64, Out>,
    /// Who answered calls whose answers no thread has looked at yet, the last ones.
    pub answered: BTreeMap<u64, Answered>,
}

/// A call that a worker has.
pub struct Out {
    pub back: Back,
    pub worker: String,
    pub context: Arc<CallContext>,
    pub sent: Instant,
    /// What it took here to send it.
    pub nanos: u64,
    pub bytes: usize,
    /// What the worker has, once it has answered.
    pub held: Vec<Held>,
}

pub struct Answered {
    pub worker: String,
    pub nanos: u64,
    pub bytes: usize,
    pub held: Vec<Held>,
}

/// A message that is to be sent.
pub struct Outgoing {
    pub subject: String,
    pub reply: String,
    pub payload: Bytes,
}

impl Shared {
    /// For a world that is not open yet.
    pub fn new(network: &Network, settings: &NatsSettings) -> Self {
        // Drawn for this connection alone, which answers show to workers.
        let own = network.inbox().rsplit('.').next().unwrap_or_default().to_owned();
        let (send, outgoing) = unbounded_channel();
        Self {
            client: network.client().clone(),
            subjects: Subjects::new(network.prefix()),
            world: OnceLock::new(),
            own,
            inbox: format!("{}.calls", network.inbox()),
            engine: Engine::identity(),
            check_percent: settings.check_percent,
            calls: settings.calls,
            chance: RandomState::new(),
            send,
            outgoing: Mutex::new(Some(outgoing)),
            state: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// What is counted.
    pub fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// The roster, and the calls that workers have.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Where a worker is reached.
    pub fn to_worker(&self, worker: &str, what: &str) -> String {
        let world = self.world.get().map_or("", String::as_str);
        self.subjects.to_worker(world, worker, what)
    }

    /// Has a message sent.
    pub fn publish(&self, subject: String, reply: String, payload: Bytes) {
        // The receiver lives as long as the network; without that there is nothing to send.
        let _ = self.send.send(Outgoing { subject, reply, payload });
    }

    /// Tells a worker what it lacks.
    pub fn tell(&self, state: &mut State, worker: &str) {
        let State { roster, packages, .. } = state;
        for package in roster.lacking(worker, packages.current(), Instant::now()) {
            if let Some(load) = packages.load(&package) {
                let subject = self.to_worker(worker, "load");
                self.publish(subject, String::new(), message::write(&load));
            }
        }
    }

    /// Gives calls back that nothing will come of.
    pub fn give_back(&self, out: Vec<Out>) {
        for Out { back, .. } in out {
            self.counts().lost += 1;
            back(None);
        }
    }

    /// Notes what a worker has.
    pub fn with_known(&self, worker: &str, note: impl FnOnce(&mut Known)) {
        let known = self.state().roster.known(worker);
        if let Some(known) = known {
            note(&mut lock(&known));
        }
    }

    /// Never uses a worker again, and says why.
    pub fn bar(&self, worker: &str, why: &str) {
        let named = self.state().roster.bar(worker);
        if let Some(name) = named {
            tracing::warn!("worker {name} is not used any more: {why}");
        }
    }

    /// Whether this call is made here too, and compared.
    pub fn is_checked(&self, id: u64) -> bool {
        const PARTS: u64 = 1_000_000;
        let drawn = self.chance.hash_one(id) % PARTS;
        (drawn as f64) < self.check_percent / 100.0 * PARTS as f64
    }
}

impl State {
    /// Takes the calls back that a worker has, which cannot be reached.
    pub fn lose(&mut self, worker: &str) -> Vec<Out> {
        self.roster.lost(worker);
        let is_lost = |out: &Out| out.worker == worker;
        self.out.extract_if(|_, out| is_lost(out)).map(|(_, out)| out).collect()
    }

    /// Takes the calls back that workers have had for longer than that.
    pub fn give_up(&mut self, now: Instant, most: Duration) -> Vec<Out> {
        self.release_where(|out| now.duration_since(out.sent) > most)
    }

    /// Takes the calls back that a worker has had for longer than that, though it says that it
    /// has nothing to do: it lost them, or their answers were lost.
    pub fn give_up_of(&mut self, worker: &str, now: Instant, most: Duration) -> Vec<Out> {
        self.release_where(|out| out.worker == worker && now.duration_since(out.sent) > most)
    }

    fn release_where(&mut self, is_lost: impl Fn(&Out) -> bool) -> Vec<Out> {
        let lost = self.out.extract_if(|_, out| is_lost(out));
        let lost: Vec<Out> = lost.map(|(_, out)| out).collect();
        lost.iter().for_each(|out| self.roster.release(&out.worker));
        lost
    }

    /// Takes all calls back.
    pub fn lose_all(&mut self) -> Vec<Out> {
        self.roster.all_lost();
        self.out.drain().map(|(_, out)| out).collect()
    }
}
