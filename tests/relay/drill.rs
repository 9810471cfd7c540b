//! Relay, server and consumers, killed at random while a world runs.

use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::*;

/// Chosen at random, and the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    /// The world that runs, and the relay in it.
    World,
    /// The server, which loses a part of what it acknowledged.
    Server,
    /// A consumer in Python or in Rust.
    Consumer(bool),
}

struct Drill {
    place: Place,
    server: NatsServer,
    world: Option<Child>,
    consumers: [Option<Child>; 2],
}

/// Ends a process at once.
fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

impl Drill {
    fn begin() -> Self {
        let (place, server) = (Place::new(), NatsServer::start());
        told(place.run().args(["--ticks", "1"]));
        let mut drill = Self { place, server, world: None, consumers: [None, None] };
        drill.start(Victim::World);
        drill.start(Victim::Consumer(false));
        drill.start(Victim::Consumer(true));
        drill
    }

    fn told(&self, python: bool) -> PathBuf {
        self.place.path(if python { "python.db" } else { "rust.db" })
    }

    fn start(&mut self, victim: Victim) {
        let url = self.server.url();
        match victim {
            Victim::World => {
                let mut command = sandtable();
                command.arg("run").arg("--save").arg(self.place.save());
                command.args(["--quiet", "--hz", "200", "--nats", &url]);
                self.world = Some(command.stderr(Stdio::null()).spawn().unwrap());
            }
            Victim::Server => self.server.start_again(),
            Victim::Consumer(python) => {
                let world = self.place.world_id();
                let mut command = consumer(python, &self.told(python), &world, &url, None);
                let child = command.stderr(Stdio::null()).spawn().unwrap();
                self.consumers[usize::from(python)] = Some(child);
            }
        }
    }

    fn kill(&mut self, victim: Victim, random: &mut Random) {
        match victim {
            Victim::World => kill(&mut self.world),
            Victim::Server => {
                self.server.kill();
                cut_newest_block(&self.server.streams(), random.below(20_000));
            }
            Victim::Consumer(python) => kill(&mut self.consumers[usize::from(python)]),
        }
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        kill(&mut self.world);
        self.consumers.iter_mut().for_each(kill);
    }
}

/// Takes so many bytes from the end of the newest block of a stream, as a disk that lost
/// power has lost them.
fn cut_newest_block(streams: &Path, bytes: u64) {
    let mut folders = vec![streams.to_owned()];
    let mut newest: Option<(u64, PathBuf)> = None;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "blk")
                && path.to_string_lossy().contains("st_")
            {
                let number = path.file_stem().unwrap().to_string_lossy().parse().unwrap();
                newest = newest.max(Some((number, path)));
            }
        }
    }
    let Some((_, path)) = newest else { return };
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(bytes)).unwrap();
}

/// Kills so many times, and then lets all of it come to its end.
fn drill(kills: u64, seed: u64) {
    let mut random = Random(seed);
    let mut drill = Drill::begin();
    let victims = [Victim::World, Victim::Server, Victim::Consumer(false), Victim::Consumer(true)];
    for number in 0..kills {
        sleep(Duration::from_millis(30 + random.below(300)));
        // Each of them at least once where there are few.
        let victim = victims[(number + random.below(2) * random.below(4)) as usize % 4];
        drill.kill(victim, &mut random);
        sleep(Duration::from_millis(random.below(60)));
        drill.start(victim);
    }
    kill(&mut drill.world);
    drill.consumers.iter_mut().for_each(kill);
    let url = drill.server.url();
    let (is_well, told) = drill.place.relay(&url);
    assert!(is_well, "{told}\n{}", drill.server.said());
    let (rows, world) = (drill.place.rows(), drill.place.world_id());
    let last = rows.last().unwrap().seq;
    assert!(last > 8 * kills, "the world went on: {last} rows");
    for python in [false, true] {
        consume(python, &drill.told(python), &world, &url, last);
        assert_told_once_in_order(&drill.told(python), &rows);
    }
    assert_eq!(save::check(&drill.place.save()).unwrap().findings, Vec::<String>::new());
    eprintln!("{kills} kills with seed {seed}: {last} rows, each once and in order");
}

#[test]
fn kills_of_relay_server_and_consumers_lose_double_and_reorder_nothing() {
    needs!(NATS_SERVER, NATS_PY);
    drill(12, 7);
}

/// `cargo test --test all -- --ignored two_hundred_kills --nocapture`
#[test]
#[ignore = "takes minutes; the README has the command"]
fn two_hundred_kills_lose_double_and_reorder_nothing() {
    let seed = std::env::var("SANDTABLE_SEED").ok().and_then(|seed| seed.parse().ok());
    drill(200, seed.unwrap_or(1));
}
