//! What a power loss leaves is a whole tick: with full durability the last one
//! that was reported, or the one after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sandtable::Simulation;
use sandtable::hash::StateHasher;
use sandtable::record::Digest;
use sandtable::save::{Save, SaveError};
use sandtable_test_disk::{Disk, Event, Power};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::*;

const GUESTS: [&str; 3] = ["ledger", "menagerie", "watcher"];

/// A world's life on a disk that forgets: what happened to its files, and the
/// state hash of each of its ticks.
struct Life {
    events: Vec<Event>,
    states: BTreeMap<u64, Digest>,
    /// After which ticks it was closed and opened.
    closed: Vec<u64>,
}

impl Life {
    /// A save is made and runs, is given inputs in both ways, has checkpoints,
    /// and is closed and opened again.
    fn with(durability: &str, ticks: u64) -> Self {
        let folder = TempDir::new().unwrap();
        let disk = Disk::watch(folder.path());
        let save = folder.path().join("save.db");
        let mods: Vec<_> = GUESTS.map(guest).into();
        let config = config(&format!("{WORLD}{durability}"), &mods);
        disk.record();
        let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
        disk.folder_was_synced();
        disk.mark(0);
        let (mut states, mut closed) = (BTreeMap::from([(0, world.hash())]), Vec::new());
        for tick in 1..=ticks {
            if tick % 3 == 0 {
                let input = json!({"number": tick, "to": tick + 1});
                world.send("watcher/Poke", &input, "program").unwrap();
                // Between commits the tables of mods keep the save to themselves.
                if durability != TOGETHER {
                    sandtable::send(&save, "watcher/Poke", &input, "inbox").unwrap();
                }
            }
            let record = world.tick().unwrap();
            disk.mark(record.tick);
            states.insert(record.tick, record.state);
            match tick % 12 {
                4 => checkpoint(&save, "PASSIVE"),
                7 => checkpoint(&save, "RESTART"),
                9 => checkpoint(&save, "TRUNCATE"),
                11 => {
                    world.close().unwrap();
                    closed.push(tick);
                    world = Simulation::open(&save, None, quiet(1)).unwrap();
                }
                _ => {}
            }
        }
        world.close().unwrap();
        Self { events: disk.recorded(), states, closed }
    }

    /// Loses the power so often in each of so many moments. What was synced must
    /// be there: every so many ticks, and when it was closed. Returns in how many
    /// states a save was there.
    fn lose(&self, moments: usize, times: u64, synced_every: u64) -> u64 {
        let least = |reported: u64| {
            let closed = self.closed.iter().rfind(|closed| **closed < reported).unwrap_or(&0);
            closed + (reported - closed) / synced_every * synced_every
        };
        let (mut power, mut reported, mut opened) = (Power::default(), None, 0);
        // As many as that, however many events there are.
        let count = |at: usize| at * moments / self.events.len();
        for (at, event) in self.events.iter().enumerate() {
            power.advance(event);
            if let Event::Mark(tick) = event {
                reported = Some(*tick);
            }
            // Right after a report there is most to be lost.
            if count(at) == count(at + 1) && !matches!(event, Event::Mark(_)) {
                continue;
            }
            for time in 0..times {
                let seed = at as u64 * 1_000_003 + time;
                let folder = TempDir::new().unwrap();
                power.lose(seed, folder.path()).unwrap();
                // Spares opening and closing the real syncs.
                let _disk = Disk::watch(folder.path());
                let what = format!("after event {at}, seed {seed}, tick {reported:?} reported");
                let Some((tick, state)) = found(folder.path(), &what) else {
                    assert_eq!(reported, None, "{what}: nothing is there");
                    continue;
                };
                opened += 1;
                let Some(reported) = reported else {
                    assert_eq!(tick, 0, "{what}: it may be there without its mods");
                    continue;
                };
                assert!(tick >= least(reported), "{what}: tick {tick}");
                assert_eq!(
                    Some(&state),
                    self.states.get(&tick),
                    "{what}: the world of tick {tick}"
                );
            }
        }
        opened
    }
}

/// The tick that a save stands at after a power loss, and its state hash, if
/// there is a save.
fn found(folder: &Path, what: &str) -> Option<(u64, Digest)> {
    match Save::open(&folder.join("save.db")) {
        Ok((save, _, world)) => {
            save.close().unwrap();
            Some((world.tick(), StateHasher::default().digest(&world)))
        }
        Err(SaveError::Missing { .. }) => None,
        Err(error) => {
            let files: Vec<_> = names_in(folder)
                .into_iter()
                .map(|name| (fs::metadata(folder.join(&name)).unwrap().len(), name))
                .collect();
            panic!("{what}: {error}, of {files:?}")
        }
    }
}

fn checkpoint(save: &Path, mode: &str) {
    let connection = rusqlite::Connection::open(save).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&sql, [], |_| Ok(())).unwrap();
}

const OFTEN: &str = "";
const SELDOM: &str = "[durability]\nmode = \"sync-every-ticks\"\nticks = 4\n";
const TOGETHER: &str = "[durability]\nmode = \"commit-every-ticks\"\nticks = 3\n";

#[test]
fn a_power_loss_takes_nothing_that_was_reported() {
    let opened = Life::with(OFTEN, 14).lose(150, 4, 1);
    println!("{opened} states");
    assert!(opened >= 350, "{opened}");
}

#[test]
fn a_power_loss_takes_what_was_not_synced_in_whole_ticks() {
    let opened = Life::with(SELDOM, 14).lose(80, 3, 4) + Life::with(TOGETHER, 14).lose(60, 3, 3);
    println!("{opened} states");
    assert!(opened >= 300, "{opened}");
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn fifty_thousand_power_losses_lose_nothing_that_was_synced() {
    let mut opened = 0;
    for (durability, synced_every) in [(OFTEN, 1), (SELDOM, 4), (TOGETHER, 3)] {
        let life = Life::with(durability, 40);
        let times = 18_000 / life.events.len() as u64 + 1;
        opened += life.lose(usize::MAX, times, synced_every);
        println!("{opened} states");
    }
    assert!(opened >= 50_000, "{opened}");
}
