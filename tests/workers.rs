//! A world is the same, by workers or alone.

mod liars;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sandtable::calls::{Back, Elsewhere, LentMod, Taken};
use sandtable::catalog::{self, ModSource};
use sandtable::config::{AwayCalls, NatsSettings, WorldConfig};
use sandtable::guest::{Batch, Call, CallContext, CallReport, Engine};
use sandtable::{Options, Simulation};
use sandtable_nats::Network;
use sandtable_workers::{Coordinator, Counts};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_SERVER, needs};

/// A process that makes calls, and ends with the test.
pub struct WorkerProcess {
    child: Child,
    said: Receiver<String>,
}

impl WorkerProcess {
    /// Starts one with one thread, and waits until it is ready.
    pub fn start(server: &NatsServer, name: &str) -> Self {
        let mut command = sandtable();
        command.args(["worker", "--threads", "1", "--name", name, "--nats", &server.url()]);
        Self::of(&mut command)
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let (tell, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        let process = Self { child, said };
        process.says("is ready");
        process
    }

    /// Waits for a line of what it says.
    pub fn says(&self, part: &str) -> String {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("it never says `{part}`"));
            if line.contains(part) {
                return line;
            }
        }
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn fleet(server: &NatsServer, names: &[&str]) -> Vec<WorkerProcess> {
    names.iter().map(|name| WorkerProcess::start(server, name)).collect()
}

/// Where a world's calls go: all of them, and none is made twice for comparing.
pub fn all_away(server: &NatsServer) -> NatsSettings {
    let url = Some(server.url());
    NatsSettings { url, calls: AwayCalls::All, check_percent: 0.0, ..NatsSettings::default() }
}

/// A world, and the mods that run in it.
#[derive(Clone)]
struct Model {
    config: WorldConfig,
    mods: Vec<ModSource>,
    ticks: u64,
}

impl Model {
    fn example(name: &str, ticks: u64) -> Self {
        let file = catalog::load(&root().join("examples").join(name)).unwrap();
        let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
        Self { config: file.config, mods, ticks }
    }

    /// Spawns, relations, lookups, events, random numbers, resources, dynamic values, log
    /// lines and tables of mods.
    fn busy(ticks: u64) -> Self {
        const GUESTS: [&str; 9] = [
            "menagerie",
            "mosaic",
            "neighbours",
            "trio",
            "dice",
            "drift",
            "chatter",
            "diary",
            "visibility",
        ];
        let counted = |name| match name {
            "trio" => with_asset(guest(name), "count", "40"),
            name => guest(name),
        };
        let mods: Vec<ModSource> = GUESTS.map(counted).into();
        Self { config: config(&format!("{WORLD}shard_rows = 8\n"), &mods), mods, ticks }
    }

    fn start(&self, threads: usize, elsewhere: Option<Arc<dyn Elsewhere>>) -> Simulation {
        let options = Options { elsewhere, ..quiet(threads) };
        Simulation::create(None, self.config.clone(), self.mods.clone(), options).unwrap()
    }

    /// The state hash and the faults of every tick.
    fn hashes(&self, mut world: Simulation) -> Vec<String> {
        let record = |_| {
            let record = world.tick().unwrap();
            format!("{} {:?}", sandtable::record::hex(&record.state), faults(&record))
        };
        (0..self.ticks).map(record).collect()
    }

