//! Tables of mods: part of the tick, the save, the hash, and of no other mod.

use std::path::Path;

use sandtable::catalog::ModSource;
use sandtable::save::query;
use sandtable::{Error, Options, Simulation};
use serde_json::json;

use crate::harness::*;

const GRANTED: &str = "[mods.auditor]\npath = \"\"\ngrants = { read = [\"ledger__entries\"] }\n";

fn mods() -> Vec<ModSource> {
    vec![guest("auditor"), guest("ledger"), with_asset(guest("drift"), "count", "50")]
}

fn world(save: &Path, text: &str, threads: usize) -> Simulation {
    let text = format!("{WORLD}{text}\n{GRANTED}");
    let config = config(&text, &mods());
    Simulation::create(Some(save), config, mods(), quiet(threads)).unwrap()
}

fn order(world: &mut Simulation, what: &str) {
    world.send("ledger/Order", &json!({ "what": what }), "test").unwrap();
}

/// What a SELECT of one number over a save answers.
fn number(save: &Path, sql: &str) -> i64 {
    match query(save, sql).unwrap().rows[0][0] {
        rusqlite::types::Value::Integer(number) => number,
        ref other => panic!("{sql}: {other:?}"),
    }
}

const ENTRIES: &str = "SELECT count(*) FROM ledger__entries";

#[test]
fn rows_are_committed_with_their_tick_and_seen_by_whom_they_are_granted() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut world = world(&save, "", 2);
    assert_eq!(number(&save, ENTRIES), 1, "the migration wrote one");
    let records = run(&mut world, 4);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    assert_eq!(number(&save, ENTRIES), 13);
    assert_eq!(number(&save, "SELECT entries FROM auditor__counts WHERE tick = 2"), 7);
    let names =
        query(&save, "SELECT name FROM tables WHERE name LIKE '%\\_\\_%' ESCAPE '\\'").unwrap();
    assert_eq!(names.rows.len(), 2, "tables of mods are listed");
}

#[test]
fn tables_are_in_the_hash_which_no_number_of_threads_changes() {
    let hash_on = |threads: usize, through: bool| {
        let folder = tempfile::tempdir().unwrap();
        let save = folder.path().join("save.db");
        let mut world = world(&save, "", threads);
        run(&mut world, 3);
        if !through {
            world.close().unwrap();
            world = Simulation::open(&save, None, quiet(threads)).unwrap();
        }
        run(&mut world, 3);
        (hash(&mut world), world.chain())
    };
    let expected = hash_on(1, true);
    for threads in [1, 2, 4] {
        assert_eq!(hash_on(threads, false), expected, "{threads} threads");
    }
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut world = world(&save, "", 1);
    run(&mut world, 6);
    let before = hash(&mut world);
    order(&mut world, "UPDATE ledger__entries SET what = 'other' WHERE tick = 1");
    run(&mut world, 1);
    assert_ne!(before, hash(&mut world));
    world.close().unwrap();
    let altered = rusqlite::Connection::open(&save).unwrap();
    altered.execute("UPDATE ledger__entries SET what = 'forged' WHERE tick = 2", []).unwrap();
    drop(altered);
    let refused = Simulation::open(&save, None, quiet(1)).err().expect("a forged row").to_string();
    assert!(
        refused.contains("the rows of table `ledger__entries` are not those of its last tick"),
        "{refused}"
    );
}

#[test]
fn a_fault_takes_the_rows_of_its_run_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    for (at, what) in ["fail", "panic"].into_iter().enumerate() {
        let save = folder.path().join(format!("{at}.db"));
        let mut world = world(&save, "", 2);
        run(&mut world, 1);
        order(&mut world, what);
        let record = world.tick().unwrap();
        let [(system, _)] = &faults(&record)[..] else { panic!("{record:?}") };
        assert_eq!(system, "ledger/book");
        assert_eq!(
            number(&save, "SELECT count(*) FROM ledger__entries WHERE tick = 2"),
            0,
            "{what}"
        );
        assert_eq!(number(&save, ENTRIES), 4, "{what}");
        assert_eq!(
            number(&save, "SELECT entries FROM auditor__counts WHERE tick = 2"),
            4,
            "{what}"
        );
    }
    let save = folder.path().join("forgiven.db");
    let mut world = world(&save, "", 2);
    order(&mut world, "forgive");
    run(&mut world, 1);
    assert_eq!(number(&save, ENTRIES), 4, "a mistake that is handled takes nothing");
}

