//! `new`, and what it makes, outside of this repository.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::harness::*;

/// The program where it can be called by name, as after an installation.
fn outside(folder: &Path) -> Command {
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
    assert!(next.contains("dev . --save myfirstworld.db"), "{next}");
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
    edits_arrive_in_the_running_world(&world);
    one_more_mod_takes_part(&world);
}

fn one_more_mod_takes_part(world: &Path) {
    let said = told(outside(world).args(["new", "--mod", "weather"]));
    assert!(said.contains("mod weather takes part in the world"), "{said}");
    let tested = told(outside(world).args(["test", "mods/weather"]));
    assert!(tested.contains("\n1 passed, 0 failed"), "{tested}");
    let mut command = outside(world);
    command.args(["run", ".", "--save", "both.db", "--ticks", "3", "--quiet", "--json"]);
    told(&mut command);
    let seen = ["sql", "both.db", "SELECT value FROM resources WHERE name = 'weather/Seen'"];
    let answer = told(outside(world).args(seen).args(["--format", "csv"]));
    assert!(answer.contains("3"), "{answer}");
    let refused = outside(world).args(["new", "--mod", "weather"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
}

/// A `dev` that runs, what it says, and the source that it watches.
struct Dev {
    child: Child,
    said: Receiver<String>,
    source: PathBuf,
}

impl Dev {
    fn start(world: &Path, source: &str) -> Self {
        let mut command = outside(world);
        command.args(["dev", ".", "--save", "world.db", "--hz", "50"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send, said) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let streams: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(err)];
        for stream in streams {
            let send = send.clone();
            std::thread::spawn(move || {
                let lines = BufReader::new(stream).lines().map_while(Result::ok);
                lines.take_while(|line| send.send(line.clone()).is_ok()).count()
            });
        }
        Self { child, said, source: world.join(source) }
    }

    /// Waits for a line with these words, and gives all up to it.
    fn hears(&self, words: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|line: &String| !line.contains(words)) {
            match self.said.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => heard.push(line),
                Err(error) => panic!("`{words}`: {error}; heard {heard:#?}"),
            }
        }
        heard
    }

    fn edit(&self, from: &str, to: &str) {
        let source = fs::read_to_string(&self.source).unwrap();
        assert!(source.contains(from), "{from}");
        fs::write(&self.source, source.replacen(from, to, 1)).unwrap();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn edits_arrive_in_the_running_world(world: &Path) {
    let mut dev = Dev::start(world, "mods/myfirstworld/src/lib.rs");
    dev.hears("at tick 100");
    dev.edit("    count: u64,", "    count: u64,\n    #[component(default = 7)]\n    most: u64,");
    let heard = dev.hears("swapped myfirstworld after tick").join("\n");
    assert!(heard.contains("    + most: u64 = 7\nswapped"), "{heard}");
    for part in ["build ", "compile ", "swap "] {
        assert!(heard.contains(part), "{heard}");
    }

    dev.edit("    count: u64,", "    count: u64");
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(heard.contains("expected `,`"), "the compiler is quoted: {heard}");
    dev.edit("    count: u64", "    count: u64,\n    least: u64,");
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(
        heard.contains("gets the field `least: u64`, which 1 value in the save lack"),
        "{heard}"
    );
    dev.edit("\n    least: u64,", "");
    dev.edit("turns.count +=", "turns.most = 9;\n    turns.count +=");
    dev.hears("swapped myfirstworld after tick");

    let file = world.join("world.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("seed = 1", "seed = 12")).unwrap();
    // On a busy machine the edit from before may come in the same swap.
    dev.hears("swapped world.toml");

    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("pace = 1.0", "pace = 3.0")).unwrap();
    dev.hears("setting myfirstworld.pace goes from 1.0 to 3.0");
    fs::write(&file, text.replace("pace = 1.0", "paces = 3.0")).unwrap();
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(heard.contains("`mods.myfirstworld.settings.paces` in the world file"), "{heard}");
    assert!(heard.contains("did you mean `pace`?"), "{heard}");
    fs::write(&file, text.replace("pace = 1.0", "pace = 3.0")).unwrap();

    let save = world.join("world.db");
    let tick = last_tick(&save);
    wait_until("it runs on", || last_tick(&save) > tick + 3);
    let kill = Command::new("kill").args(["-INT", &dev.child.id().to_string()]).status().unwrap();
    assert!(kill.success() && dev.child.wait().unwrap().success());
    let reader = sandtable::save::Reader::open(&save).unwrap();
    let (world, config) = reader.world().unwrap();
    assert_eq!(resource(&world, "myfirstworld/Turns")["most"], 9);
    assert_eq!(resource(&world, "myfirstworld/Settings")["pace"], 3.0);
    assert_eq!(config.world.seed, 12);
}

#[test]
fn a_new_world_in_javascript_needs_no_toolchain() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing can be called by name, neither cargo nor node.
    let bare = |folder: &Path| {
        let mut command = outside(folder);
        command.env("PATH", folder);
        command
    };
    let next = told(bare(folder.path()).args(["new", "islands", "--lang", "js"]));
    assert!(next.contains("mods/islands/mod.js"), "{next}");
    let world = folder.path().join("islands");
    let tested = told(bare(&world).args(["test", "mods/islands"]));
    assert!(tested.contains("\n2 passed, 0 failed"), "{tested}");
    let built = told(bare(&world).args(["build", "."]));
    assert!(built.contains("mods/islands/mod.js ("), "{built}");
    told(bare(&world).args(["new", "--mod", "weather", "--lang", "js"]));
    told(bare(&world).args(["test", "mods/weather"]));

    let mut run = bare(&world);
    run.args(["run", ".", "--save", "world.db", "--ticks", "100", "--quiet", "--json"]);
    let end = serde_json::from_str::<Json>(&told(&mut run)).expect("JSON");
    assert_eq!(
        (&end["tick"], &end["faults"], &end["entities"]),
        (&json!(100), &json!(0), &json!(100))
    );
    told(bare(&world).args(["verify", "world.db"]));
    told(bare(&world).args(["pack", ".", "-o", "islands.pack"]));
    let mut run = bare(&world);
    run.args(["run", "islands.pack", "--save", "other.db", "--ticks", "100", "--quiet", "--json"]);
    let other = serde_json::from_str::<Json>(&told(&mut run)).expect("JSON");
    assert_eq!(other["hash"], end["hash"]);

    let dev = Dev::start(&world, "mods/islands/mod.js");
    dev.hears("at tick 100");
    dev.edit("{ count: u64 }", "{ count: u64, most: u64.default(7n) }");
    let heard = dev.hears("swapped islands after tick").join("\n");
    assert!(heard.contains("mod.js"), "{heard}");
    assert!(heard.contains("    + most: u64 = 7"), "{heard}");
    dev.edit("turns.count +=", "turns.count = =");
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(heard.contains("mod `islands` could not describe itself: mod.js:"), "{heard}");
    assert!(heard.contains(": SyntaxError: "), "{heard}");
    dev.edit("turns.count = =", "turns.most = 9n; turns.count +=");
    dev.hears("swapped islands after tick");
    fs::write(world.join("mods/islands/new.js"), "export const most = 11n;\n").unwrap();
    dev.edit("import {", "import { most } from './new.js';\nimport {");
    dev.edit("turns.most = 9n", "turns.most = most");
    let most = || {
        let (world, _) =
            sandtable::save::Reader::open(&world.join("world.db")).unwrap().world().unwrap();
        resource(&world, "islands/Turns")["most"].clone()
    };
    wait_until("an imported file takes part", || most() == 11);
}

#[test]
fn a_world_that_is_worked_on_outlives_what_is_no_mod() {
    let folder = tempfile::tempdir().unwrap();
    write_world(folder.path(), WORLD, &["drift"]);
    let dev = Dev::start(folder.path(), "drift.wasm");
    dev.hears("at tick");
    fs::write(&dev.source, stamped(TWO_MEMORIES)).unwrap();
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(heard.contains("error: mod `drift` has 2 linear memories"), "{heard}");
    fs::write(&dev.source, component("drift_flat")).unwrap();
    let heard = dev.hears("the old version runs on").join("\n");
    assert!(heard.contains("calls itself `driftflat`"), "it still compiles: {heard}");
    let mut other = component("drift");
    other.extend([0, 2, 1, b'x']);
    fs::write(&dev.source, other).unwrap();
    dev.hears("swapped drift after tick");
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
