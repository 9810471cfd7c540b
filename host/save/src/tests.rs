//! What a save promises, through its front door.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;

use super::findings::Findings;
use super::*;
use sandtable_world::config::{Durability, WorldConfig};
use sandtable_world::ecs::*;
use sandtable_world::hash::StateHasher;
use sandtable_world::record::*;

mod fuzz;
mod hostile;
mod logs;
mod pages;
pub(super) mod sample;

use sample::Sample;

/// A folder with room for one save, gone at the end.
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn save(&self) -> PathBuf {
        self.folder.path().join("world.db")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }
}

fn digest(world: &World) -> Digest {
    StateHasher::default().digest(world)
}

/// Opens, and checks that it is the world that was committed.
#[track_caller]
fn opens_as(path: &Path, expected: &World) {
    let (save, _, world) = Save::open(path).expect("opens");
    assert_eq!(digest(&world), digest(expected));
    assert_eq!(world.registry.iter().count(), expected.registry.iter().count());
    for ((_, one), (_, two)) in world.registry.iter().zip(expected.registry.iter()) {
        assert_eq!(one, two);
    }
    save.close().expect("closes");
}

/// Sends an input without asking who reads it: no host knows of these mods.
fn send(path: &Path, kind: &str, json: &serde_json::Value, sender: &str) -> Result<(), SaveError> {
    let inputs = vec![(kind.to_owned(), json.clone())];
    let parcel = Parcel { sender: sender.to_owned(), inputs, ..Parcel::default() };
    super::send(path, &parcel, &|_, _| None).map(drop)
}

