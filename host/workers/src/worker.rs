//! Makes calls of worlds that are elsewhere.
//!
//! A worker has threads that make calls, one that gets mods ready, and one for the
//! network. It keeps compiled mods and columns that it had lately, and knows no world.

mod columns;
mod fetch;
mod packages;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use sandtable_guest::away::{AwayCall, Made};
use sandtable_guest::{Engine, GuestError};
use sandtable_nats::async_nats::Message;
use sandtable_nats::async_nats::service::ServiceExt;
use sandtable_nats::{Inbox, Network, random_token};
use tokio::time;

use self::columns::Columns;
use self::packages::Packages;
use crate::lock::lock;
use crate::message::{Hello, Load, read, write};
use crate::subject::{Subjects, is_token};

/// Why a worker could not begin.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The engine could not be started.
    #[error(transparent)]
    Engine(#[from] GuestError),
    /// A thread could not be started.
    #[error("a thread of the worker could not be started: {0}")]
    Thread(std::io::Error),
}

/// Makes calls of worlds that are elsewhere. Dropped, it ends what it is at and takes no
/// more.
pub struct Worker {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    subjects: Subjects,
    instance: String,
    name: String,
    engine: String,
    slots: u32,
    packages: Packages,
    columns: Columns,
    stops: AtomicBool,
    busy: AtomicU32,
    calls: AtomicU64,
    failed: AtomicU64,
    nanos: AtomicU64,
}

/// How often a worker says that it is there.
const HELLO_EVERY: Duration = Duration::from_secs(1);
/// How long the process with the world is waited for while a guest waits.
const ASK_PATIENCE: Duration = Duration::from_secs(2);
/// Calls that wait for each thread, at most; coordinators send fewer.
const WAITING_MAX: usize = 64;
/// Mods that wait to be got ready, at most.
const LOADS_MAX: usize = 256;
/// What it is called by for who looks for services.
const SERVICE: &str = "sandtable-worker";

impl Worker {
    /// Starts one with so many threads for calls, under a name for people, which keeps up to
    /// so many bytes of columns.
    ///
    /// # Errors
    ///
    /// That the machine has not what it takes.
    pub fn start(
        network: &Arc<Network>,
        threads: usize,
        name: &str,
        keeps: u64,
    ) -> Result<Self, WorkerError> {
        let shared = Arc::new(Shared {
            subjects: Subjects::new(network.prefix()),
            instance: random_token(),
            name: name.to_owned(),
            engine: Engine::identity(),
            slots: threads as u32,
            packages: Packages::start(threads)?,
            columns: Columns::new(keeps),
            stops: AtomicBool::default(),
            busy: AtomicU32::default(),
            calls: AtomicU64::default(),
            failed: AtomicU64::default(),
            nanos: AtomicU64::default(),
        });
        let inbox = Inbox::new(network, "asked");
        let (give, calls) = sync_channel(threads * WAITING_MAX);
        let (order, loads) = sync_channel(LOADS_MAX);
        let calls = Arc::new(Mutex::new(calls));
        let mut running = Vec::new();
        let start = |name: String, work: Box<dyn FnOnce() + Send>| {
            Builder::new().name(name).spawn(work).map_err(WorkerError::Thread)
        };
        for thread in 0..threads {
            let (shared, network, inbox) = (shared.clone(), network.clone(), inbox.clone());
            let calls = calls.clone();
            let work = move || make_all(&shared, &network, &inbox, &calls);
            running.push(start(format!("calls-{thread}"), Box::new(work))?);
        }
        let (loading, reached) = (shared.clone(), network.clone());
        let work = move || load_all(&loading, &reached, &inbox, &loads);
        running.push(start("mods".to_owned(), Box::new(work))?);
        listen(network, &shared, give, order);
        Ok(Self { shared, threads: running })
    }

