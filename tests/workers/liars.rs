//! Workers that are none, or that answer what they like.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use sandtable::config::NatsSettings;
use sandtable::guest::Engine;
use sandtable::guest::away::AwayCall;
use sandtable_nats::Network;
use sandtable_nats::async_nats::{Client, Message};
use sandtable_workers::{Coordinator, Hello};
use serde_json::Value as Json;

use super::{Model, all_away};
use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_SERVER, needs};

/// What a liar answers to a call, one message after another.
type Lie = fn(&AwayCall) -> Vec<Vec<u8>>;

/// A worker that says that it is ready for all it is told of, and answers lies.
struct Liar {
    _network: Network,
    calls: Arc<AtomicU64>,
}

fn message(value: &impl serde::Serialize) -> Vec<u8> {
    [vec![1], rmp_serde::to_vec(value).unwrap()].concat()
}

fn hello(engine: &str, ready: &BTreeSet<[u8; 32]>) -> Vec<u8> {
    message(&Hello {
        instance: "liar".to_owned(),
        name: "the liar".to_owned(),
        engine: engine.to_owned(),
        slots: 1,
        busy: 0,
        calls: 0,
        failed: 0,
        nanos: 0,
        ready: ready.iter().copied().collect(),
        keeps: 1 << 20,
    })
}

