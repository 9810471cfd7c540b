//! A disk that fails at any call: what was reported is in the save, what was not
//! is undone in memory too, and the world goes on once the disk does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandtable::Simulation;
use sandtable::hash::StateHasher;
use sandtable::record::{Digest, TickRecord};
use sandtable::save::{Save, backup};
use sandtable_test_disk::{Disk, Fault, Kind};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::*;

/// What a tick does to the save.
struct Shape {
    guests: &'static [&'static str],
    /// Inputs that others put into the save.
    inbox: bool,
    /// Inputs that the program gives.
    given: bool,
}

const ALL: Shape = Shape { guests: &["ledger", "menagerie", "watcher"], inbox: true, given: true };

const SHAPES: [Shape; 5] = [
    Shape { guests: &["drift"], inbox: false, given: false },
    Shape { guests: &["watcher"], inbox: false, given: true },
    Shape { guests: &["menagerie"], inbox: false, given: false },
    Shape { guests: &["ledger"], inbox: false, given: false },
    Shape { guests: &["watcher"], inbox: true, given: false },
];

/// A world on a disk that can fail, and the same one in memory, which follows.
struct Pair {
    folder: TempDir,
    disk: Arc<Disk>,
    world: Simulation,
    twin: Simulation,
    shape: &'static Shape,
}

impl Pair {
    fn new(shape: &'static Shape) -> Self {
        let folder = TempDir::new().unwrap();
        let disk = Disk::watch(folder.path());
        let mods: Vec<_> = shape.guests.iter().map(|name| guest(name)).collect();
        let twin = world_of(WORLD, mods.clone(), 1);
        let save = folder.path().join("save.db");
        let world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
        let mut pair = Self { folder, disk, world, twin, shape };
        for _ in 0..3 {
            let record = pair.world.tick().unwrap();
            pair.follow(&record);
        }
        pair
    }

    fn save(&self) -> PathBuf {
        self.folder.path().join("save.db")
    }

    /// Gives the next tick what is given in this shape.
    fn feed(&mut self) {
        let tick = self.world.world().tick();
        let input = json!({"number": tick % 100, "to": tick});
        if self.shape.inbox {
            sandtable::send(&self.save(), "watcher/Poke", &input, "inbox").unwrap();
        }
        if self.shape.given {
            self.world.send("watcher/Poke", &input, "program").unwrap();
        }
    }

    /// Does in memory what the world did.
    fn follow(&mut self, record: &TickRecord) {
        for input in &record.inputs {
            self.twin.give(input.clone()).unwrap();
        }
        let same = self.twin.tick().unwrap();
        assert_eq!((same.tick, same.state), (record.tick, record.state));
        assert_eq!(same.chain, record.chain, "tick {}", record.tick);
        assert_eq!(self.world.hash(), record.state);
    }

    /// What a killed process would leave now opens at this tick.
    fn left(&self) -> (u64, Digest) {
        let copy = TempDir::new().unwrap();
        for name in ["save.db", "save.db-wal"] {
            let _ = fs::copy(self.folder.path().join(name), copy.path().join(name));
        }
        stands_at(&copy.path().join("save.db"))
    }

    /// Lets the first calls of a tick fail, then the second, and so on, until it
    /// has no more; returns in how many ticks one failed.
    fn fail_every_call(&mut self) -> u64 {
        let mut failures = 0;
        for kind in Kind::ALL {
            for lasting in [false, true] {
                let mut first = 1;
                while self.fail_once(Fault { kind, first, lasting }) {
                    first += 1;
                }
                failures += first - 1;
            }
        }
        failures
    }

    fn fail_once(&mut self, fault: Fault) -> bool {
        if fault.first % 8 == 1 {
            checkpoint(&self.save(), "TRUNCATE");
        }
        self.feed();
        let (tick, hash) = (self.world.world().tick(), self.world.hash());
        self.disk.arm(fault);
        let outcome = self.world.tick();
        let failed = self.disk.disarm() > 0;
        let left = self.left();
        match outcome {
            Ok(record) => {
                self.follow(&record);
                assert_eq!(left, (record.tick, record.state), "{fault:?} was no matter");
            }
            Err(error) => {
                assert!(failed, "{error}, without a fault");
                let now = (self.world.world().tick(), self.world.hash());
                assert_eq!(now, (tick, hash), "{fault:?}: {error}: memory is where the save is");
                let record = self.world.tick().unwrap();
                self.follow(&record);
                assert_eq!(record.tick, tick + 1, "{fault:?}: {error}: it goes on");
                // The commit may have reached the disk before the error did.
                let may = [(tick, hash), (tick + 1, record.state)];
                assert!(may.contains(&left), "{fault:?}: {error}: tick {} is left", left.0);
                assert_eq!(self.left(), may[1]);
            }
        }
        failed
    }
}