    /// The same, made with workers once so many are ready for it; and what became of its
    /// calls.
    fn away(
        &self,
        settings: &NatsSettings,
        workers: usize,
        threads: usize,
    ) -> (Vec<String>, Counts) {
        let network = Network::connect(settings, "world").unwrap();
        network.wait(Duration::from_secs(10)).unwrap();
        let coordinator = Coordinator::new(&network, settings);
        let world = self.start(threads, Some(coordinator.clone()));
        coordinator.begin(&network, "w");
        wait_until("workers are ready", || coordinator.ready() >= workers);
        (self.hashes(world), coordinator.counts())
    }
}

/// Holds every hash of three worlds that are alone against theirs with workers, which come
/// in groups, on one thread and on two.
fn the_same_with(groups: &[&[&str]], ticks: [u64; 3]) {
    let [earth, swarm, busy] = ticks;
    let models = [
        ("earth", Model::example("earth", earth)),
        ("swarm", Model::example("swarm", swarm)),
        ("busy", Model::busy(busy)),
    ];
    let server = NatsServer::start();
    let settings = all_away(&server);
    let alone = models.each_ref().map(|(_, model)| model.hashes(model.start(1, None)));
    let mut workers = Vec::new();
    for names in groups {
        workers.extend(fleet(&server, names));
        for ((name, model), alone) in models.iter().zip(&alone) {
            for threads in [1, 2] {
                let (hashes, counts) = model.away(&settings, workers.len(), threads);
                let what = format!("{name}, {} workers, {threads} threads", workers.len());
                println!("{what}: {counts:?}");
                assert_eq!(hashes, *alone, "{what}");
                assert_eq!(counts.answered > 0, !workers.is_empty(), "{what}: {counts:?}");
                assert_eq!(counts.lacked, 0, "{what}: {counts:?}");
            }
        }
    }
}

#[test]
fn a_world_is_the_same_for_any_number_of_workers_and_threads() {
    needs!(NATS_SERVER);
    the_same_with(&[&[], &["one"], &["two", "three"]], [20, 8, 24]);
}

#[test]
fn columns_that_a_worker_has_are_not_sent_again() {
    needs!(NATS_SERVER);
    let model = Model::example("swarm", 6);
    let alone = model.hashes(model.start(1, None));
    let spared = |keep: &str| {
        let server = NatsServer::start();
        let mut command = sandtable();
        command.args(["worker", "--threads", "1", "--keep-mib", keep, "--nats", &server.url()]);
        let _worker = WorkerProcess::of(&mut command);
        let (hashes, counts) = model.away(&all_away(&server), 1, 1);
        assert_eq!(hashes, alone);
        assert_eq!(counts.lacked, 0, "one coordinator knows what is there: {counts:?}");
        counts.spared_bytes
    };
    assert_eq!(spared("0"), 0, "a worker that keeps nothing is sent all of it");
    spared("1");
    // On a busy machine calls are made here before the worker comes to them.
    wait_until("columns are not sent again", || spared("256") > 0);
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn a_world_is_the_same_for_five_workers_and_three_hundred_ticks() {
    needs!(NATS_SERVER);
    the_same_with(&[&[], &["one"], &["two", "three"], &["four", "five"]], [300; 3]);
}

/// Takes every call, lets none come back, and panics where one is made here after all on
/// another thread than that of the tick, which it holds up for so long.
struct Panicking {
    ticks: std::thread::ThreadId,
    panicked: Condvar,
    has_panicked: Mutex<bool>,
}

impl Elsewhere for Panicking {
    fn loaded(&self, _: bool, _: Vec<LentMod>) {}

    fn has_room(&self) -> bool {
        true
    }

    fn suits(&self, _: &CallContext, _: &VecDeque<Batch>) -> f64 {
        1.0
    }

    fn takes_all(&self) -> bool {
        true
    }

    fn take(&self, _: &Call, _: Back) -> Taken {
        Taken::Yes
    }

    fn patience(&self, _: &Call) -> Duration {
        Duration::ZERO
    }

    fn settle(&self, _: &Engine, _: &Call, _: &Bytes) -> Option<CallReport> {
        None
    }

    fn made_here(&self, _: &str, _: &CallReport) {
        if std::thread::current().id() != self.ticks {
            *self.has_panicked.lock().unwrap() = true;
            self.panicked.notify_all();
            panic!("as a defect would");
        }
        let panicked = self.has_panicked.lock().unwrap();
        let minute = Duration::from_secs(60);
        let waited = self.panicked.wait_timeout_while(panicked, minute, |it| !*it);
        assert!(*waited.unwrap().0, "another thread makes a call too");
    }
}

#[test]
fn a_panic_while_a_call_is_made_here_after_all_ends_the_tick() {
    let ticks = std::thread::current().id();
    let (panicked, has_panicked) = (Condvar::new(), Mutex::new(false));
    let elsewhere = Arc::new(Panicking { ticks, panicked, has_panicked });
    let mut world = Model::busy(1).start(2, Some(elsewhere));
    let tick = std::panic::AssertUnwindSafe(|| drop(world.tick()));
    assert!(std::panic::catch_unwind(tick).is_err(), "and shows");
}

#[test]
fn what_is_checked_comes_out_the_same() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _workers = fleet(&server, &["one"]);
    let model = Model::busy(20);
    let alone = model.hashes(model.start(1, None));
    let settings = NatsSettings { check_percent: 100.0, ..all_away(&server) };
    let (hashes, counts) = model.away(&settings, 1, 2);
    assert_eq!(hashes, alone);
    assert!(counts.checked > 20 && counts.answered == counts.checked, "{counts:?}");
}

#[test]
fn the_rights_that_the_guide_gives_are_enough() {
    needs!(NATS_SERVER);
    let guide = std::fs::read_to_string(root().join("host/guide/machines.md")).unwrap();
    let block = guide.split("```text\n").find(|block| block.starts_with("authorization")).unwrap();
    let settings = block.split("```").next().unwrap();
    let settings = settings.replace("$WORLD", "p").replace("$WORKER", "q");
    let server = NatsServer::start_with(&settings);
    let as_user = |user: &str| server.url().replace("nats://", &format!("nats://{user}@"));
    let mut command = sandtable();
    command.args(["worker", "--threads", "1", "--name", "one", "--nats", &as_user("worker:q")]);
    let _worker = WorkerProcess::of(&mut command);
    let settings = NatsSettings { url: Some(as_user("world:p")), ..all_away(&server) };
    let model = Model::busy(10);
    let (hashes, counts) = model.away(&settings, 1, 1);
    assert_eq!(hashes, model.hashes(model.start(1, None)));
    assert!(counts.answered > 0 && counts.asked > 0, "{counts:?}");
}

#[test]
fn a_server_that_was_gone_is_used_again() {
    needs!(NATS_SERVER);
    let mut server = NatsServer::start();
    let _workers = fleet(&server, &["one"]);
    let settings = all_away(&server);
    let network = Network::connect(&settings, "world").unwrap();
    network.wait(Duration::from_secs(10)).unwrap();
    let coordinator = Coordinator::new(&network, &settings);
    let model = Model::busy(60);
    let mut world = model.start(1, Some(coordinator.clone()));
    coordinator.begin(&network, "w");
    let mut ticks = 0;
    for _ in 0..3 {
        wait_until("the worker is ready", || coordinator.ready() == 1);
        let before = coordinator.counts().answered;
        wait_until("a worker makes calls", || {
            run(&mut world, 1);
            ticks += 1;
            coordinator.counts().answered > before
        });
        server.kill();
        run(&mut world, 10);
        ticks += 10;
        wait_until("it shows that the server is gone", || coordinator.workers() == 0);
        server.start_again();
    }
    let mut alone = model.start(1, None);
    run(&mut alone, ticks);
    assert_eq!(hash(&mut world), hash(&mut alone));
}

#[test]
fn calls_that_cost_more_than_sending_them_are_sent_unasked() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _workers = fleet(&server, &["one"]);
    let mods = vec![with_asset(guest("heavy"), "count", "20000")];
    let config = config(&format!("{WORLD}shard_rows = 128\n"), &mods);
    let model = Model { config, mods, ticks: 6 };
    let settings = NatsSettings { calls: AwayCalls::Measured, ..all_away(&server) };
    let (hashes, counts) = model.away(&settings, 1, 1);
    assert_eq!(hashes, model.hashes(model.start(1, None)));
    assert!(counts.answered > 0, "{counts:?}");
}

