//! `new`, and what it makes, outside of this repository.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::harness::*;

/// The program where it can be called by name, as after an installation.
fn outside(folder: &std::path::Path) -> Command {
    let mut command = sandtable();
    command.current_dir(folder).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    // Cargo runs tests with these, and a person does not.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") && text != "CARGO_HOME" && text != "CARGO_NET_OFFLINE" {
            command.env_remove(&name);
        }
    }
    command
}

#[test]
fn a_new_world_builds_runs_and_takes_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("a place of mine");
    fs::create_dir(&here).unwrap();
    let next = told(outside(&here).args(["new", "My First World"]));
    assert!(next.contains("cd 'My First World'"), "{next}");
    let world = here.join("My First World");
    assert!(world.join("mods/myfirstworld/src/lib.rs").is_file());

    let tested = told(outside(&world).args(["test", "mods/myfirstworld"]));
    assert!(tested.contains("\n2 passed, 0 failed"), "{tested}");

    let run = || {
        let mut command = outside(&world);
        command.args(["run", ".", "--save", "world.db", "--ticks", "50", "--quiet", "--json"]);
        serde_json::from_str::<Json>(&told(&mut command)).expect("JSON")
    };
    let end = run();
    assert_eq!((&end["tick"], &end["faults"]), (&json!(50), &json!(0)));
    assert_eq!(end["entities"], 100);

    let gust = ["send", "world.db", "myfirstworld/Gust", "{\"x\": 5.0, \"y\": 0.0}"];
    told(outside(&world).args(gust));
    assert_eq!(run()["tick"], 100);
    let inputs = ["sql", "world.db", "SELECT tick, name FROM inputs", "--format", "csv"];
    let answer = told(outside(&world).args(inputs));
    assert_eq!(answer, "tick,name\r\n51,myfirstworld/Gust\n");
}

#[test]
fn a_new_world_is_refused_where_something_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let output = outside(folder.path()).args(["new", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: . is not empty: give a folder that is, or one that is not there yet\n"
    );
    assert_eq!(names_in(folder.path()), ["notes.txt"]);

    let output = outside(folder.path()).args(["new", "notes.txt"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine");
}
