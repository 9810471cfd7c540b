//! A world with much to do in each row, alone and with workers, and what it costs where.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use sandtable::calls::{Back, Elsewhere, LentMod, Taken};
use sandtable::catalog::{ModSource, RUSTFLAGS};
use sandtable::config::{AwayCalls, ModSettings, NatsSettings, WorldConfig};
use sandtable::guest::away::Answer;
use sandtable::guest::{Batch, Call, CallContext, CallReport, Engine};
use sandtable::{Options, Simulation};
use sandtable_nats::Network;
use sandtable_workers::Coordinator;

use crate::fleet::{Fleet, cpu_of};

/// How long it is measured.
const DURING: Duration = Duration::from_secs(4);

/// Nanoseconds of a tick without anything else.
pub struct Alone {
    pub tick: f64,
    pub guest: f64,
}

impl Alone {
    /// What a tick does besides its calls.
    pub fn rest(&self) -> f64 {
        self.tick - self.guest
    }
}

/// What was done with workers, and nanoseconds of processors that it took.
pub struct Away {
    pub ticks: f64,
    /// Of the wall, a tick.
    pub tick_wall: f64,
    /// Calls that workers made, their rows, and their bytes there and back.
    pub calls: f64,
    pub rows: f64,
    pub bytes: f64,
    pub tick: f64,
    pub network: f64,
    pub server: f64,
    pub worker: f64,
}

/// The mod that inverts the matrix of each of so many rows so many times a tick.
pub fn heavy(rows: usize, times: usize) -> ModSource {
    let name = "heavy";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("target").join("guests");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(&root)
        .args(["build", "--release", "--target", "wasm32-wasip2", "--examples", "--quiet"])
        .args(["--package", "sandtable-test-guests", "--target-dir"])
        .arg(&target)
        .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", RUSTFLAGS.join(" "))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the guests build");
    let path = target.join("wasm32-wasip2/release/examples").join(format!("{name}.wasm"));
    let component = std::fs::read(path).expect("a component");
    let asset = |name: &str, value: usize| (name.to_owned(), value.to_string().into_bytes());
    let assets = BTreeMap::from([asset("count", rows), asset("times", times)]);
    ModSource { id: name.to_owned(), component, assets, manifest: None, source: name.to_owned() }
}

/// A world with one mod, whose first tick is done.
pub struct World(Simulation);

impl World {
    pub fn start(source: ModSource, page: usize, lent: Option<Arc<Lent>>) -> Self {
        Self(start(source, page, lent.map(|it| it as Arc<dyn Elsewhere>)))
    }

    pub fn tick(&mut self) {
        self.0.tick().expect("a tick");
    }

    pub fn timed(&mut self) -> Duration {
        let began = Instant::now();
        self.tick();
        began.elapsed()
    }
}

fn start(source: ModSource, page: usize, elsewhere: Option<Arc<dyn Elsewhere>>) -> Simulation {
    let text = format!("[world]\nname = \"bench\"\nshard_rows = {page}\n");
    let mut config: WorldConfig = toml::from_str(&text).expect("settings");
    config.limits.commands_max = 2_000_000;
    config.limits.outcome_max_bytes = 1 << 30;
    config.mods.insert(source.id.clone(), ModSettings::default());
    let options = Options {
        threads: 1,
        log: Arc::new(|_, _, line| eprintln!("{}", line.text)),
        elsewhere,
        ..Options::default()
    };
    let mut world = Simulation::create(None, config, vec![source], options).expect("it starts");
    world.tick().expect("the first tick, which spawns");
    world
}

/// Ticks without workers.
pub fn alone(rows: usize, page: usize) -> Alone {
    let mut world = start(heavy(rows, 10), page, None);
    let (began, mut ticks, mut guest) = (Instant::now(), 0.0, 0.0);
    while began.elapsed() < DURING {
        let record = world.tick().expect("a tick");
        guest += record.runs.iter().map(|run| run.guest_ns as f64).sum::<f64>();
        ticks += 1.0;
    }
    Alone { tick: began.elapsed().as_nanos() as f64 / ticks, guest: guest / ticks }
}

/// Ticks with the workers of a fleet.
pub fn away(fleet: &Fleet, rows: usize, page: usize) -> Away {
    let lent = Lent::new(fleet);
    let mut world = start(heavy(rows, 10), page, Some(lent.clone()));
    lent.wait_for(fleet);
    for _ in 0..3 {
        world.tick().expect("a tick");
    }
    let now = || {
        (
            cpu_of("self", Some("nats")),
            cpu_of(&fleet.server().to_string(), None),
            fleet.each_worker().map(|id| cpu_of(&id.to_string(), None)).sum::<f64>(),
            lent.read(),
            lent.inner.counts(),
        )
    };
    let before = now();
    let (began, mut ticks) = (Instant::now(), 0.0);
    while began.elapsed() < DURING {
        world.tick().expect("a tick");
        ticks += 1.0;
    }
    let took = began.elapsed().as_nanos() as f64;
    let after = now();
    Away {
        ticks,
        tick_wall: took / ticks,
        calls: (after.4.answered - before.4.answered) as f64,
        rows: after.3.2 - before.3.2,
        bytes: after.3.1 - before.3.1 - (after.4.spared_bytes - before.4.spared_bytes) as f64,
        tick: after.3.0 - before.3.0,
        network: after.0 - before.0,
        server: after.1 - before.1,
        worker: after.2 - before.2,
    }
}