#[test]
fn a_statement_that_must_be_stopped_costs_its_mod_the_tick_and_no_other_anything() {
    for (what, durability) in [
        ("read for ever", ""),
        ("write for ever", ""),
        ("read for ever", "[durability]\nmode = \"commit-every-ticks\"\nticks = 4"),
        ("write for ever", "[durability]\nmode = \"commit-every-ticks\"\nticks = 4"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let save = folder.path().join("save.db");
        let text = format!(
            "{durability}\n[limits]\nsql_steps_max = 200_000\nrows_written_max = 1_000_000_000\n"
        );
        let mut stopped = world(&save, &text, 2);
        run(&mut stopped, 2);
        order(&mut stopped, what);
        let record = stopped.tick().unwrap();
        let [exclusion] = &record.exclusions[..] else { panic!("{what}: {record:?}") };
        assert_eq!((record.tick, exclusion.mod_id.as_str()), (3, "ledger"));
        run(&mut stopped, 1);
        let expected = hash(&mut stopped);
        stopped.close().unwrap();
        assert_eq!(number(&save, ENTRIES), 7, "{what} {durability}: the order is read again");
        assert_eq!(number(&save, "SELECT entries FROM auditor__counts WHERE tick = 3"), 7);
        assert_eq!(number(&save, "SELECT count(*) FROM ticks"), 4, "no tick is lost or doubled");
        let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
        assert_eq!(hash(&mut again), expected, "{what} {durability}");
    }
}

#[test]
fn what_is_not_granted_is_refused_and_told_to_the_mod() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut world = world(&save, "", 2);
    for sql in [
        "SELECT count(*) FROM auditor__counts",
        "SELECT count(*) FROM st_ticks",
        "DELETE FROM auditor__counts",
        "DROP TABLE ledger__entries",
    ] {
        order(&mut world, sql);
    }
    let record = world.tick().unwrap();
    assert!(faults(&record).is_empty(), "{record:?}");
    let told = resource(world.world(), "ledger/Told");
    let lines: Vec<&str> =
        told["lines"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for line in lines {
        assert!(line.contains("not authorized") || line.contains("prohibited"), "{line}");
    }
    assert_eq!(number(&save, "SELECT count(*) FROM auditor__counts"), 1);
}

#[test]
fn a_world_without_a_save_has_tables_too() {
    let text = format!("{WORLD}{GRANTED}");
    let mut world = world_of(&text, mods(), 2);
    let records = run(&mut world, 3);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    order(&mut world, "SELECT count(*) FROM ledger__entries");
    run(&mut world, 1);
    assert_eq!(resource(world.world(), "ledger/Told")["lines"], json!(["13"]));
}

#[test]
fn tables_of_a_mod_that_is_gone_stay_unless_the_world_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut world = world(&save, "", 1);
    run(&mut world, 2);
    world.close().unwrap();
    let reopen = |text: &str, mods: Vec<ModSource>| {
        let config = config(&format!("{WORLD}{text}"), &mods);
        let mut world = Simulation::open(&save, Some((config, mods)), quiet(1)).unwrap();
        let records = run(&mut world, 1);
        assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
        let expected = hash(&mut world);
        world.close().unwrap();
        let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
        assert_eq!(hash(&mut again), expected);
        again.close().unwrap();
    };
    let drift = || vec![with_asset(guest("drift"), "count", "50")];
    reopen("", drift());
    assert_eq!(number(&save, ENTRIES), 7, "kept");
    let back: Vec<ModSource> = drift().into_iter().chain([guest("ledger")]).collect();
    let careful = Options { accept_mods: false, ..quiet(1) };
    let given = (config(WORLD, &back), back.clone());
    let Err(Error::OtherMods(plan)) = Simulation::open(&save, Some(given), careful) else {
        panic!("other mods");
    };
    assert!(!plan.to_string().contains("migration"), "none runs twice: {plan}");
    reopen("", back);
    assert_eq!(number(&save, ENTRIES), 10, "adopted again");
    reopen("[removed]\nledger = \"drop-tables\"\n", drift());
    let left = "SELECT group_concat(name) FROM tables WHERE what = 'mod''s table'";
    let left = query(&save, left).unwrap().rows[0][0].clone();
    assert_eq!(left, rusqlite::types::Value::Text("auditor__counts".to_owned()), "dropped");
    reopen("", drift().into_iter().chain([guest("ledger")]).collect());
    assert_eq!(number(&save, ENTRIES), 4, "made anew");
}
