//! A world that goes on in memory while its save cannot be written, and says so.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use sandtable::catalog::ModSource;
use sandtable::save::Save;
use sandtable::{Simulation, Unsaved, send};
use sandtable_test_disk::{Disk, Fault, Kind};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::*;
use crate::place::Place;

const ON: &str = "[on_save_failure]\nmode = \"continue-in-memory\"\n";

/// A world that stands at tick 3, in a folder of its own.
fn world(text: &str, guests: &[&str]) -> (TempDir, Arc<Disk>, Simulation) {
    saved(text, guests.iter().map(|name| guest(name)).collect())
}

/// As [`world`], with mods that need not be called as their guests are.
fn saved(text: &str, mods: Vec<ModSource>) -> (TempDir, Arc<Disk>, Simulation) {
    let folder = TempDir::new().unwrap();
    let disk = Disk::watch(folder.path());
    let config = config(&format!("{WORLD}{text}"), &mods);
    let save = folder.path().join("save.db");
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 3);
    (folder, disk, world)
}

fn never(kind: Kind) -> Fault {
    Fault { kind, first: 1, lasting: true }
}

/// The tick at which the folder of a killed process would open.
fn left(folder: &Path) -> u64 {
    let copy = TempDir::new().unwrap();
    for name in ["save.db", "save.db-wal"] {
        let _ = fs::copy(folder.join(name), copy.path().join(name));
    }
    let (save, _, world) = Save::open(&copy.path().join("save.db")).unwrap();
    save.close().unwrap();
    world.tick()
}

fn ticks_of(unsaved: Option<Unsaved>) -> Option<(u64, u64)> {
    unsaved.map(|unsaved| (unsaved.first, unsaved.last))
}

/// Goes on while nothing can be written, with an input that was taken from the
/// inbox, and has it all in the save afterwards.
fn goes_on(guests: &[&str], kind: Kind) {
    let (folder, disk, mut world) = world(ON, guests);
    let save = folder.path().join("save.db");
    let mut twin = world_of(WORLD, guests.iter().map(|name| guest(name)).collect(), 1);
    run(&mut twin, 3);
    let mut follow = |world: &mut Simulation| {
        let record = world.tick().unwrap();
        record.inputs.iter().for_each(|input| twin.give(input.clone()).unwrap());
        let same = twin.tick().unwrap();
        assert_eq!((same.tick, same.state, same.chain), (record.tick, record.state, record.chain));
        record
    };
    send(&save, "watcher/Poke", &json!({"number": 5, "to": 500}), "inbox").unwrap();
    world.send("watcher/Poke", &json!({"number": 6, "to": 600}), "program").unwrap();
    assert_eq!(world.unsaved(), None);
    let mut inputs = 0;
    disk.arm(never(kind));
    for tick in 4..=20 {
        inputs += follow(&mut world).inputs.len();
        assert_eq!(ticks_of(world.unsaved()), Some((4, tick)));
        assert_eq!((world.saved_tick(), left(folder.path())), (3, 3));
    }
    assert!(disk.disarm() > 0);
    let tries = world.unsaved().unwrap().tries;
    assert_eq!(tries, 5, "after ticks 4, 5, 7, 11 and 19");
    while world.unsaved().is_some() {
        inputs += follow(&mut world).inputs.len();
        assert!(world.world().tick() < 40, "it is tried again");
    }
    assert_eq!(inputs, 2, "each input comes once");
    let tick = world.world().tick();
    assert_eq!((world.saved_tick(), left(folder.path())), (tick, tick));
    follow(&mut world);
    world.close().unwrap();
    let recorded = "SELECT count(*), min(tick), max(tick) FROM st_ticks";
    let connection = rusqlite::Connection::open(&save).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let ticks: (i64, i64, i64) = connection.query_row(recorded, [], row).unwrap();
    let all = tick as i64 + 1;
    assert_eq!(ticks, (all, 1, all), "every tick is in the save");
}

#[test]
fn a_world_goes_on_while_the_disk_is_full() {
    goes_on(&["menagerie", "watcher"], Kind::Full);
}

#[test]
fn a_world_with_tables_goes_on_while_the_disk_is_full() {
    goes_on(&["ledger", "menagerie", "watcher"], Kind::Full);
}

#[test]
fn a_world_goes_on_while_the_disk_takes_no_writes() {
    goes_on(&["ledger", "watcher"], Kind::ReadOnly);
}

#[test]
fn a_world_whose_save_was_moved_away_goes_on_until_it_is_back() {
    let (folder, _, mut world) = world(ON, &["ledger", "menagerie"]);
    let (save, away) = (folder.path().join("save.db"), folder.path().join("away"));
    fs::rename(&save, &away).unwrap();
    run(&mut world, 6);
    let unsaved = world.unsaved().unwrap();
    assert_eq!((unsaved.first, unsaved.last), (4, 9));
    assert!(unsaved.cause.contains("save.db was moved, removed or replaced"), "{unsaved:?}");
    fs::rename(&away, &save).unwrap();
    world.flush().unwrap();
    assert_eq!((world.unsaved(), left(folder.path())), (None, 9));
}