#[test]
fn a_world_with_everything_comes_back() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    sample.step();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    for _ in 0..20 {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
    }
    save.close().expect("closes");
    assert_eq!(folder.names(), ["world.db"]);
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn every_commit_can_be_opened_and_gone_on_with() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    save.close().expect("closes");
    for tick in 1..40 {
        let (mut save, config, world) = Save::open(&folder.save()).expect("opens");
        assert_eq!(config, sample.config);
        assert_eq!(digest(&world), digest(&sample.world), "before tick {tick}");
        // Not closed: what a killed process leaves must do.
        sample.world = world;
        sample.watch();
        let record = sample.step();
        save.commit(std::slice::from_ref(&record), &sample.world).expect("committed");
        assert_eq!(save.chain(), record.chain);
        drop(save);
    }
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn several_ticks_are_one_commit() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let records: Vec<_> = (0..5).map(|_| sample.step()).collect();
    save.commit(&records, &sample.world).expect("committed");
    let ticks: i64 = save
        .connection()
        .query_row("SELECT count(*) FROM st_ticks", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(ticks, 5);
    let entities: i64 = save
        .connection()
        .query_row("SELECT entities FROM st_ticks WHERE tick = 5", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(entities, i64::from(sample.world.entities.alive()));
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn a_commit_that_fails_anywhere_changes_nothing() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let record = sample.step();
    save.commit(&[record], &sample.world).expect("committed");
    let mut before = sample.world.clone();
    let tables: Vec<String> = {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'st_%'";
        let connection = save.connection();
        let mut select = connection.prepare(sql).expect("prepared");
        let names = select.query_map([], |row| row.get(0)).expect("selected");
        names.collect::<Result<_, _>>().expect("names")
    };
    let mut failures = 0;
    let held = || {
        let (world, _) = Reader::open(&folder.save()).expect("opens").world().expect("whole");
        digest(&world)
    };
    let refuse = |save: &Save, table: &str, on: bool| {
        let connection = save.connection();
        let setting = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        connection.set_db_config(setting, on).expect("set");
        for action in ["INSERT", "UPDATE", "DELETE"] {
            let sql = match on {
                true => format!(
                    "CREATE TEMP TRIGGER no_{action} BEFORE {action} ON main.{table}
                     BEGIN SELECT RAISE(ABORT, 'broken'); END"
                ),
                false => format!("DROP TRIGGER no_{action}"),
            };
            connection.execute_batch(&sql).expect("a trigger");
        }
    };
    for table in &tables {
        let record = sample.step();
        refuse(&save, table, true);
        let outcome = save.commit(std::slice::from_ref(&record), &sample.world);
        refuse(&save, table, false);
        if outcome.is_err() {
            failures += 1;
            assert_eq!(held(), digest(&before), "after {table} failed");
            save.commit(&[record], &sample.world).expect("the same commit again");
        }
        assert_eq!(held(), digest(&sample.world), "after {table}");
        before = sample.world.clone();
    }
    assert!(failures >= 10, "only {failures} tables were written to");
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn a_commit_that_fails_at_its_very_end_changes_nothing() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    send(&folder.save(), "test/Decree", &json!({"rate": 1}), "cli").expect("sent");
    let before = sample.world.clone();
    let mut record = sample.step();
    record.inputs = save.take_inbox().expect("taken").inputs;
    let refuse: Option<fn() -> bool> = Some(|| true);
    save.connection().commit_hook(refuse).expect("set");
    save.commit(std::slice::from_ref(&record), &sample.world).expect_err("refused");
    let config = WorldConfig { mods: BTreeMap::new(), ..sample.config.clone() };
    let other = Durability::SyncEveryTicks { ticks: 9 };
    let other = WorldConfig { durability: other, ..config };
    sample.adopt(&mut save, &other, &[], 0).expect_err("refused");
    save.connection().commit_hook(None::<fn() -> bool>).expect("unset");
    let (held, config) = Reader::open(&folder.save()).expect("opens").world().expect("whole");
    assert_eq!((digest(&held), config), (digest(&before), sample.config.clone()));
    save.untake_inbox();
    assert_eq!(save.take_inbox().expect("taken").inputs, record.inputs, "the input is still there");
    save.commit(&[record], &sample.world).expect("committed");
    assert!(save.take_inbox().expect("taken").inputs.is_empty());
    drop(save);
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let pages: i64 =
        save.connection().pragma_query_value(None, "page_count", |row| row.get(0)).expect("read");
    let limit = |save: &Save, pages: i64| {
        let connection = save.connection();
        let sql = format!("PRAGMA max_page_count = {pages}");
        connection.query_row(&sql, [], |_| Ok(())).expect("set");
    };
    limit(&save, pages);
    let mut before = sample.world.clone();
    let (record, refused) = loop {
        let record = sample.step();
        match save.commit(std::slice::from_ref(&record), &sample.world) {
            Ok(()) => before = sample.world.clone(),
            Err(error) => break (record, error),
        }
    };
    assert!(matches!(refused, SaveError::Full { .. }), "{refused}");
    let (held, _) = Reader::open(&folder.save()).expect("opens").world().expect("whole");
    assert_eq!(digest(&held), digest(&before));
    limit(&save, 1 << 30);
    save.commit(&[record], &sample.world).expect("there is room again");
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn the_log_of_a_removed_save_does_not_get_into_the_next() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let record = sample.step();
    save.commit(&[record], &sample.world).expect("committed");
    let log = folder.save().with_file_name("world.db-wal");
    let kept = std::fs::read(&log).expect("there is a log");
    save.close().expect("closes");
    std::fs::remove_file(folder.save()).expect("removed");
    std::fs::write(&log, kept).expect("written");
    let fresh = Sample::new();
    let save = Save::create(&folder.save(), &fresh.config, &fresh.world).expect("made");
    save.close().expect("closes");
    opens_as(&folder.save(), &fresh.world);
    assert_eq!(folder.names(), ["world.db"]);
}

#[cfg(unix)]
#[test]
fn two_names_of_a_save_are_one_save() {
    let folder = Folder::new();
    let sample = Sample::new();
    let save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let other = folder.folder.path().join("other.db");
    std::os::unix::fs::symlink(folder.save(), &other).expect("linked");
    assert!(matches!(Save::open(&other), Err(SaveError::Locked { .. })));
    send(&other, "test/Decree", &json!({"rate": 1}), "cli").expect("sent");
    save.close().expect("closes");
    opens_as(&other, &sample.world);
    assert_eq!(folder.names(), ["other.db", "world.db"]);
}

#[test]
fn inputs_wait_until_a_tick_that_has_them_is_committed() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    for rate in 1..=3 {
        send(&folder.save(), "test/Decree", &json!({"rate": rate}), "cli").expect("sent");
    }
    let taken = save.take_inbox().expect("taken").inputs;
    assert_eq!(taken.len(), 3);
    assert_eq!(taken[0].sender, "cli");
    assert!(save.take_inbox().expect("taken").inputs.is_empty());
    save.untake_inbox();
    assert_eq!(save.take_inbox().expect("taken").inputs, taken);
    let mut record = sample.step();
    record.inputs = taken[..2].to_vec();
    save.commit(&[record], &sample.world).expect("committed");
    send(&folder.save(), "test/Decree", &json!({"rate": 4}), "cli").expect("sent");
    let later = save.take_inbox().expect("taken").inputs;
    assert_eq!(later.len(), 1);
    save.close().expect("closes");
    let (mut save, ..) = Save::open(&folder.save()).expect("opens");
    let left = save.take_inbox().expect("taken").inputs;
    assert_eq!(left, [taken[2].clone(), later[0].clone()]);
}

