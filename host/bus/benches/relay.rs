//! How many events a relay carries in a second, through a real server of its own.
//!
//! `cargo bench -- relay`; without a `nats-server` it is left out.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sandtable::config::{NatsSettings, WorldConfig};
use sandtable::ecs::World;
use sandtable::record::{OutboxFormat, Outgoing, TickRecord};
use sandtable::save::Save;
use sandtable_bus::Relay;

const ROWS_A_TICK: usize = 1000;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server(folder: &Path) -> (Server, String) {
    let ports = folder.join("ports");
    std::fs::create_dir_all(&ports).unwrap();
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"]).arg(folder.join("streams"));
    command.arg("--ports_file_dir").arg(&ports).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn().expect("nats-server is installed"));
    loop {
        let file = std::fs::read_dir(&ports).unwrap().next();
        let text = file.and_then(|file| std::fs::read_to_string(file.unwrap().path()).ok());
        if let Some(at) = text.as_deref().and_then(|text| text.split("nats://").nth(1)) {
            let address = at.split('"').next().unwrap();
            return (server, format!("nats://{address}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A save with so many rows of so many bytes.
fn save(folder: &Path, rows: usize, bytes: usize) -> PathBuf {
    let path = folder.join("world.db");
    let mut world = World::new(64);
    let mut save = Save::create(&path, &WorldConfig::of("bench"), &world).unwrap();
    let body = vec![b'x'; bytes];
    for tick in 1..=(rows / ROWS_A_TICK) as u64 {
        world.set_tick(tick);
        let one = Outgoing {
            kind: "bench/Event".to_owned(),
            entity: None,
            format: OutboxFormat::Json,
            body: body.clone(),
        };
        let outgoing = vec![one; ROWS_A_TICK];
        save.commit(&[TickRecord { tick, outgoing, ..TickRecord::default() }], &world).unwrap();
    }
    save.close().unwrap();
    path
}

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if !words.is_empty() && !words.iter().any(|word| "relay".contains(word.as_str())) {
        return;
    }
    if Command::new("nats-server").arg("--version").output().is_err() {
        println!("relay: left out, since there is no nats-server on the path");
        return;
    }
    for (bytes, rows) in [(100, 100_000), (1024, 50_000)] {
        let folder = tempfile::tempdir().unwrap();
        let path = save(folder.path(), rows, bytes);
        for in_flight in [256, 512, 1024] {
            let streams = tempfile::tempdir().unwrap();
            let (_server, url) = server(streams.path());
            let settings = NatsSettings { url: Some(url), ..NatsSettings::default() };
            let started = Instant::now();
            let relay = Relay::start(&path, &settings, in_flight).unwrap();
            let state = relay.wait_for_all(Duration::from_secs(5), None).unwrap();
            let took = started.elapsed().as_secs_f64();
            assert_eq!(state.acknowledged, rows as u64, "{state:?}");
            let second = rows as f64 / took;
            println!("{bytes:>5} B, {in_flight:>4} in flight: {second:>9.0} events/s");
            assert_eq!(state.behind(), 0);
        }
    }
}