fn stands_at(save: &Path) -> (u64, Digest) {
    let (save, _, world) = Save::open(save).unwrap();
    save.close().unwrap();
    (world.tick(), StateHasher::default().digest(&world))
}

fn checkpoint(save: &Path, mode: &str) {
    // Where the disk fails, it does too.
    let Ok(connection) = rusqlite::Connection::open(save) else { return };
    let _ = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
}

#[test]
fn any_call_of_a_tick_may_fail() {
    let shapes = [&ALL, &SHAPES[2], &SHAPES[3]];
    let failures: u64 = shapes.iter().map(|shape| Pair::new(shape).fail_every_call()).sum();
    println!("{failures} ticks with a failing call");
    assert!(failures > 100, "{failures}");
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn any_call_of_a_tick_may_fail_in_every_shape() {
    for shape in &SHAPES {
        let failures = Pair::new(shape).fail_every_call();
        println!("{failures} ticks of {:?} with a failing call", shape.guests);
    }
}

/// Lets calls of something fail, every so many of them; `work` does it in a
/// folder that `prepare` made. Afterwards, without the fault, `check` is given how
/// it came out.
fn fail_calls_of(
    every: usize,
    prepare: impl Fn(&Path),
    work: impl Fn(&Path) -> Result<(), String>,
    check: impl Fn(&Path, Result<(), String>, Fault),
) -> u64 {
    let mut failures = 0;
    for kind in Kind::ALL {
        for lasting in [false, true] {
            for first in (1..).step_by(every) {
                let folder = TempDir::new().unwrap();
                let disk = Disk::watch(folder.path());
                prepare(folder.path());
                let fault = Fault { kind, first, lasting };
                disk.arm(fault);
                let outcome = work(folder.path());
                let failed = disk.disarm() > 0;
                check(folder.path(), outcome, fault);
                if !failed {
                    break;
                }
                failures += 1;
            }
        }
    }
    failures
}

/// A save as a killed process leaves it, and its tick.
fn abandoned(folder: &Path) -> (u64, Digest) {
    let pair = Pair::new(&ALL);
    for name in ["save.db", "save.db-wal"] {
        fs::copy(pair.folder.path().join(name), folder.join(name)).unwrap();
    }
    pair.left()
}

fn copied(from: &Path, to: &Path) {
    for name in names_in(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

fn fail_making(every: usize) {
    let mods = vec![guest("menagerie")];
    let mut sample = world_of(WORLD, mods.clone(), 1);
    run(&mut sample, 3);
    let (config, hash) = (config(WORLD, &mods), sample.hash());
    let failures = fail_calls_of(
        every,
        |_| {},
        |folder| {
            let made = Save::create(&folder.join("save.db"), &config, sample.world());
            made.and_then(Save::close).map_err(|error| error.to_string())
        },
        |folder, outcome, fault| {
            let save = folder.join("save.db");
            let there = save.exists();
            match outcome {
                Ok(()) => assert_eq!(stands_at(&save), (3, hash), "{fault:?}"),
                Err(_) if there => assert_eq!(stands_at(&save), (3, hash), "{fault:?}"),
                Err(_) => {
                    assert_eq!(names_in(folder), Vec::<String>::new(), "{fault:?}");
                    Save::create(&save, &config, sample.world()).unwrap().close().unwrap();
                    assert_eq!(stands_at(&save), (3, hash), "{fault:?}: the next try");
                }
            }
        },
    );
    println!("{failures} saves made with a failing call");
    assert!(failures > 0);
}

fn fail_opening(every: usize) {
    let original = TempDir::new().unwrap();
    let expected = abandoned(original.path());
    let failures = fail_calls_of(
        every,
        |folder| copied(original.path(), folder),
        |folder| {
            let opened = Save::open(&folder.join("save.db"));
            opened.and_then(|(save, ..)| save.close()).map_err(|error| error.to_string())
        },
        |folder, outcome, fault| {
            let save = folder.join("save.db");
            assert_eq!(stands_at(&save), expected, "{fault:?}: {outcome:?}");
            assert_eq!(names_in(folder), ["save.db"], "{fault:?}: {outcome:?}");
        },
    );
    println!("{failures} saves opened and closed with a failing call");
    assert!(failures > 0);
}

fn fail_checkpoints(every: usize) {
    let original = TempDir::new().unwrap();
    let expected = abandoned(original.path());
    for mode in ["PASSIVE", "RESTART", "TRUNCATE"] {
        let failures = fail_calls_of(
            every,
            |folder| copied(original.path(), folder),
            |folder| {
                checkpoint(&folder.join("save.db"), mode);
                Ok(())
            },
            |folder, _, fault| {
                assert_eq!(stands_at(&folder.join("save.db")), expected, "{mode}, {fault:?}");
            },
        );
        println!("{failures} checkpoints {mode} with a failing call");
        assert!(failures > 0);
    }
}

fn fail_backups(every: usize) {
    let original = TempDir::new().unwrap();
    let expected = abandoned(original.path());
    let failures = fail_calls_of(
        every,
        |folder| copied(original.path(), folder),
        |folder| {
            let copy = backup(&folder.join("save.db"), &folder.join("copy.db"));
            copy.map(drop).map_err(|error| error.to_string())
        },
        |folder, outcome, fault| {
            let (save, copy) = (folder.join("save.db"), folder.join("copy.db"));
            if outcome.is_err() {
                assert!(!copy.exists(), "{fault:?}: {outcome:?}");
                backup(&save, &copy).unwrap();
            }
            assert_eq!(stands_at(&copy), expected, "{fault:?}: {outcome:?}");
            assert_eq!(stands_at(&save), expected, "{fault:?}: {outcome:?}");
        },
    );
    println!("{failures} backups with a failing call");
    assert!(failures > 0);
}

/// One call of so many that fails in the suite; in the long form each does.
const FEW: usize = 9;

#[test]
fn calls_may_fail_while_a_save_is_made() {
    fail_making(FEW);
}

#[test]
fn calls_may_fail_while_a_save_is_opened_and_closed() {
    fail_opening(FEW);
}

#[test]
fn calls_of_a_checkpoint_may_fail() {
    fail_checkpoints(FEW);
}

#[test]
fn calls_of_a_backup_may_fail() {
    fail_backups(FEW);
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn any_call_may_fail() {
    for fail in [fail_making, fail_opening, fail_checkpoints, fail_backups] {
        fail(1);
    }
}

/// The files of a save are changed from outside while its world runs.
fn meddled(with: fn(&Path), back: fn(&Path), named: &str) {
    let mut pair = Pair::new(&ALL);
    let folder = pair.folder.path().to_owned();
    let before = (pair.world.world().tick(), pair.world.hash());
    with(&folder);
    for _ in 0..2 {
        let said = pair.world.tick().unwrap_err().to_string();
        let named = folder.join(named);
        let what = "was moved, removed or replaced while its world ran: put it back, or take the \
                    save from a backup";
        assert_eq!(said, format!("{} {what}", named.display()));
        assert_eq!((pair.world.world().tick(), pair.world.hash()), before);
    }
    back(&folder);
    let record = pair.world.tick().unwrap();
    pair.follow(&record);
    assert_eq!(pair.left(), (record.tick, record.state));
}

#[test]
fn a_save_that_vanishes_is_not_written_on() {
    let away = |folder: &Path| fs::rename(folder.join("save.db"), folder.join("away")).unwrap();
    let back = |folder: &Path| fs::rename(folder.join("away"), folder.join("save.db")).unwrap();
    meddled(away, back, "save.db");
}

#[test]
fn a_save_that_is_replaced_is_not_written_on() {
    let replace = |folder: &Path| {
        fs::rename(folder.join("save.db"), folder.join("away")).unwrap();
        fs::copy(folder.join("away"), folder.join("save.db")).unwrap();
    };
    let back = |folder: &Path| fs::rename(folder.join("away"), folder.join("save.db")).unwrap();
    meddled(replace, back, "save.db");
}

#[test]
fn a_save_whose_log_vanishes_is_not_written_on() {
    let log = "save.db-wal";
    let away = |folder: &Path| fs::rename(folder.join("save.db-wal"), folder.join("away")).unwrap();
    let back = |folder: &Path| fs::rename(folder.join("away"), folder.join("save.db-wal")).unwrap();
    meddled(away, back, log);
}

#[test]
fn a_failing_disk_is_told_in_a_sentence_that_helps() {
    let mut pair = Pair::new(&ALL);
    for (kind, expected) in [
        (
            Kind::Full,
            "the disk is full: {} could not be written; free some space, nothing that was committed is lost",
        ),
        (Kind::ReadOnly, "{} cannot be written: give yourself the right to, or copy it"),
        (Kind::Io, "{} could not be written: disk I/O error"),
    ] {
        pair.disk.arm(Fault { kind, first: 1, lasting: true });
        let said = pair.world.tick().unwrap_err().to_string();
        pair.disk.disarm();
        let expected = expected.replace("{}", &pair.save().display().to_string());
        assert_eq!(said, expected);
        let record = pair.world.tick().unwrap();
        pair.follow(&record);
    }
}