/// Lends calls, and keeps when each was lent and came back, and what that takes of the
/// threads that do it.
pub struct Lent {
    network: Network,
    inner: Arc<Coordinator>,
    noted: Arc<Mutex<Noted>>,
    loaded: Arc<Mutex<Option<Instant>>>,
    nanos: AtomicU64,
    bytes: AtomicU64,
    rows: AtomicU64,
}

#[derive(Default)]
struct Noted {
    /// From taking a call to having its answer, without the time in the guest.
    round_trips: Vec<Duration>,
    /// Bytes of the last answer, which is about what was sent.
    bytes: usize,
    /// When calls were given up.
    lost: Vec<Instant>,
}

impl Lent {
    pub fn new(fleet: &Fleet) -> Arc<Self> {
        let settings = NatsSettings {
            url: Some(fleet.url()),
            calls: AwayCalls::All,
            check_percent: 0.0,
            ..NatsSettings::default()
        };
        let network = Network::connect(&settings, "world").expect("the server is there");
        let inner = Coordinator::new(&network, &settings);
        inner.begin(&network, "bench");
        Arc::new(Self {
            network,
            inner,
            noted: Arc::default(),
            loaded: Arc::default(),
            nanos: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
        })
    }

    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let now = || {
            let now = clock_gettime(ClockId::ThreadCPUTime);
            now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
        };
        let before = now();
        let done = work();
        self.nanos.fetch_add(now() - before, Ordering::Relaxed);
        done
    }

    /// Nanoseconds of the threads of the tick, bytes there and back as if all were sent, and
    /// rows.
    fn read(&self) -> (f64, f64, f64) {
        let of = |it: &AtomicU64| it.load(Ordering::Relaxed) as f64;
        (of(&self.nanos), of(&self.bytes), of(&self.rows))
    }

    pub fn wait_for(&self, fleet: &Fleet) {
        while self.ready() < fleet.workers() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn ready(&self) -> usize {
        self.inner.ready()
    }

    pub fn workers(&self) -> usize {
        self.inner.workers()
    }

    pub fn answered(&self) -> u64 {
        self.inner.counts().answered
    }

    pub fn link(&self) -> tokio::sync::watch::Receiver<sandtable_nats::Link> {
        self.network.link()
    }

    /// Bytes of a call there and back, about.
    pub fn call_bytes(&self) -> usize {
        2 * self.noted.lock().expect("it is kept").bytes
    }

    pub fn round_trips(&self) -> Vec<Duration> {
        std::mem::take(&mut self.noted.lock().expect("it is kept").round_trips)
    }

    pub fn take_lost(&self) -> Vec<Instant> {
        std::mem::take(&mut self.noted.lock().expect("it is kept").lost)
    }

    /// Where it is kept when mods were loaded last.
    pub fn watch_loading(&self) -> Arc<Mutex<Option<Instant>>> {
        self.loaded.clone()
    }
}

impl Elsewhere for Lent {
    fn loaded(&self, strict_nan: bool, mods: Vec<LentMod>) {
        *self.loaded.lock().expect("it is kept") = Some(Instant::now());
        self.inner.loaded(strict_nan, mods);
    }

    fn has_room(&self) -> bool {
        self.inner.has_room()
    }

    fn suits(&self, context: &CallContext, batches: &VecDeque<Batch>) -> f64 {
        self.inner.suits(context, batches)
    }

    fn takes_all(&self) -> bool {
        self.inner.takes_all()
    }

    fn take(&self, call: &Call, back: Back) -> Taken {
        let (began, noted) = (Instant::now(), self.noted.clone());
        let back = move |answer: Option<Bytes>| {
            {
                let mut noted = noted.lock().expect("it is kept");
                match answer.as_ref().and_then(|answer| Answer::read(answer).ok()) {
                    None => noted.lost.push(Instant::now()),
                    Some(read) => {
                        let guest = Duration::from_nanos(read.nanos);
                        noted.round_trips.push(began.elapsed().saturating_sub(guest));
                        noted.bytes = answer.as_ref().map_or(0, Bytes::len);
                    }
                }
            }
            back(answer);
        };
        self.timed(|| self.inner.take(call, Box::new(back)))
    }

    fn patience(&self, call: &Call) -> Duration {
        self.inner.patience(call)
    }

    fn settle(&self, engine: &Engine, call: &Call, answer: &Bytes) -> Option<CallReport> {
        let report = self.timed(|| self.inner.settle(engine, call, answer))?;
        // What comes back is all that was sent or spared, in this world.
        self.bytes.fetch_add(2 * answer.len() as u64, Ordering::Relaxed);
        self.rows.fetch_add(report.rows, Ordering::Relaxed);
        Some(report)
    }

    fn made_here(&self, system: &str, report: &CallReport) {
        self.inner.made_here(system, report);
    }
}
