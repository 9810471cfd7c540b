//! How many rows a mirror writes in a second, through a real PostgreSQL of its own, and what
//! a tick costs beside it.
//!
//! `cargo bench -- mirror`; without PostgreSQL it is left out. Root cannot run PostgreSQL:
//! it is run as the user 65534 then.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sandtable::{Options, Simulation, catalog};
use sandtable_mirror::{Mirror, MirrorSettings, Step};

/// Ticks that are measured with and without a mirror.
const TICKS: u32 = 60;
/// How often both are.
const ROUNDS: u32 = 5;

struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the programs of PostgreSQL are.
fn programs() -> Option<PathBuf> {
    let debian = (13..30).rev().map(|at| PathBuf::from(format!("/usr/lib/postgresql/{at}/bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(debian).collect::<Vec<_>>();
    all.into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn program(path: &Path, folder: &Path) -> Command {
    // What root makes belongs to root.
    let is_root = std::process::Command::new("chown").arg("65534:65534").arg(folder).output();
    let mut command = match is_root.unwrap().status.success() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(path);
            command
        }
        false => Command::new(path),
    };
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command
}

fn server(programs: &Path) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = program(&programs.join("initdb"), folder.path());
    command.arg("-D").arg(&data).args(["-U", "bench", "-A", "trust", "--no-sync"]);
    assert!(command.status().unwrap().success());
    let mut command = program(&programs.join("postgres"), folder.path());
    command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
    let child = command.spawn().unwrap();
    let host = folder.path().display().to_string().replace('/', "%2F");
    let url = format!("postgres://bench@{host}/postgres");
    Server { child, url, _folder: folder }
}

/// Brings a mirror up, as soon as there is a server.
fn up(mirror: &mut Mirror) -> (u64, Duration) {
    loop {
        let begun = Instant::now();
        match mirror.step() {
            Ok(Step::Carried { rows, .. }) => return (rows, begun.elapsed()),
            Ok(Step::Same { .. }) => return (0, begun.elapsed()),
            Err(error) if error.passes() => mirror.rest(Duration::from_millis(50)),
            Err(error) => panic!("{error}"),
        }
    }
}

fn told(what: &str, (rows, took): (u64, Duration)) {
    let second = rows as f64 / took.as_secs_f64();
    println!("mirror: {what:>36}: {rows:>9} rows in {took:>8.2?}, {second:>9.0} rows/s");
}

/// The mean of some ticks, with so much time between them.
fn ticks(world: &mut Simulation, pause: Duration) -> Duration {
    let mut all = Duration::ZERO;
    for _ in 0..TICKS {
        let begun = Instant::now();
        world.tick().unwrap();
        all += begun.elapsed();
        std::thread::sleep(pause);
    }
    all / TICKS
}

/// Ticks alone and beside a mirror, in turns.
fn beside(world: &mut Simulation, save: &Path, settings: &MirrorSettings, hertz: Option<u64>) {
    let pause = hertz.map_or(Duration::ZERO, |hertz| Duration::from_millis(1_000 / hertz));
    let (mut alone, mut with) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        alone += ticks(world, pause);
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, path, settings) = (is_over.clone(), save.to_owned(), settings.clone());
        let follower = std::thread::spawn(move || {
            // As `sandtable mirror` does for its process.
            #[cfg(unix)]
            rustix::process::nice(10).unwrap();
            let mut mirror = Mirror::new(&path, &settings).unwrap();
            while !over.load(Ordering::Relaxed) {
                let (_, took) = up(&mut mirror);
                let begun = Instant::now();
                while !over.load(Ordering::Relaxed) && begun.elapsed() < took {
                    mirror.rest(Duration::from_millis(20));
                }
            }
        });
        with += ticks(world, pause);
        is_over.store(true, Ordering::Relaxed);
        follower.join().unwrap();
    }
    let (alone, with) = (alone / ROUNDS, with / ROUNDS);
    let share = with.as_secs_f64() / alone.as_secs_f64();
    let how = hertz.map_or("one after another".to_owned(), |hertz| format!("{hertz} a second"));
    println!("mirror: ticks {how:>17}: {alone:.2?} alone, {with:.2?} beside a mirror: {share:.2}x");
}

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if !words.is_empty() && !words.iter().any(|word| "mirror".contains(word.as_str())) {
        return;
    }
    let Some(programs) = programs() else {
        println!("mirror: left out, since there is no PostgreSQL");
        return;
    };
    let server = server(&programs);
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("swarm.db");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/swarm");
    let file = catalog::load(&example).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let made = Simulation::create(Some(&save), file.config, mods, Options::default());
    let mut world = made.unwrap();
    ticks(&mut world, Duration::ZERO);
    let settings = MirrorSettings { url: server.url.clone(), ..MirrorSettings::default() };
    let mut mirror = Mirror::new(&save, &settings).unwrap();
    told("all of a world of 100,000 bodies", up(&mut mirror));
    ticks(&mut world, Duration::ZERO);
    told("every body moved, some ticks behind", up(&mut mirror));
    drop(mirror);
    beside(&mut world, &save, &settings, Some(20));
    beside(&mut world, &save, &settings, None);
    world.close().unwrap();
}
