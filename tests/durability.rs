//! What each setting of durability keeps when the process ends without a word.

use std::path::Path;

use sandtable::Simulation;
use serde_json::json;

use crate::harness::*;

/// A world with this durability, left after so many ticks as a killed process
/// leaves it.
fn abandoned(save: &Path, durability: &str, ticks: u64) {
    let mods = vec![guest("watcher"), guest("menagerie")];
    let text = format!("{WORLD}[durability]\n{durability}\n");
    let config = config(&text, &mods);
    let mut world = Simulation::create(Some(save), config, mods, quiet(1)).unwrap();
    world.send("watcher/Poke", &json!({"number": 5, "to": 500}), "test").unwrap();
    run(&mut world, ticks);
    drop(world);
}

fn check(durability: &str, ticks: u64, kept: u64) {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    abandoned(&save, durability, ticks);

    let mut world = Simulation::open(&save, None, quiet(2)).unwrap();
    assert_eq!(world.world().tick(), kept, "{durability}");
    run(&mut world, ticks + 5 - kept);
    let (found, chain) = (hash(&mut world), world.chain());
    world.close().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a closed save is one file");

    let through = folder.path().join("through.db");
    abandoned(&through, "mode = \"every-tick\"", ticks + 5);
    let mut through = Simulation::open(&through, None, quiet(1)).unwrap();
    if kept > 0 {
        assert_eq!(found, hash(&mut through), "{durability}");
        assert_eq!(chain, through.chain(), "{durability}");
    }
}

#[test]
fn every_tick_keeps_every_tick() {
    check("mode = \"every-tick\"", 7, 7);
}

#[test]
fn syncing_less_often_still_survives_a_killed_process() {
    check("mode = \"sync-every-ticks\"\nticks = 4", 7, 7);
    check("mode = \"sync-every-ticks\"\nticks = 0", 7, 7);
    check("mode = \"sync-every-millis\"\nmillis = 60000", 7, 7);
}

#[test]
fn committing_every_few_ticks_keeps_whole_commits() {
    check("mode = \"commit-every-ticks\"\nticks = 3", 7, 6);
    check("mode = \"commit-every-ticks\"\nticks = 0", 7, 7);
    check("mode = \"commit-every-ticks\"\nticks = 100", 7, 0);
}

#[test]
fn what_was_held_back_is_committed_when_the_save_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mods = vec![guest("menagerie")];
    let text = format!("{WORLD}[durability]\nmode = \"commit-every-ticks\"\nticks = 100\n");
    let config = config(&text, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 7);
    let expected = hash(&mut world);
    world.close().unwrap();
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!((again.world().tick(), hash(&mut again)), (7, expected));
}

#[test]
fn a_tick_that_could_not_be_committed_is_done_again_with_the_same_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mods = vec![guest("watcher")];
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 2);
    let before = hash(&mut world);
    world.send("watcher/Poke", &json!({"number": 5, "to": 500}), "program").unwrap();
    sandtable::send(&save, "watcher/Poke", &json!({"number": 6, "to": 600}), "inbox").unwrap();

    // Another connection holds the save for longer than the writer waits.
    let other = rusqlite::Connection::open(&save).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = world.tick().unwrap_err().to_string();
    assert!(error.contains("busy"), "{error}");
    assert_eq!((world.world().tick(), hash(&mut world)), (2, before), "the tick is undone");
    other.execute_batch("ROLLBACK").unwrap();

    let record = world.tick().unwrap();
    let senders: Vec<&str> = record.inputs.iter().map(|input| input.sender.as_str()).collect();
    assert_eq!((record.tick, senders), (3, vec!["program", "inbox"]), "each input comes once");
    assert!(world.tick().unwrap().inputs.is_empty());
}

#[test]
fn an_input_comes_again_when_the_first_statement_of_a_mod_fails() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mods = vec![guest("ledger")];
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 2);
    let before = hash(&mut world);
    let order = json!({"what": "SELECT count(*) FROM ledger__entries"});
    sandtable::send(&save, "ledger/Order", &order, "inbox").unwrap();
    let other = rusqlite::Connection::open(&save).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = world.tick().unwrap_err().to_string();
    assert!(error.contains("locked"), "{error}");
    assert_eq!((world.world().tick(), hash(&mut world)), (2, before), "the tick is undone");
    other.execute_batch("ROLLBACK").unwrap();
    let record = world.tick().unwrap();
    assert_eq!((record.tick, record.inputs.len()), (3, 1), "the input comes again");
    assert_eq!(faults(&record), []);
}