#[test]
fn an_input_that_cannot_be_is_refused_with_what_can() {
    let folder = Folder::new();
    let sample = Sample::new();
    let save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    save.close().expect("closes");
    for (kind, json, expected) in [
        (
            "test/Rang",
            json!({}),
            "input `test/Rang`: it is an event, which only systems send; there is `test/Decree` with `rate` (f64), `note` (option<string>)",
        ),
        ("nope", json!({}), "input `nope`: no mod declares it; there is `test/Decree` with"),
        (
            "test/Decree",
            json!({"rate": "x"}),
            "field `rate`: expected f64, found \"x\"; its fields are `rate` (f64), `note`",
        ),
        ("test/Decree", json!({}), "field `rate` (f64) is missing"),
    ] {
        let refused = send(&folder.save(), kind, &json, "me").expect_err("refused").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    assert_eq!(folder.names(), ["world.db"]);
}

#[test]
fn a_save_has_one_writer() {
    let folder = Folder::new();
    let sample = Sample::new();
    let save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let refused = Save::open(&folder.save()).map(drop).expect_err("open").to_string();
    assert!(refused.contains("is open in another process (pid "), "{refused}");
    let refused = Save::create(&folder.save(), &sample.config, &sample.world);
    assert!(matches!(refused, Err(SaveError::Locked { .. })));
    save.close().expect("closes");
    let refused = Save::create(&folder.save(), &sample.config, &sample.world);
    assert!(matches!(refused, Err(SaveError::Exists { .. })));
    opens_as(&folder.save(), &sample.world);
    assert_eq!(folder.names(), ["world.db"]);
}

#[test]
fn mods_travel_with_the_save_and_none_is_forgotten() {
    let folder = Folder::new();
    let sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let stored = |id: &str, component: &[u8]| StoredMod {
        id: id.to_owned(),
        version: "1.2.3".to_owned(),
        hash: *blake3::hash(component).as_bytes(),
        component: component.to_vec(),
        assets: BTreeMap::from([("names.txt".to_owned(), b"Ada".repeat(100))]),
        manifest: None,
        source: "mods/test".to_owned(),
        declaration: "{}".to_owned(),
    };
    let first = [stored("a", b"one"), stored("b", b"two")];
    let second = [stored("a", b"one, better"), stored("b", b"two")];
    sample.adopt(&mut save, &sample.config, &first, 0).expect("recorded");
    sample.adopt(&mut save, &sample.config, &first, 5).expect("recorded");
    sample.adopt(&mut save, &sample.config, &second, 7).expect("recorded");
    assert_eq!(save.mods(&Contents::new()).expect("there"), second);
    save.close().expect("closes");
    let (save, ..) = Save::open(&folder.save()).expect("opens");
    assert_eq!(save.mods(&Contents::new()).expect("there"), second);
    let count = |sql: &str| -> i64 {
        save.connection().query_row(sql, [], |row| row.get(0)).expect("counted")
    };
    assert_eq!(count("SELECT count(*) FROM st_blobs"), 4);
    assert_eq!(count("SELECT count(*) FROM st_mod_sets"), 2);
    assert_eq!(count("SELECT count(*) FROM st_mods"), 4);
}

#[test]
fn settings_change_and_stay() {
    let folder = Folder::new();
    let sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let mut config = sample.config.clone();
    config.durability = Durability::SyncEveryTicks { ticks: 10 };
    config.world.seed = 99;
    sample.adopt(&mut save, &config, &[], 0).expect("set");
    save.close().expect("closes");
    let (_, found, _) = Save::open(&folder.save()).expect("opens");
    assert_eq!(found, config);
}

#[test]
fn settings_that_are_spelled_in_another_way_stay_under_the_seal() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    Save::create(&folder.save(), &sample.config, &sample.world).expect("made").close().expect("ok");
    let connection = Connection::open(folder.save()).expect("opens");
    let text = settings::last(&connection).expect("settings");
    let text = format!("{} }}", text.strip_suffix('}').expect("an object"));
    connection.execute("UPDATE st_settings SET config = ?1", [&text]).expect("spelled");
    let found = save::Restored::read(&connection, &mut Findings::gathered()).expect("read");
    let seal = head::seal(&found.head, &text, &found.world.registry, &found.mods);
    head::write_head(&connection, &found.head, &seal, None).expect("sealed");
    drop(connection);

    let (mut save, config, _) = Save::open(&folder.save()).expect("opens");
    let record = sample.step();
    save.commit(&[record], &sample.world).expect("committed");
    drop(save);
    opens_as(&folder.save(), &sample.world);
    let (mut save, ..) = Save::open(&folder.save()).expect("opens");
    sample.adopt(&mut save, &config, &[], 1).expect("adopted");
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
    let connection = Connection::open(folder.save()).expect("opens");
    assert_eq!(settings::last(&connection).expect("settings"), text);
}

#[test]
fn every_durability_keeps_what_a_killed_process_left() {
    for durability in [
        Durability::EveryTick,
        Durability::SyncEveryTicks { ticks: 3 },
        Durability::SyncEveryTicks { ticks: 0 },
        Durability::SyncEveryMillis { millis: 1 },
        Durability::CommitEveryTicks { ticks: 2 },
    ] {
        let folder = Folder::new();
        let mut sample = Sample::new();
        sample.config.durability = durability;
        let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
        for _ in 0..8 {
            let record = sample.step();
            save.commit(&[record], &sample.world).expect("committed");
        }
        drop(save);
        opens_as(&folder.save(), &sample.world);
    }
}

#[test]
fn old_patches_are_taken_over_and_the_log_stays_short() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let count = |save: &Save| -> i64 {
        let sql = "SELECT count(*) FROM st_patches";
        save.connection().query_row(sql, [], |row| row.get(0)).expect("counted")
    };
    let mut most = 0;
    for _ in 0..600 {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
        most = most.max(count(&save));
    }
    assert!((1..=257).contains(&most), "{most} patches");
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
}