impl Liar {
    fn start(settings: &NatsSettings, engine: &'static str, lie: Lie) -> Self {
        let network = Network::connect(settings, "worker").unwrap();
        network.wait(Duration::from_secs(10)).unwrap();
        let (client, calls) = (network.client().clone(), Arc::new(AtomicU64::default()));
        let counted = calls.clone();
        network.spawn(async move {
            let mut asked = client.subscribe("st.>").await.unwrap();
            let mut ready = BTreeSet::new();
            let mut beat = tokio::time::interval(Duration::from_millis(500));
            loop {
                tokio::select! {
                    Some(message) = asked.next() => {
                        answer(&client, message, engine, &mut ready, lie, &counted).await;
                    }
                    _ = beat.tick() => {
                        client.publish("st.hello", hello(engine, &ready).into()).await.unwrap();
                    }
                }
            }
        });
        Self { _network: network, calls }
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

async fn answer(
    client: &Client,
    message: Message,
    engine: &str,
    ready: &mut BTreeSet<[u8; 32]>,
    lie: Lie,
    calls: &AtomicU64,
) {
    let say = || client.publish("st.hello", hello(engine, ready).into());
    match message.subject.rsplit('.').next().unwrap() {
        "who" => say().await.unwrap(),
        "load" => {
            // The package comes first.
            let load: ([u8; 32], bool, [u8; 32], [u8; 32]) =
                rmp_serde::from_slice(&message.payload[1..]).unwrap();
            ready.insert(load.0);
            client.publish("st.hello", hello(engine, ready).into()).await.unwrap();
        }
        "ping" => client.publish(message.reply.unwrap(), "".into()).await.unwrap(),
        "call" => {
            calls.fetch_add(1, Ordering::Relaxed);
            let (call, reply) =
                (AwayCall::read(&message.payload, &mut |_| None).unwrap(), message.reply.unwrap());
            for answer in lie(&call) {
                client.publish(reply.clone(), answer.into()).await.unwrap();
            }
        }
        _ => {}
    }
}

/// A call of this number that succeeded, with log lines and effects as they are written.
fn done(id: u64, lines: &[(u64, u64)], effects: &[Vec<u64>]) -> Vec<u8> {
    message(&(id, 1000_u64, 1, lines, effects))
}

/// How a world fares with a liar, against one that is alone; gives the calls that the liar
/// was given.
fn fare(lie: Lie, check_percent: f64, threads: usize) -> u64 {
    let server = NatsServer::start();
    let settings = NatsSettings { check_percent, ..all_away(&server) };
    let liar = Liar::start(&settings, Engine::identity().leak(), lie);
    let model = Model::busy(12);
    let (hashes, counts) = model.away(&settings, 1, threads);
    static ALONE: OnceLock<Vec<String>> = OnceLock::new();
    let alone = ALONE.get_or_init(|| model.hashes(model.start(1, None)));
    assert_eq!(hashes, *alone, "{counts:?}");
    assert!(liar.calls() > 0, "{counts:?}");
    liar.calls()
}

/// Calls that a worker is given before a thread has looked at its first answer; of a worker
/// that is used there would be a hundred more.
const FEW: u64 = 20;

#[test]
fn a_worker_that_answers_what_is_no_answer_is_not_used_again() {
    needs!(NATS_SERVER);
    let lies: [Lie; 6] = [
        |_| vec![Vec::new()],
        |_| vec![vec![0xff; 100]],
        |_| vec![vec![1, 0xdd, 0xff, 0xff, 0xff, 0xff]],
        // Of another version, and of another call.
        |call| vec![[vec![2], done(call.id, &[(0, 0)], &[])[1..].to_vec()].concat()],
        |call| vec![done(call.id + 1, &[(0, 0)], &[])],
        // Of an effect that there is not.
        |call| vec![done(call.id, &[(0, 0)], &[vec![9, 9, 9]])],
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let calls = fare(lie, 0.0, 1);
        assert!(calls <= FEW, "lie {number} was asked for {calls} times");
    }
}

#[test]
fn a_worker_that_says_nothing_or_gives_up_costs_time_alone() {
    needs!(NATS_SERVER);
    for threads in [1, 2, 3] {
        fare(|_| Vec::new(), 0.0, threads);
        let gives_up: Lie = |call| vec![message(&(call.id, 1_u64, 0, [0_u8; 0], [0_u8; 0]))];
        fare(gives_up, 0.0, threads);
    }
}

#[test]
fn a_worker_without_calls_of_ours_has_room_again() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let settings = all_away(&server);
    // It loses each call and says, once a second, that it has nothing to do.
    let liar = Liar::start(&settings, Engine::identity().leak(), |_| Vec::new());
    let network = Network::connect(&settings, "world").unwrap();
    network.wait(Duration::from_secs(10)).unwrap();
    let coordinator = Coordinator::new(&network, &settings);
    let mut world = Model::busy(0).start(1, Some(coordinator.clone()));
    coordinator.begin(&network, "lost");
    wait_until("the liar is ready", || coordinator.ready() == 1);
    wait_until("what it lost is given up, and it is given more", || {
        world.tick().unwrap();
        liar.calls() > 2
    });
    assert!(coordinator.counts().lost >= 2, "{:?}", coordinator.counts());
}

#[test]
fn a_worker_that_lacks_what_it_had_costs_time_alone() {
    needs!(NATS_SERVER);
    fare(|call| vec![message(&(call.id, 1_u64, 2, [0_u8; 0], [0_u8; 0]))], 0.0, 1);
}

#[test]
fn a_worker_whose_outcome_is_another_is_found_out_and_not_used_again() {
    needs!(NATS_SERVER);
    // It says that the guest did nothing, and says so twice.
    let calls = fare(|call| vec![done(call.id, &[(0, 0)], &[]); 2], 100.0, 1);
    assert!(calls <= FEW, "{calls}");
}

#[test]
fn a_worker_with_another_engine_is_named_and_not_used() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let liar = Liar::start(&all_away(&server), "sandtable 9.9.9", |_| Vec::new());
    let folder = tempfile::TempDir::new().unwrap();
    let world = folder.path().join("w");
    write_world(&world, WORLD, &["menagerie"]);
    let mut command = sandtable();
    command.arg("run").arg(&world).arg("--save").arg(folder.path().join("w.db"));
    command.args(["--ticks", "40", "--hz", "40", "--json", "--all-calls"]);
    let output = command.args(["--nats", &server.url()]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let found = told.matches("worker the liar is not used: it is sandtable 9.9.9, and this is");
    assert_eq!(found.count(), 1, "{told}");
    assert_eq!(liar.calls(), 0);
    let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["calls_of_workers"], 0);
}