#[test]
fn no_more_than_so_many_ticks_are_kept_in_memory() {
    let (folder, disk, mut world) = world(&format!("{ON}ticks_max = 5\n"), &["ledger"]);
    let before = world.hash();
    disk.arm(never(Kind::Full));
    run(&mut world, 4);
    let said = world.tick().unwrap_err().to_string();
    let save = folder.path().join("save.db");
    let expected = format!(
        "ticks 4 to 8 are lost: no more may be kept in memory, and the disk is full: {} could not \
         be written; free some space, nothing that was committed is lost",
        save.display()
    );
    assert_eq!(said, expected);
    assert_eq!((world.world().tick(), world.hash(), world.unsaved()), (3, before, None));
    disk.disarm();
    assert_eq!(world.tick().unwrap().tick, 4);
    assert_eq!(left(folder.path()), 4);
}

#[test]
fn so_many_bytes_are_enough() {
    let (_folder, disk, mut world) = world(&format!("{ON}max_bytes = 1\n"), &["menagerie"]);
    disk.arm(never(Kind::Full));
    let said = world.tick().unwrap_err().to_string();
    assert!(said.starts_with("tick 4 is lost: no more may be kept in memory"), "{said}");
}

#[test]
fn a_world_that_ends_unsaved_says_what_is_lost() {
    let (folder, disk, mut world) = world(ON, &["menagerie"]);
    disk.arm(never(Kind::Full));
    run(&mut world, 2);
    let said = world.close().unwrap_err().to_string();
    assert!(said.starts_with("ticks 4 to 5 are lost: the disk is full"), "{said}");
    disk.disarm();
    assert_eq!(left(folder.path()), 3);
}

#[test]
fn tables_that_cannot_be_read_stop_a_world_with_a_sentence() {
    let (folder, disk, mut world) = world(ON, &["ledger"]);
    disk.arm(never(Kind::Full));
    run(&mut world, 2);
    disk.arm(never(Kind::Io));
    let said = (0..8).find_map(|_| world.tick().err()).unwrap().to_string();
    disk.disarm();
    let expected = "are lost: tables of mods need a save that can be read, and the tables of mods \
                    could not be written: disk I/O error; nothing that was committed is lost";
    assert!(said.starts_with("ticks 4 to ") && said.ends_with(expected), "{said}");
    assert_eq!((world.unsaved(), world.world().tick(), left(folder.path())), (None, 3, 3));
    run(&mut world, 4);
}

#[test]
fn ticks_that_are_lost_on_the_way_back_to_other_mods_are_an_error() {
    let shop = |version: &str| ModSource { id: "shop".to_owned(), ..guest(version) };
    let held = "[durability]\nmode = \"commit-every-ticks\"\nticks = 9\n";
    let (folder, disk, mut world) =
        saved(&format!("{ON}{held}"), vec![guest("ledger"), shop("shop")]);
    world.swap(vec![guest("ledger"), shop("shop_fragile")]).unwrap();
    run(&mut world, 2);
    disk.arm(never(Kind::Io));
    let said = world.tick().unwrap_err().to_string();
    disk.disarm();
    let expected = "ticks 4 to 6 are lost: tables of mods need a save that can be read, and ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!((world.unsaved(), world.world().tick(), left(folder.path())), (None, 3, 3));
    let records = run(&mut world, 3);
    assert_eq!(records[2].rolled_back, ["shop"], "once it can be done");
}

/// Runs where no file may be larger than the save is now, and a bit.
fn run_confined(place: &Place, ticks: u64) -> Output {
    let bytes = fs::metadata(place.at("save.db")).unwrap().len() + (200 << 10);
    // A signal that is ignored stays so in the program, which gets an error then.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" run --save save.db --quiet --ticks {ticks}",
        bytes.div_ceil(512)
    );
    let mut command = Command::new("sh");
    command.current_dir(place.0.path()).arg("-c").arg(script);
    command.arg(env!("CARGO_BIN_EXE_sandtable")).output().unwrap()
}

#[test]
fn run_says_what_is_not_saved_and_fails_when_it_ends_so() {
    let place = Place::with(&format!("{WORLD}{ON}"), &["menagerie"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 3);
    let output = run_confined(&place, 100);
    let said = String::from_utf8(output.stderr).unwrap();
    let saved = last_tick(&place.at("save.db"));
    assert!((3..103).contains(&saved), "{saved}: {said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
    let first = said.lines().next().unwrap();
    let begins = format!("warning: tick {} is in memory only: save.db could not be", saved + 1);
    assert!(first.starts_with(&begins), "{said}");
    let last = said.lines().last().unwrap();
    let ends =
        format!("error: save.db stays at tick {saved}, and ticks {} to 103 are lost: ", saved + 1);
    assert!(last.starts_with(&ends), "{said}");
}

#[test]
fn run_halts_where_the_save_stands() {
    let place = Place::with_save(&["menagerie"]);
    let output = run_confined(&place, 100);
    let said = String::from_utf8(output.stderr).unwrap();
    let saved = last_tick(&place.at("save.db"));
    assert!((3..103).contains(&saved), "{saved}: {said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expected = format!("error: save.db stays at tick {saved}: save.db could not be written: ");
    assert!(said.starts_with(&expected), "{said}");
    ticks(None, &place.at("save.db"), 5);
    assert_eq!(last_tick(&place.at("save.db")), saved + 5, "with room it goes on");
}
