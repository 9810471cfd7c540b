//! Kill the process anywhere in any verb that writes: the save opens at a whole
//! tick, and none that was acknowledged is lost.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sandtable::Simulation;
use sandtable::hash::StateHasher;
use sandtable::record::Digest;
use sandtable::save::Save;
use tempfile::TempDir;

use crate::harness::*;

const GUESTS: [&str; 2] = ["menagerie", "diary"];

/// Ticks that a run does before it is killed, and that a way back goes back.
const TICKS: u64 = 6;

/// A verb that is killed. All of them get the same save in turn.
struct Verb {
    name: &'static str,
    /// What comes after the name of the save, given the tick that it stands at.
    arguments: fn(u64) -> Vec<String>,
    /// What must have happened to the save before.
    prepare: fn(&Path),
    /// How far back it may take the save.
    back: u64,
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).into()
}

const VERBS: [Verb; 7] = [
    Verb {
        name: "run",
        arguments: |_| words(["--ticks", "1000000", "--quiet"]),
        prepare: |_| {},
        back: 0,
    },
    Verb { name: "backup", arguments: |_| words(["-o", "copy.db"]), prepare: |_| {}, back: 0 },
    Verb { name: "prune", arguments: |_| words(["--ticks", "20"]), prepare: |_| {}, back: 0 },
    Verb { name: "compact", arguments: |_| Vec::new(), prepare: |_| {}, back: 0 },
    Verb {
        name: "snapshot",
        arguments: |_| words(["killed"]),
        prepare: |save| forget(save, "killed"),
        back: 0,
    },
    Verb {
        name: "restore",
        arguments: |_| words(["whole"]),
        prepare: |save| {
            forget(save, "whole");
            told(sandtable().arg("snapshot").arg(save).arg("whole"));
            ticks(None, save, TICKS);
        },
        back: TICKS,
    },
    Verb {
        name: "rewind",
        arguments: |tick| words(["--to", &(tick - TICKS).to_string()]),
        prepare: |save| drop(ticks(None, save, TICKS)),
        back: TICKS,
    },
];

/// Removes a snapshot, if it is there.
fn forget(save: &Path, name: &str) {
    let mut command = sandtable();
    command.arg("snapshots").arg(save).args(["--remove", name]).output().unwrap();
}

/// A save, and the states that its world has in a run that is not killed.
struct Victim {
    folder: TempDir,
    through: Simulation,
    states: Vec<Digest>,
}

impl Victim {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let world = folder.path().join("a world");
        write_world(&world, WORLD, &GUESTS);
        let victim = Self {
            through: world_of(WORLD, GUESTS.map(guest).into(), 1),
            states: vec![[0; 32]],
            folder,
        };
        ticks(Some(&world), &victim.at("save.db"), 3);
        victim
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, verb: &Verb, tick: u64) -> Child {
        let mut command = sandtable();
        command.current_dir(self.folder.path()).arg(verb.name);
        command.args((verb.name == "run").then_some("--save")).arg("save.db");
        command.args((verb.arguments)(tick));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    }

    /// Kills a verb at some moment; says whether it was not done yet.
    fn kill(&mut self, verb: &Verb, kill: u64, took: Duration) -> bool {
        let save = self.at("save.db");
        (verb.prepare)(&save);
        let before = last_tick(&save);
        let mut child = self.start(verb, before);
        if verb.name == "run" {
            wait_until("it runs", || {
                assert!(child.try_wait().unwrap().is_none(), "it runs until it is killed");
                last_tick(&save) >= before + TICKS
            });
        }
        let micros = took.as_micros() as u64;
        std::thread::sleep(Duration::from_micros(scramble(kill) % (micros + micros / 8)));
        let least = if verb.name == "run" { last_tick(&save) } else { before };
        let status = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let what = format!("kill {kill}, {}", verb.name);
        assert!(status.is_none_or(|status| status.success()), "{what}: {status:?}");

        let connection = Connection::open(&save).unwrap();
        let check: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "{what}");
        drop(connection);
        let tick = self.check("save.db", &what);
        let acknowledged = if verb.name == "run" { tick >= least } else { tick == least };
        let is_back = verb.back > 0 && tick == before - verb.back;
        assert!(acknowledged || is_back, "{what}: tick {tick} is left of {least}");
        for name in names_in(self.folder.path()) {
            // What a verb makes is there once it is whole, or not at all.
            if name != "save.db" && name.ends_with(".db") {
                assert_eq!(self.check(&name, &what), before, "{what}: {name}");
            }
            if name != "save.db" && self.at(&name).is_file() {
                fs::remove_file(self.at(&name)).unwrap();
            }
        }
        status.is_none()
    }

    /// Checks that a save stands at a whole tick, and says which.
    fn check(&mut self, name: &str, what: &str) -> u64 {
        let (save, _, world) = Save::open(&self.at(name)).unwrap();
        save.close().unwrap();
        while self.states.len() as u64 <= world.tick() {
            self.states.push(self.through.tick().unwrap().state);
        }
        let state = StateHasher::default().digest(&world);
        assert_eq!(state, self.states[world.tick() as usize], "{what}: {name} at {}", world.tick());
        world.tick()
    }
}

