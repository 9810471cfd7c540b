//! A world that is closed and opened again after every tick is the same world.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use sandtable::{Error, Simulation, catalog};
use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::place::Place;

const GUESTS: &[&str] = &["menagerie", "ledger", "watcher", "traps"];

#[test]
fn a_heavy_run_ends_like_any_other() {
    let place = Place::with(WORLD, GUESTS);
    let run = |save: &str, more: &[&str]| -> Json {
        let run = |ticks: &str| {
            let arguments = ["run", ".", "--save", save, "--quiet", "--json", "--ticks", ticks];
            told(place.program(&arguments).args(more))
        };
        run("6");
        for (input, value) in [
            ("ledger/Order", json!({"what": "fail"})),
            ("watcher/Poke", json!({"number": 3, "to": 777})),
        ] {
            told(&mut place.program(&["send", save, input, &value.to_string()]));
        }
        serde_json::from_str(&run("6")).unwrap()
    };
    let (light, heavy) = (run("light.db", &[]), run("heavy.db", &["--heavy"]));
    for key in ["tick", "hash", "entities", "faults"] {
        assert_eq!(heavy[key], light[key], "{key}");
    }
    let expected = "three of traps until it is suspended, and as many until the order is set aside";
    assert_eq!(heavy["faults"], 6, "{expected}");
    let left = names_in(place.0.path()).into_iter().filter(|name| name.contains(".db"));
    assert_eq!(left.collect::<Vec<_>>(), ["heavy.db", "light.db"]);
}

fn example_reopens(name: &str, ticks: u64) {
    let file = catalog::load(&root().join("examples").join(name)).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut through =
        Simulation::create(None, file.config.clone(), mods.clone(), quiet(2)).unwrap();
    let mut heavy = Simulation::create(Some(&save), file.config, mods, quiet(2)).unwrap();
    for _ in 0..ticks {
        through.tick().unwrap();
        heavy.tick().unwrap();
        heavy.reopen().unwrap();
        assert_eq!(hash(&mut heavy), hash(&mut through), "at tick {}", heavy.world().tick());
        assert_eq!(heavy.chain(), through.chain());
    }
}

#[test]
fn earth_is_the_same_when_it_is_opened_again() {
    example_reopens("earth", 8);
}

#[test]
fn swarm_is_the_same_when_it_is_opened_again() {
    example_reopens("swarm", 4);
}

#[test]
fn inputs_that_wait_are_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mods = vec![guest("watcher")];
    let config = config(WORLD, &mods);
    let save = folder.path().join("save.db");
    let mut heavy = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    heavy.tick().unwrap();
    heavy.send("watcher/Poke", &json!({"number": 3, "to": 777}), "test").unwrap();
    heavy.reopen().unwrap();
    assert_eq!(heavy.tick().unwrap().inputs.len(), 1);
}

#[cfg(unix)]
#[test]
fn another_world_in_the_save_is_named_with_its_tick() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, number: u64| {
        let mods = vec![guest("watcher")];
        let (save, config) = (folder.path().join(name), config(WORLD, &mods));
        let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
        world.tick().unwrap();
        world.send("watcher/Poke", &json!({"number": number, "to": 777}), "test").unwrap();
        run(&mut world, 2);
        world
    };
    let (mut world, mut other) = (make("save.db", 3), make("other.db", 4));
    let (computed, found) = (hash(&mut world), hash(&mut other));
    assert_ne!(computed, found);
    other.close().unwrap();
    fs::rename(folder.path().join("other.db"), folder.path().join("save.db")).unwrap();
    let error = world.reopen().expect_err("another world");
    assert!(matches!(error, Error::Reopened { tick: 3, .. }), "{error}");
    let said = format!("tick 3 left a world with the hash {computed}");
    assert!(error.to_string().starts_with(&said) && error.to_string().contains(&found), "{error}");
}

#[test]
fn a_save_that_goes_wrong_meanwhile_ends_a_heavy_run() {
    let place = Place::with(WORLD, &["ledger"]);
    let save = place.at("save.db");
    let mut command =
        place.program(&["run", ".", "--save", "save.db", "--ticks", "3000", "--quiet", "--heavy"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("its third tick", || last_tick(&save) >= 3);
    let connection = Connection::open(&save).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    let spoil = "UPDATE ledger__entries SET what = 'spoilt' WHERE tick = 1";
    assert_ne!(connection.execute(spoil, []).unwrap(), 0);
    drop(connection);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let tick = last_tick(&save);
    assert_eq!(
        said.replace(',', ""),
        format!(
            "error: save.db stays at tick {tick}: save.db is damaged: the rows of table \
             `ledger__entries` are not those of its last tick; take it from a backup\n"
        )
    );
}
