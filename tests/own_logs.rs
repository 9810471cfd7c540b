//! A log that a killed run left is only believed beside its own save.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::harness::*;
use crate::place::Place;
use crate::running::Running;

const VERBS: [&[&str]; 8] = [
    &["run", "--ticks", "1", "--save", "save.db"],
    &["info", "save.db"],
    &["sql", "save.db", "SELECT 1"],
    &["check", "save.db"],
    &["send", "save.db", "watcher/Poke", r#"{"number": 1, "to": 2}"#],
    &["backup", "save.db", "-o", "copy.db"],
    &["rewind", "save.db", "--to", "1"],
    &["snapshot", "save.db", "now"],
];

/// The tick and the hash at which a save stands.
fn standing(save: &Path) -> (u64, String) {
    let info = told(sandtable().arg("info").arg(save).arg("--json"));
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    (info["tick"].as_u64().unwrap(), info["hash"].as_str().unwrap().to_owned())
}

/// Runs a save and kills the run, so that its log stays.
fn killed(place: &Place, save: &str) {
    let running = Running::start(place.0.path(), &place.at(save), &[]);
    let last = last_tick(&place.at(save));
    wait_until("some ticks", || last_tick(&place.at(save)) > last + 3);
    running.kill();
    let log = fs::metadata(place.at(&format!("{save}-wal"))).unwrap();
    assert!(log.len() > 0, "there is a log");
    // Of no use, and removed by what opens the save next, also in vain.
    fs::remove_file(place.at(&format!("{save}.lock"))).unwrap();
}

/// Puts a file in the place of a save whose run was killed, and sees that each
/// verb tells it from the save, and takes it for what it is once the log is gone.
fn tells(place: &Place, other: &str) {
    let expected = standing(&place.at(other));
    fs::copy(place.at(other), place.at("save.db")).unwrap();
    for words in VERBS {
        let refusal = place.refusal(words);
        assert!(refusal.contains("are not of one save"), "{other}, {words:?}: {refusal}");
        assert!(refusal.contains("save.db-wal"), "{other}, {words:?}: {refusal}");
    }
    fs::remove_file(place.at("save.db-wal")).unwrap();
    assert_eq!(standing(&place.at("save.db")), expected, "{other}");
    told(&mut place.program(&["check", "save.db"]));
    told(&mut place.program(&["run", "--save", "save.db", "--ticks", "2", "--quiet"]));
    assert_eq!(standing(&place.at("save.db")).0, expected.0 + 2, "{other}");
}

#[test]
fn a_backup_that_is_put_back_is_told_from_the_save_of_a_killed_run() {
    let place = Place::with_save(&["watcher", "diary"]);
    // Copied when the log was empty, and at the very commit that the run went on from.
    fs::copy(place.at("save.db"), place.at("copied.db")).unwrap();
    told(&mut place.program(&["backup", "save.db", "-o", "backup.db"]));
    fs::copy(place.at("save.db"), place.at("compacted.db")).unwrap();
    told(&mut place.program(&["compact", "compacted.db"]));
    ticks(Some(place.0.path()), &place.at("other.db"), 5);
    for other in ["copied.db", "backup.db", "compacted.db", "other.db"] {
        killed(&place, "save.db");
        tells(&place, other);
    }
    // One of an earlier run of the same save, and one that was made meanwhile.
    told(&mut place.program(&["run", "--save", "save.db", "--ticks", "5", "--quiet"]));
    killed(&place, "save.db");
    tells(&place, "copied.db");
    let running = Running::start(place.0.path(), &place.at("save.db"), &[]);
    let last = last_tick(&place.at("save.db"));
    wait_until("it goes on", || last_tick(&place.at("save.db")) > last + 3);
    told(&mut place.program(&["backup", "save.db", "-o", "meanwhile.db"]));
    running.kill();
    fs::remove_file(place.at("save.db.lock")).unwrap();
    tells(&place, "meanwhile.db");
}

#[test]
fn the_log_of_a_killed_verb_is_no_other_saves() {
    let place = Place::with_save(&["watcher"]);
    told(&mut place.program(&["backup", "save.db", "-o", "backup.db"]));
    // As `send` leaves it when it is killed after its commit.
    let sent = ["send", "save.db", "watcher/Poke", r#"{"number": 1, "to": 2}"#];
    let reader = Connection::open(place.at("save.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT tick FROM st_world").unwrap();
    told(&mut place.program(&sent));
    fs::copy(place.at("save.db-wal"), place.at("kept")).unwrap();
    drop(reader);
    fs::copy(place.at("backup.db"), place.at("save.db")).unwrap();
    fs::rename(place.at("kept"), place.at("save.db-wal")).unwrap();
    let refusal = place.refusal(&["info", "save.db"]);
    assert!(refusal.contains("are not of one save"), "{refusal}");
}

#[test]
fn a_killed_run_goes_on_wherever_it_is_moved_with_its_log() {
    let place = Place::with_save(&["watcher", "diary"]);
    for _ in 0..3 {
        killed(&place, "save.db");
        let last = last_tick(&place.at("save.db"));
        for end in ["", "-wal"] {
            fs::copy(place.at(&format!("save.db{end}")), place.at(&format!("moved.db{end}")))
                .unwrap();
        }
        assert_eq!(standing(&place.at("moved.db")).0, last);
        told(&mut place.program(&["run", "--save", "save.db", "--ticks", "1", "--quiet"]));
        assert_eq!(standing(&place.at("save.db")).0, last + 1);
    }
}

#[test]
fn a_save_of_the_first_version_opens_with_its_log() {
    let place = Place::with(WORLD, &[]);
    fs::copy(root().join("tests/fixtures/ledger_first.db"), place.at("save.db")).unwrap();
    let tick = last_tick(&place.at("save.db"));
    let old = Connection::open(place.at("save.db")).unwrap();
    old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    let sql = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
               UPDATE st_ticks SET spawned = spawned + 1";
    old.execute_batch(sql).unwrap();
    drop(old);
    assert!(place.at("save.db-wal").metadata().unwrap().len() > 0);
    assert_eq!(standing(&place.at("save.db")).0, tick);
}

#[test]
fn a_way_back_does_nothing_to_a_world_that_runs() {
    let place = Place::with_save(&["watcher"]);
    let running = Running::start(place.0.path(), &place.at("save.db"), &[]);
    wait_until("it goes on", || last_tick(&place.at("save.db")) > 3);
    let before = names_in(place.0.path());
    for words in [&["rewind", "save.db", "--to", "1"][..], &["rewind", "save.db", "--to", "999999"]]
    {
        let output = place.program(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("is open in another process"), "{said}");
    }
    assert_eq!(names_in(place.0.path()), before, "no copy is made");
    running.stop("-TERM");
}

#[test]
fn what_killed_verbs_left_is_tidied_up_and_used() {
    let place = Place::with_save(&["watcher"]);
    let before = names_in(place.0.path());
    for end in ["", "-wal", "-shm", "-journal"] {
        place.write(&format!("save.db.ahead-new{end}"), "half a copy");
    }
    told(&mut place.program(&["run", "--save", "save.db", "--ticks", "1", "--quiet"]));
    assert_eq!(names_in(place.0.path()), before);
    // Killed when its copy was whole, and before it went back.
    told(&mut place.program(&["backup", "save.db", "-o", "save-ahead-4.db"]));
    let said = told(&mut place.program(&["rewind", "save.db", "--to", "2"]));
    assert!(said.contains("what was ahead is in save-ahead-4.db"), "{said}");
    assert_eq!(standing(&place.at("save-ahead-4.db")).0, 4);
    // Another world's is left alone.
    told(&mut place.program(&["run", "--save", "save.db", "--ticks", "2", "--quiet"]));
    let said = told(&mut place.program(&["rewind", "save.db", "--to", "2"]));
    assert!(said.contains("what was ahead is in save-ahead-4-2.db"), "{said}");
}