#[test]
fn messages_that_are_too_large_stay_here() {
    needs!(NATS_SERVER);
    let server = NatsServer::start_with("max_payload: 16384\n");
    let _workers = fleet(&server, &["one"]);
    let model = Model::example("swarm", 3);
    let alone = model.hashes(model.start(1, None));
    let (hashes, counts) = model.away(&all_away(&server), 1, 1);
    assert_eq!(hashes, alone);
    assert_eq!(counts.answered, 0, "{counts:?}");
}

#[test]
fn a_mod_that_comes_while_a_world_runs_reaches_workers_too() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _workers = fleet(&server, &["one"]);
    let ticks = |elsewhere: Option<&Arc<Coordinator>>| {
        let shop = |version| ModSource { id: "shop".to_owned(), ..guest(version) };
        let mods = vec![shop("shop"), guest("menagerie")];
        let options =
            Options { elsewhere: elsewhere.map(|it| it.clone() as Arc<dyn Elsewhere>), ..quiet(1) };
        let config = config(&format!("{WORLD}shard_rows = 8\n"), &mods);
        let mut world = Simulation::create(None, config, mods, options).unwrap();
        let is_ready = || elsewhere.is_none_or(|coordinator| coordinator.ready() == 1);
        wait_until("the worker is ready", is_ready);
        run(&mut world, 5);
        world.swap(vec![shop("shop_fast"), guest("menagerie")]).unwrap();
        let before = elsewhere.map(|coordinator| coordinator.counts().answered);
        run(&mut world, 1);
        wait_until("the worker is ready again", is_ready);
        run(&mut world, 5);
        let after = elsewhere.map(|coordinator| coordinator.counts().answered);
        assert!(elsewhere.is_none() || after > before, "{before:?} {after:?}");
        hash(&mut world)
    };
    let settings = all_away(&server);
    let network = Network::connect(&settings, "world").unwrap();
    network.wait(Duration::from_secs(10)).unwrap();
    let coordinator = Coordinator::new(&network, &settings);
    coordinator.begin(&network, "w");
    assert_eq!(ticks(Some(&coordinator)), ticks(None));
}

