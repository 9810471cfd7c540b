//! What is wrong with a save is said, and what is whole of it is salvaged into
//! one that runs on.

use std::fs;

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::harness::*;
use crate::place::Place;

/// What `check --json` says, and how it exits.
fn checked(place: &Place, save: &str) -> (Json, Option<i32>) {
    let output = place.program(&["check", save, "--json"]).output().unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap();
    (said, output.status.code())
}

fn altered(place: &Place, save: &str, sql: &str) {
    let whole = fs::read(place.at("save.db")).unwrap();
    place.write(save, whole);
    Connection::open(place.at(save)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_save_that_is_sound_is_said_to_be_with_what_was_looked_at() {
    let place = Place::with(WORLD, &["menagerie", "ledger", "diary", "watcher"]);
    let save = place.at("save.db");
    ticks(Some(place.0.path()), &save, 30);
    let (said, code) = checked(&place, "save.db");
    assert_eq!((said["findings"].as_array().unwrap().len(), code), (0, Some(0)), "{said}");
    assert_eq!((&said["tick"], &said["looked_at"]["ticks"]), (&30.into(), &30.into()));
    assert_eq!(said["looked_at"]["links of the chain"], 30, "{said}");
    assert!(said["looked_at"]["rows of mods' tables"].as_u64() > Some(0), "{said}");
    let text = told(&mut place.program(&["check", "save.db"]));
    assert!(text.starts_with("save.db is sound at tick 30: "), "{text}");
    let refusal = place.refusal(&["repair", "save.db", "-o", "new.db"]);
    assert!(refusal.starts_with("save.db is sound: there is nothing to repair"), "{refusal}");
    let refusal = place.refusal(&["check", "."]);
    assert_eq!(refusal, ". is no save: say with `--against` which save is to follow it");
}

#[test]
fn every_kind_of_damage_is_named_and_what_is_whole_runs_on() {
    let place = Place::with(WORLD, &["menagerie", "ledger", "diary", "watcher"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 30);
    for (number, (sql, expected)) in [
        ("UPDATE st_chunks SET data = x'00' WHERE part = 2", "a page"),
        ("DELETE FROM st_chunks WHERE part = 0", "of its entities are lost"),
        ("DELETE FROM st_chunks WHERE part = 1", "it has a page too much"),
        ("DELETE FROM st_archetypes WHERE id = 0", "there is no archetype before"),
        ("UPDATE st_world SET state = zeroblob(32)", "not the one that tick 30 left"),
        ("UPDATE st_world SET seal = zeroblob(32)", "not those that were committed"),
        ("DELETE FROM st_world", "which tick it stands at is lost"),
        ("UPDATE st_ticks SET state = randomblob(32) WHERE tick = 20", "does not lead to tick 20"),
        ("DELETE FROM st_ticks WHERE tick IN (7, 8)", "2 of its ticks between 1 and 30"),
        ("INSERT INTO st_inputs VALUES (9, 0, 7777, 'me', x'90')", "inputs that no mod declares"),
        ("INSERT INTO st_runs SELECT 99, place, system, 0, 0, 0, 0, 0, 0 FROM st_runs WHERE tick = 3", "ticks that were not done"),
        ("UPDATE st_topics SET last = last + 1", "are not there"),
        ("INSERT INTO st_relations VALUES (9999, 1, 2, x'')", "is no relation"),
        ("UPDATE st_blobs SET data = x'00'", "is lost"),
        ("CREATE TRIGGER bomb AFTER UPDATE ON st_world BEGIN DELETE FROM st_ticks; END", "its `bomb` is none"),
        ("CREATE TABLE ledger__bomb (x ANY PRIMARY KEY, CHECK (x > randomblob(9))) STRICT, WITHOUT ROWID", "table `ledger__bomb`"),
    ]
    .into_iter()
    .enumerate()
    {
        let (save, new) = (format!("{number}.db"), format!("{number}-repaired.db"));
        altered(&place, &save, sql);
        if !sql.starts_with("DELETE FROM st_world") {
            let (said, code) = checked(&place, &save);
            let findings = said["findings"].as_array().unwrap();
            let named = findings.iter().any(|it| it.as_str().unwrap().contains(expected));
            assert!(named, "{sql}: {said}");
            assert_eq!(code, Some(1), "{sql}");
        }
        let before = fs::read(place.at(&save)).unwrap();
        let lost = told(&mut place.program(&["repair", &save, "-o", &new]));
        assert!(lost.contains(expected), "{sql}: {lost}");
        assert_eq!(fs::read(place.at(&save)).unwrap(), before, "{sql}");
        let (said, code) = checked(&place, &new);
        assert_eq!((said["findings"].as_array().unwrap().len(), code), (0, Some(0)), "{sql}: {said}");
        told(&mut place.program(&["info", &new]));
        // Lost components come from the world, as those of a slim save do.
        let mut run = place.program(&["run", ".", "--save", &new, "--ticks", "5", "--quiet"]);
        told(run.arg("--accept-mods"));
        let (said, code) = checked(&place, &new);
        assert_eq!((&said["tick"], code), (&35.into(), Some(0)), "{sql}: {said}");
    }
}

#[test]
fn a_file_with_pages_gone_is_salvaged_as_far_as_it_can_be_read() {
    let place = Place::with(WORLD, &["menagerie", "ledger", "diary", "watcher"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 30);
    let whole = fs::read(place.at("save.db")).unwrap();
    let pages = whole.len() / 8192;
    let mut salvaged = 0;
    for page in 1..pages {
        let mut broken = whole.clone();
        broken[page * 8192..(page + 1) * 8192].fill(0);
        place.write("broken.db", &broken);
        let _ = fs::remove_file(place.at("new.db"));
        let output = place.program(&["repair", "broken.db", "-o", "new.db"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            salvaged += 1;
            let (said, code) = checked(&place, "new.db");
            assert_eq!(code, Some(0), "page {page}: {said}");
        } else {
            assert!(said.starts_with("error: ") && said.lines().count() == 1, "{page}: {said}");
        }
    }
    assert!(salvaged * 2 > pages, "{salvaged} of {pages}");
}
