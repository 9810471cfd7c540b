//! A folder of saves, of which some run: what the first request for a closed one takes,
//! and what is left of those that are closed again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandtable::{Options, Simulation, catalog};
use sandtable_serve::{Folder, Server, Worlds};

use super::client::{Client, TOKEN, Took};

/// How long a world stays open that nothing is on.
const IDLE: Duration = Duration::from_secs(1);

/// A folder of saves of one world, which is served.
pub struct Saves {
    address: SocketAddr,
    server: Option<Server>,
    worlds: Worlds,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Saves {
    /// So many saves of a world after some ticks.
    pub fn new(world: &str, ticks: u64, saves: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = catalog::load(&root.join(world)).expect("a world");
        let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).expect("mods");
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { log: Arc::new(|_, _, _| {}), ..Options::default() };
        let first = folder.path().join(name(0));
        let made = Simulation::create(Some(&first), file.config, mods, options.clone());
        let mut made = made.expect("it starts");
        for _ in 0..ticks {
            made.tick().expect("a tick");
        }
        made.close().expect("it closes");
        for number in 1..saves {
            std::fs::copy(&first, folder.path().join(name(number))).expect("a copy");
        }
        let path = folder.path().to_owned();
        let worlds = Worlds::of_folder(Folder {
            path: path.clone(),
            hertz: 1.0,
            threads: 2,
            idle: IDLE,
            open_max: saves,
            memory_max: 0,
            runs: false,
            beside: None,
            options,
        });
        let worlds = worlds.expect("threads");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(worlds.clone(), any, Some(TOKEN.to_owned()));
        let server = server.expect("it listens");
        let address = server.address();
        Self { address, server: Some(server), worlds, path, _folder: folder }
    }

    /// Lets worlds run.
    pub fn run(&self, numbers: std::ops::Range<usize>) {
        let mut client = Client::new(self.address);
        for number in numbers {
            client.post(&format!("/api/v1/worlds/world-{number}/run"), r#"{"paused": false}"#);
        }
    }

    /// What it takes to ask each of them for the first time.
    pub fn first_access(&self, numbers: std::ops::Range<usize>) -> Took {
        let mut client = Client::new(self.address);
        let ask = |number| {
            let began = Instant::now();
            client.get(&format!("/api/v1/worlds/world-{number}/entities?limit=10"));
            began.elapsed()
        };
        Took::new(numbers.map(ask).collect())
    }

    /// What a list of all of them takes.
    pub fn list(&self) -> Duration {
        let began = Instant::now();
        Client::new(self.address).get("/api/v1/worlds");
        began.elapsed()
    }

    /// Waits until so many are open.
    pub fn come_to(&self, open: usize) {
        while self.open().len() > open {
            std::thread::sleep(IDLE / 10);
        }
    }

    /// The saves that have something beside them.
    fn open(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(&self.path).expect("the folder").flatten();
        let paths = files.map(|file| file.path());
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "lock")).collect()
    }
}

impl Drop for Saves {
    fn drop(&mut self) {
        self.server.take();
        self.worlds.close();
    }
}

fn name(number: usize) -> String {
    format!("world-{number}.db")
}

/// MiB of memory that this process takes, where the system tells.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() >> 10
}
