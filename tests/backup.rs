//! A backup is a whole save of one committed tick, or is not there.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use sandtable::Simulation;

use crate::harness::*;
use crate::place::Place;
use crate::running::Running;

fn back_up(save: &Path, copy: &Path) {
    told(sandtable().arg("backup").arg(save).arg("-o").arg(copy));
}

/// The hash that a save has recorded for a tick.
fn recorded(save: &Path, tick: u64) -> String {
    let sql = format!("SELECT state FROM ticks WHERE tick = {tick}");
    let table = sandtable::save::query(save, &sql).unwrap();
    match &table.rows[..] {
        [row] => match &row[0] {
            rusqlite::types::Value::Text(hash) => hash.clone(),
            other => panic!("{other:?}"),
        },
        rows => panic!("tick {tick}: {rows:?}"),
    }
}

#[cfg(unix)]
#[test]
fn backups_of_a_running_world_are_ticks_that_it_committed() {
    let place = Place::with(WORLD, &["menagerie", "ledger", "watcher"]);
    fs::create_dir(place.at("copies")).unwrap();
    let save = place.at("save.db");
    let mut running = Running::start(place.0.path(), &save, &[]);
    for number in 0..5 {
        let copy = place.at(&format!("copies/{number}.db"));
        let before = last_tick(&save);
        back_up(&save, &copy);
        assert_eq!(names_in(&place.at("copies")).len(), number + 1, "one file each");

        let mut copied = Simulation::open(&copy, None, quiet(1)).unwrap();
        let tick = copied.world().tick();
        assert!(tick >= before, "tick {tick} after {before}");
        assert_eq!(hash(&mut copied), recorded(&save, tick), "of tick {tick}");
        wait_until("the world goes on", || last_tick(&save) > tick);
        assert_eq!(copied.tick().unwrap().tick, tick + 1);
        assert_eq!(hash(&mut copied), recorded(&save, tick + 1), "it goes on as its world did");
        copied.close().unwrap();
    }
    assert!(running.goes_on());
    running.stop("-TERM");
}

#[test]
fn a_killed_backup_leaves_nothing_under_its_name() {
    let place = Place::with(WORLD, &["menagerie"]);
    let save = place.at("save.db");
    ticks(Some(place.0.path()), &save, 300);
    let (mut killed, mut tries) = (0, 0);
    while killed < 10 {
        tries += 1;
        assert!(tries < 200, "{killed} kills landed inside a backup");
        let copy = place.at(&format!("{tries}.db"));
        let mut command = sandtable();
        command.arg("backup").arg(&save).arg("-o").arg(&copy);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let draft = place.at(&format!("{tries}.db.new"));
        wait_until("it begins", || draft.exists() || copy.exists());
        child.kill().unwrap();
        child.wait().unwrap();
        if draft.exists() {
            assert!(!copy.exists(), "it has its name only once it is whole");
            killed += 1;
            back_up(&save, &copy);
            assert!(!draft.exists(), "what was left is removed");
        }
        let copied = Simulation::open(&copy, None, quiet(1)).unwrap();
        assert_eq!(copied.world().tick(), 300);
    }
}

#[test]
fn what_is_no_save_or_already_there_is_refused() {
    let place = Place::with_save(&["menagerie"]);
    back_up(&place.at("save.db"), &place.at("copy.db"));
    for (save, copy, expected) in [
        ("save.db", "copy.db", "copy.db is already there: give another name, or move it away"),
        ("save.db", "save.db", "save.db is already there: give another name, or move it away"),
        ("nothing.db", "new.db", "there is no save at nothing.db"),
        (
            "world.toml",
            "new.db",
            "world.toml is a world and no save: `sandtable run world.toml --save <file>` makes one of it",
        ),
    ] {
        assert_eq!(place.refusal(&["backup", save, "-o", copy]), expected);
    }
}

#[test]
fn a_damaged_save_is_not_backed_up() {
    let place = Place::with_save(&["menagerie"]);
    let connection = rusqlite::Connection::open(place.at("save.db")).unwrap();
    connection.execute("UPDATE st_world SET state = zeroblob(32)", []).unwrap();
    connection.close().unwrap();
    let said = place.refusal(&["backup", "save.db", "-o", "copy.db"]);
    assert!(said.starts_with("save.db is damaged: "), "{said}");
}
