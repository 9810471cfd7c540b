//! A world that runs and is served, in this process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sandtable::ecs::Entity;
use sandtable::{Options, Simulation, catalog};
use sandtable_serve::{Served, Server};
use serde_json::Value as Json;

use super::client::{Client, TOKEN};

pub struct World {
    pub address: SocketAddr,
    /// Where its operations begin.
    pub path: String,
    seen: Arc<Mutex<Seen>>,
    ends: Arc<AtomicBool>,
    runs: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// When ticks were published, and what they took.
#[derive(Default)]
struct Seen {
    published: BTreeMap<u64, Instant>,
    ticks: u32,
    took: Duration,
}

impl World {
    /// Runs a world for some ticks, and from then on at a pace.
    pub fn new(world: &str, ticks: u64, hz: f64) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = catalog::load(&root.join(world)).expect("a world");
        let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).expect("mods");
        let folder = tempfile::tempdir().expect("a folder");
        let save = folder.path().join("world.db");
        let options = Options { log: Arc::new(|_, _, _| {}), ..Options::default() };
        let name = file.config.world.name.clone();
        let mut simulation =
            Simulation::create(Some(&save), file.config, mods, options).expect("it starts");
        for _ in 0..ticks {
            simulation.tick().expect("a tick");
        }
        let served = Served::new(&mut simulation, &save);
        let seen = Arc::<Mutex<Seen>>::default();
        let notes = seen.clone();
        simulation.feed().listen(move |published| {
            let mut seen = notes.lock().expect("no panic");
            seen.published.insert(published.tick(), Instant::now());
        });
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(served, any, Some(TOKEN.to_owned())).expect("it listens");
        let (address, ends) = (server.address(), Arc::new(AtomicBool::new(false)));
        let (until, notes) = (ends.clone(), seen.clone());
        let runs = std::thread::spawn(move || {
            let mut due = Instant::now();
            while !until.load(Ordering::Relaxed) {
                let began = Instant::now();
                simulation.tick().expect("a tick");
                let mut seen = notes.lock().expect("no panic");
                seen.ticks += 1;
                seen.took += began.elapsed();
                drop(seen);
                due = (due + Duration::from_secs_f64(1.0 / hz)).max(Instant::now());
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            drop(server);
            simulation.close().expect("it closes");
        });
        let path = format!("/api/v1/worlds/{name}");
        Self { address, path, seen, ends, runs: Some(runs), _folder: folder }
    }

    /// Ticks so far, and what they took.
    pub fn pulse(&self) -> (u32, Duration) {
        let seen = self.seen.lock().expect("no panic");
        (seen.ticks, seen.took)
    }

    /// What a tick took on average since then.
    pub fn pulse_since(&self, (ticks, took): (u32, Duration)) -> Duration {
        let (now, all) = self.pulse();
        (all - took) / (now - ticks).max(1)
    }

    /// What a tick takes on average for a while in which nothing is asked.
    pub fn quiet(&self, during: Duration) -> Duration {
        let before = self.pulse();
        std::thread::sleep(during);
        self.pulse_since(before)
    }

    /// When a tick was published.
    pub fn published(&self, tick: u64) -> Option<Instant> {
        self.seen.lock().expect("no panic").published.get(&tick).copied()
    }

    /// The entity that is called so.
    pub fn labelled(&self, label: &str) -> String {
        let answer = Client::new(self.address).get(&format!("{}/entities/{label}", self.path));
        let answer: Json = serde_json::from_slice(&answer).expect("an entity");
        answer["entity"].as_str().expect("an entity").to_owned()
    }

    /// The first entity that has a component.
    pub fn first_with(&self, component: &str) -> String {
        let path = format!("{}/entities?with={component}&limit=1", self.path);
        let page: Json =
            serde_json::from_slice(&Client::new(self.address).get(&path)).expect("a page");
        page["rows"][0]["entity"].as_str().expect("an entity").to_owned()
    }

    /// The entity that is called so, as SQL numbers it.
    pub fn sql_key(&self, label: &str) -> i64 {
        Entity::parse(&self.labelled(label)).expect("an entity").to_bits() as i64
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(runs) = self.runs.take() {
            let _ = runs.join();
        }
    }
}