#[test]
fn workers_are_listed_with_what_they_do() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let list =
        |json: &[&str]| told(sandtable().arg("workers").args(json).args(["--nats", &server.url()]));
    assert!(list(&[]).starts_with("no worker answers at nats://127.0.0.1:"), "{}", list(&[]));
    let _workers = fleet(&server, &["one", "two"]);
    Model::busy(5).away(&all_away(&server), 2, 1);
    let found: Json = serde_json::from_str(&list(&["--json"])).unwrap();
    let names: Vec<_> = found.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["one", "two"]);
    for worker in found.as_array().unwrap() {
        assert_eq!(worker["engine"], Engine::identity());
        assert_eq!((&worker["fits"], &worker["threads"]), (&Json::Bool(true), &1.into()));
        assert_eq!(worker["mods"], 9);
        assert!(worker["calls"].as_u64() > Some(0), "{worker}");
    }
    // As services of NATS.
    let network = Network::connect(&all_away(&server), "test").unwrap();
    let asked = |subject: &'static str| {
        let answer = network.client().request(subject, Vec::new().into());
        let answer = network.wait_for(answer).unwrap();
        serde_json::from_slice::<Json>(&answer.payload).unwrap()
    };
    let info = asked("$SRV.INFO.sandtable-worker");
    assert_eq!(info["metadata"]["engine"], Engine::identity());
    let stats = asked("$SRV.STATS.sandtable-worker");
    assert!(stats["endpoints"][0]["data"]["calls"].as_u64() > Some(0), "{stats}");
    let table = list(&[]);
    assert!(table.contains("│ one") && table.contains("as here"), "{table}");
}

/// Runs a world by the program itself, and kills it once something is so.
fn killed(world: &Path, save: &Path, server: &NatsServer, so: impl FnMut() -> bool) {
    let mut command = sandtable();
    command.arg("run").arg(world).arg("--save").arg(save).args(["--quiet", "--all-calls"]);
    let mut run = command.args(["--nats", &server.url()]).spawn().unwrap();
    wait_until("it is as it should be", so);
    run.kill().unwrap();
    run.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_goes_on_with_the_workers_that_there_are() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _workers = fleet(&server, &["one", "two"]);
    let folder = TempDir::new().unwrap();
    let (world, save) = (folder.path().join("w"), folder.path().join("w.db"));
    write_world(&world, &format!("{WORLD}shard_rows = 8\n"), &["menagerie", "neighbours", "dice"]);
    let calls = || {
        let list = told(sandtable().args(["workers", "--json", "--nats", &server.url()]));
        let all: Json = serde_json::from_str(&list).unwrap();
        all.as_array().unwrap().iter().map(|it| it["calls"].as_u64().unwrap()).sum::<u64>()
    };
    for _ in 0..3 {
        let before = calls();
        killed(&world, &save, &server, || calls() > before + 20);
    }
    let rest = 200;
    let last = ticks(None, &save, rest);
    let alone =
        ticks(Some(&world), &folder.path().join("alone.db"), last["tick"].as_u64().unwrap());
    assert_eq!(last["hash"], alone["hash"]);
    assert!(last["tick"].as_u64() > Some(rest));
    let info = told(sandtable().arg("info").arg(&save).arg("--json"));
    let info: Json = serde_json::from_str(&info).unwrap();
    let by_workers = info["calls_of_workers"].as_u64().unwrap();
    assert!((1..info["calls"].as_u64().unwrap()).contains(&by_workers), "{info}");
    let sum = "SELECT sum(calls_of_workers), max(calls_of_workers <= calls) FROM systems";
    let sum = told(sandtable().arg("sql").arg(&save).arg(sum).args(["--format", "csv"]));
    assert_eq!(sum.lines().last(), Some(format!("{by_workers},1").as_str()), "{sum}");
    told(sandtable().arg("verify").arg(&save));
}

#[test]
fn a_mod_that_goes_beyond_its_limits_bars_no_worker() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _workers = fleet(&server, &["one"]);
    let mods = vec![guest("floods"), guest("drift")];
    let model = Model { config: config(WORLD, &mods), mods, ticks: 8 };
    let (away, counts) = model.away(&all_away(&server), 1, 1);
    assert_eq!(away, model.hashes(model.start(1, None)));
    assert!(counts.failed > 0 && counts.answered > 5, "{counts:?}");
}