/// Numbers that look random and repeat.
fn scramble(seed: u64) -> u64 {
    let hash = blake3::hash(&seed.to_le_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

fn killed_so_often(kills: u64) {
    let mut victim = Victim::new();
    ticks(None, &victim.at("save.db"), 4 * TICKS);
    // How long each takes when it is not killed.
    let mut took = [Duration::from_millis(20); VERBS.len()];
    for (verb, took) in VERBS.iter().zip(&mut took).skip(1) {
        (verb.prepare)(&victim.at("save.db"));
        let tick = last_tick(&victim.at("save.db"));
        let started = Instant::now();
        assert!(victim.start(verb, tick).wait().unwrap().success(), "{}", verb.name);
        *took = started.elapsed();
        let _ = fs::remove_file(victim.at("copy.db"));
        let ahead = victim.at(&format!("save-ahead-{tick}.db"));
        let _ = fs::remove_file(ahead);
    }
    let (mut killed, mut tries) = ([0_u64; VERBS.len()], 0);
    while killed.iter().sum::<u64>() < kills {
        let at = tries as usize % VERBS.len();
        killed[at] += u64::from(victim.kill(&VERBS[at], tries, took[at]));
        tries += 1;
        if tries % 500 == 0 {
            println!("{tries} tries: {killed:?} kills");
        }
    }
    let mut again = Simulation::open(&victim.at("save.db"), None, quiet(1)).unwrap();
    let next = again.tick().unwrap().tick;
    again.close().unwrap();
    assert_eq!(victim.check("save.db", "at the end"), next);
    println!("{:?}: {killed:?} kills in {tries} tries", VERBS.map(|verb| verb.name));
}

#[test]
fn a_save_that_is_being_made_is_there_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let world = folder.path().join("a world");
    write_world(&world, WORLD, &GUESTS);
    let save = folder.path().join("save.db");
    let make = || {
        let mut command = sandtable();
        command.arg("run").arg(&world).args(["--ticks", "1", "--quiet", "--save"]).arg(&save);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    let started = Instant::now();
    assert!(make().wait().unwrap().success());
    let took = started.elapsed().as_micros() as u64;
    for kill in 0..20 {
        let _ = fs::remove_file(&save);
        let mut child = make();
        std::thread::sleep(Duration::from_micros(scramble(kill) % took));
        child.kill().unwrap();
        child.wait().unwrap();
        if save.exists() {
            let found = Simulation::open(&save, None, quiet(1)).unwrap();
            assert_eq!(found.program().mods.len(), GUESTS.len(), "kill {kill}");
            found.close().unwrap();
            fs::remove_file(&save).unwrap();
        }
        ticks(Some(&world), &save, 1);
        assert_eq!(names_in(folder.path()), ["a world", "save.db"], "kill {kill}");
    }
}

#[test]
fn fifty_kills_lose_no_acknowledged_tick() {
    killed_so_often(50);
}

#[test]
#[ignore = "takes half an hour; the README has the command"]
fn ten_thousand_kills_lose_no_acknowledged_tick() {
    killed_so_often(10_000);
}