    /// What it says of itself.
    pub fn hello(&self) -> Hello {
        self.shared.hello()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn hello(&self) -> Hello {
        Hello {
            instance: self.instance.clone(),
            name: self.name.clone(),
            engine: self.engine.clone(),
            slots: self.slots,
            busy: self.busy.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            nanos: self.nanos.load(Ordering::Relaxed),
            ready: self.packages.ready(),
            keeps: self.columns.most(),
        }
    }

    fn stops(&self) -> bool {
        self.stops.load(Ordering::Relaxed)
    }
}

/// What a message is for: a call, or a mod to get ready.
type Give = SyncSender<Message>;

/// Has the thread for the network listen, and say that the worker is there.
fn listen(network: &Arc<Network>, shared: &Arc<Shared>, calls: Give, loads: Give) {
    let of_worker = |what| shared.subjects.of_worker(&shared.instance, what);
    for (subject, give) in [(of_worker("call"), calls), (of_worker("load"), loads)] {
        let client = network.client().clone();
        network.spawn(async move {
            let Ok(mut messages) = client.subscribe(subject).await else { return };
            while let Some(message) = messages.next().await {
                // What there is no room for is not answered, and so made where its world is.
                if let Err(TrySendError::Disconnected(_)) = give.try_send(message) {
                    return;
                }
            }
        });
    }
    let (client, asked) = (network.client().clone(), shared.clone());
    network.spawn(async move {
        let Ok(mut messages) = client.subscribe(asked.subjects.who()).await else { return };
        while let Some(message) = messages.next().await {
            let to = match message.reply.as_deref() {
                None => asked.subjects.hello(),
                reply => match asked.subjects.answerable(reply) {
                    Some(reply) => reply.to_string(),
                    None => continue,
                },
            };
            let _ = client.publish(to, write(&asked.hello())).await;
        }
    });
    let (client, greeting, mut link) = (network.client().clone(), shared.clone(), network.link());
    network.spawn(async move {
        let mut ticks = time::interval(HELLO_EVERY);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            // A server that is there again may have been asked who is there before this one
            // listened.
            tokio::select! {
                _ = ticks.tick() => {}
                changed = link.changed() => match changed {
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
            if greeting.stops() {
                return;
            }
            // While there is no server, these would wait for one and all come at once.
            if client.connection_state() == sandtable_nats::async_nats::connection::State::Connected
            {
                let _ = client.publish(greeting.subjects.hello(), write(&greeting.hello())).await;
            }
        }
    });
    serve(network, shared);
}

/// Answers who looks for services, and who asks whether this one is there.
fn serve(network: &Network, shared: &Arc<Shared>) {
    let (client, shared) = (network.client().clone(), shared.clone());
    let subject = shared.subjects.of_worker(&shared.instance, "ping");
    let told = shared.clone();
    let metadata = HashMap::from([
        ("instance".to_owned(), shared.instance.clone()),
        ("name".to_owned(), shared.name.clone()),
        ("engine".to_owned(), shared.engine.clone()),
    ]);
    network.spawn(async move {
        let service = client
            .service_builder()
            .description("Makes calls of Sandtable's worlds")
            .metadata(metadata)
            .stats_handler(move |_, _| {
                let Hello { slots, busy, calls, failed, nanos, .. } = told.hello();
                serde_json::json!({
                    "slots": slots, "busy": busy, "calls": calls, "failed": failed, "nanos": nanos
                })
            })
            .start(SERVICE, env!("CARGO_PKG_VERSION"))
            .await;
        let Ok(service) = service else { return };
        let Ok(mut pings) = service.endpoint_builder().name("ping").add(subject).await else {
            return;
        };
        while let Some(ping) = pings.next().await {
            let _ = ping.respond(Ok(Bytes::new())).await;
        }
    });
}

/// How often a thread looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

fn make_all(
    shared: &Shared,
    network: &Arc<Network>,
    inbox: &Inbox,
    calls: &Mutex<Receiver<Message>>,
) {
    while !shared.stops() {
        let call = {
            let calls = lock(calls);
            if shared.stops() {
                return;
            }
            calls.recv_timeout(LOOK_EVERY)
        };
        if let Ok(call) = call {
            shared.busy.fetch_add(1, Ordering::Relaxed);
            let reply = call.reply.clone();
            // What makes calls is not ours alone: the thread goes on, whatever happens in it.
            let made = catch_unwind(AssertUnwindSafe(|| make(shared, network, inbox, call)));
            if made.is_err() {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!("a call ended with a fault of the worker: its world makes it");
                refuse(network, reply.as_deref());
            }
            shared.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Answers that a call cannot be made here, by where its answer is to go.
fn refuse(network: &Network, reply: Option<&str>) {
    let number = reply.and_then(|reply| reply.rsplit('.').next()?.parse::<u64>().ok());
    if let Some((reply, id)) = reply.zip(number) {
        network.publish(reply.to_owned(), AwayCall::refusal(id).into());
    }
}

/// Makes a call, and answers.
fn make(shared: &Shared, network: &Arc<Network>, inbox: &Inbox, message: Message) {
    let started = Instant::now();
    let Some(reply) = message.reply else { return };
    // `<prefix>.<world>.w.<instance>.call`, and `<inbox>.<coordinator>.calls.<number>`.
    let world = message.subject.rsplit('.').nth(3).filter(|world| is_token(world));
    let coordinator = reply.rsplit('.').nth(2).filter(|own| is_token(own));
    let Some((world, coordinator)) = world.zip(coordinator) else { return };
    let mut kept = |name| shared.columns.get(coordinator, name);
    let Ok(call) = AwayCall::read(&message.payload, &mut kept) else {
        shared.failed.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let id = call.id;
    let refuse = || {
        shared.failed.fetch_add(1, Ordering::Relaxed);
        network.publish(reply.to_string(), AwayCall::refusal(id).into());
    };
    shared.columns.keep(coordinator, call.sent());
    if call.lacks() {
        return network.publish(reply.to_string(), AwayCall::lacking(id).into());
    }
    let Some((engine, code, assets)) = shared.packages.get(&call.package) else {
        return refuse();
    };
    let subject = shared.subjects.ask(world, coordinator);
    let (asking, inbox) = (network.clone(), inbox.clone());
    let ask = move |question: Vec<u8>| {
        let answer = inbox.ask(subject.clone(), question.into(), ASK_PATIENCE);
        let answer = asking.wait_for(answer).ok()?.payload;
        (!answer.is_empty()).then(|| answer.to_vec())
    };
    let Made { answer, written } = engine.call_away(&code, assets, call, Box::new(ask));
    shared.columns.keep(coordinator, &written);
    let took = started.elapsed().as_nanos() as u64;
    shared.calls.fetch_add(1, Ordering::Relaxed);
    shared.nanos.fetch_add(took, Ordering::Relaxed);
    match answer.len() <= network.client().max_payload() {
        true => network.publish(reply.to_string(), answer.into()),
        false => refuse(),
    }
}

fn load_all(shared: &Shared, network: &Arc<Network>, inbox: &Inbox, loads: &Receiver<Message>) {
    while !shared.stops() {
        let Ok(message) = loads.recv_timeout(LOOK_EVERY) else { continue };
        let world = message.subject.rsplit('.').nth(3).filter(|world| is_token(world));
        let Some((world, load)) = world.zip(read::<Load>(&message.payload)) else { continue };
        if let Err(why) = get_ready(shared, network, inbox, world, &load) {
            tracing::warn!("a mod could not be got ready: {why}");
            continue;
        }
        network.publish(shared.subjects.hello(), write(&shared.hello()));
    }
}

/// Fetches a mod and compiles it, unless it is ready.
fn get_ready(
    shared: &Shared,
    network: &Network,
    inbox: &Inbox,
    world: &str,
    load: &Load,
) -> Result<(), String> {
    if !load.is_called_so() {
        return Err("it is called by another name than what it consists of gives".to_owned());
    }
    if shared.packages.get(&load.package).is_some() {
        return Ok(());
    }
    let fetch = |digest| {
        let subject = shared.subjects.blob(world, digest);
        network.wait_for(fetch::fetch(inbox, subject, digest))
    };
    shared.packages.add(load, &fetch(&load.component)?, &fetch(&load.assets)?)
}
