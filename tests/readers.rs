//! Readers look at what they are asked about, and at nothing else: so what is
//! wrong with the rest of a save does not keep them from answering, and is an error
//! all the same where the save is opened to go on.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::save::{self, Reader};
use sandtable::verify::verify;

use crate::harness::*;

/// A save of twelve ticks with a world, a table and history.
fn saved(folder: &Path) -> PathBuf {
    let save = folder.join("save.db");
    let mods = vec![guest("menagerie"), guest("ledger")];
    let mut world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
    run(&mut world, 12);
    world.close().unwrap();
    save
}

fn spoil(save: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(save).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

fn asked(save: &Path, at: Option<u64>, sql: &str) -> Result<Value, String> {
    let reader = Reader::open(save).unwrap();
    let inquiry = match at {
        Some(tick) => reader.inquiry_at(tick),
        None => reader.inquiry(),
    };
    let table = inquiry.unwrap().query(sql).map_err(|error| error.to_string())?;
    Ok(table.rows[0][0].clone())
}

const ENTRIES: &str = "SELECT count(*) FROM ledger__entries";
const ANIMALS: &str = "SELECT count(*) FROM menagerie_age";

#[test]
fn what_is_not_asked_of_an_earlier_tick_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let save = saved(folder.path());
    assert_eq!(asked(&save, Some(5), ENTRIES), Ok(Value::Integer(16)));
    let animals = asked(&save, Some(5), ANIMALS).unwrap();
    assert_ne!(animals, asked(&save, None, ANIMALS).unwrap());
    // A row that history cannot undo.
    spoil(&save, "UPDATE ledger__entries SET what = 'forged' WHERE tick = 12 AND place = 1");
    assert_eq!(asked(&save, Some(5), ANIMALS).unwrap(), animals);
    assert_eq!(asked(&save, Some(5), "SELECT max(tick) FROM ticks"), Ok(Value::Integer(5)));
    let refused = asked(&save, Some(5), ENTRIES).unwrap_err();
    assert!(refused.contains("does not fit the rows of table ledger__entries"), "{refused}");
    // One question can ask for both, and one after the other.
    let inquiry = Reader::open(&save).unwrap().inquiry_at(12).unwrap();
    let both =
        "SELECT (SELECT count(*) FROM ledger__entries) + (SELECT count(*) FROM menagerie_age)
                    - (SELECT count(*) FROM entities)";
    assert_eq!(inquiry.query(both).unwrap().rows[0][0], Value::Integer(37));
    assert_eq!(inquiry.query(ENTRIES).unwrap().rows[0][0], Value::Integer(37));
    let suspended = inquiry.query("SELECT sum(suspended) FROM mods").unwrap();
    assert_eq!(suspended.rows[0][0], Value::Integer(0));
}

#[test]
fn rows_of_tables_are_believed_by_readers_alone() {
    let folder = tempfile::tempdir().unwrap();
    let save = saved(folder.path());
    let info = Reader::open(&save).unwrap().info().unwrap();
    spoil(&save, "UPDATE ledger__entries SET what = 'forged' WHERE tick = 3 AND place = 1");
    let reader = Reader::open(&save).unwrap();
    assert_eq!(reader.info().unwrap().hash, info.hash);
    assert_eq!(reader.info().unwrap().sizes.tables, info.sizes.tables);
    assert_eq!(reader.lock().unwrap().len(), 2);
    assert_eq!(reader.world().unwrap().0.tick(), 12);
    assert!(asked(&save, None, ANIMALS).is_ok());
    let told = "the rows of table `ledger__entries` are not those of its last tick";
    let opened = Simulation::open(&save, None, quiet(1)).err().unwrap().to_string();
    let verified = verify(&save, None, None, 1, &mut |_| {}).unwrap_err().to_string();
    let checked = save::check(&save).unwrap().findings;
    let copied = save::backup(&save, &folder.path().join("copy.db")).unwrap_err().to_string();
    for found in [opened, verified, checked[0].clone(), copied] {
        assert!(found.contains(told), "{found}");
    }
    // What is recorded of it is no way around that.
    spoil(&save, "UPDATE st_tables SET bytes = bytes + 1");
    let read = Reader::open(&save).unwrap().world().unwrap_err().to_string();
    assert!(read.contains("its world is not the one that tick 12 left"), "{read}");
}

#[test]
fn a_world_that_is_damaged_keeps_no_reader_from_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let save = saved(folder.path());
    let tables = |save: &Path| Reader::open(save).unwrap().inquiry().unwrap().tables().unwrap();
    let before = tables(&save);
    spoil(&save, "UPDATE st_chunks SET data = zeroblob(3) WHERE part = 2");
    assert_eq!(Reader::open(&save).unwrap().lock().unwrap().len(), 2);
    assert_eq!(tables(&save), before);
    assert_eq!(asked(&save, None, ENTRIES), Ok(Value::Integer(37)));
    for sql in ["SELECT max(tick) FROM ticks", "SELECT count(*) FROM changes WHERE tick = 12"] {
        assert!(asked(&save, None, sql).is_ok(), "{sql}");
    }
    assert!(asked(&save, Some(5), ANIMALS).is_ok());
    for sql in [ANIMALS, "SELECT count(*) FROM entities", "SELECT value FROM resources"] {
        let refused = asked(&save, None, sql).unwrap_err();
        assert!(refused.contains("save.db") && refused.contains("damaged"), "{refused}");
    }
}
