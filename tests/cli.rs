//! The program does what its help says.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sandtable::{Simulation, catalog};
use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::running::Running;

/// A folder with a world and a place for its saves.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(guests: &[&str]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        write_world(&place.world(), WORLD, guests);
        fs::create_dir(place.folder.path().join("my saves")).unwrap();
        place
    }

    fn world(&self) -> PathBuf {
        self.folder.path().join("a world")
    }

    fn saves(&self) -> PathBuf {
        self.folder.path().join("my saves")
    }

    fn save(&self, name: &str) -> PathBuf {
        self.saves().join(name)
    }

    /// Runs the world for so many ticks.
    fn run(&self, save: &str, count: u64) -> Json {
        ticks(Some(&self.world()), &self.save(save), count)
    }
}

/// What a verb prints about a save.
fn ask(verb: &str, save: &Path, more: &[&str]) -> String {
    told(sandtable().arg(verb).arg(save).args(more))
}

fn info(save: &Path) -> Json {
    serde_json::from_str(&ask("info", save, &["--json"])).expect("JSON")
}

fn rows(save: &Path, sql: &str) -> Json {
    serde_json::from_str(&ask("sql", save, &[sql, "--format", "json"])).expect("JSON")
}

#[test]
fn a_run_tells_programs_how_it_ended() {
    let place = Place::with(&["menagerie", "traps"]);
    let end = place.run("save.db", 20);
    assert_eq!(end["tick"], 20);
    assert_eq!(end["hash"].as_str().map(str::len), Some(64));
    assert!(end["entities"].as_u64() > Some(400), "{end}");
    assert_eq!(end["faults"], 8, "as many as suspend a mod");
    assert!(end["threads"].as_u64() >= Some(1), "{end}");
    assert!(end["calls"].as_u64() > Some(20), "{end}");
    assert!(end["seconds"].as_f64() > Some(0.0), "{end}");
}

#[test]
fn what_a_run_says_is_in_its_save() {
    let place = Place::with(&["menagerie", "diary"]);
    let (end, save) = (place.run("save.db", 20), place.save("save.db"));
    let known = info(&save);
    for key in ["tick", "hash", "entities"] {
        assert_eq!(known[key], end[key], "{key}");
    }
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(Json::from(hash(&mut again)), end["hash"]);
}

#[test]
fn ten_ticks_twice_are_twenty_ticks_once() {
    let place = Place::with(&["menagerie", "diary"]);
    let once = place.run("once.db", 20);
    place.run("twice.db", 10);
    let twice = place.run("twice.db", 10);
    assert_eq!(twice["tick"], 20);
    assert_eq!(twice["hash"], once["hash"]);
    assert_eq!(info(&place.save("twice.db"))["chain"], info(&place.save("once.db"))["chain"]);
}

#[test]
fn two_runs_of_a_year_on_earth_are_one_of_two_years() {
    const YEAR: u64 = 365;
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let mut config = file.config;
    config.durability = sandtable::config::Durability::SyncEveryTicks { ticks: 0 };

    let mut once = Simulation::create(None, config.clone(), mods.clone(), quiet(2)).unwrap();
    run(&mut once, 2 * YEAR);
    let mut first = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    run(&mut first, YEAR);
    first.close().unwrap();
    let mut second = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut second, YEAR);
    assert_eq!(second.world().tick(), 2 * YEAR);
    assert_eq!(hash(&mut second), hash(&mut once));
    assert_eq!(second.chain(), once.chain());
}

#[test]
fn a_save_goes_on_alone_and_elsewhere() {
    let place = Place::with(&["menagerie", "diary"]);
    let expected = place.run("through.db", 20);
    place.run("save.db", 10);
    let elsewhere = place.folder.path().join("else where");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(place.save("save.db"), elsewhere.join("moved save.db")).unwrap();
    fs::remove_dir_all(place.world()).unwrap();

    let mut command = sandtable();
    command.current_dir(&elsewhere).args(["run", "--save", "moved save.db", "--ticks", "10"]);
    let end: Json = serde_json::from_str(&told(command.args(["--quiet", "--json"]))).unwrap();
    assert_eq!(end["hash"], expected["hash"]);
    assert_eq!(names_in(&elsewhere), ["moved save.db"]);
}

#[test]
fn a_closed_save_is_one_file_whichever_verb_closed_it() {
    let place = Place::with(&["watcher"]);
    place.run("save.db", 5);
    let save = place.save("save.db");
    assert_eq!(names_in(&place.saves()), ["save.db"], "after a run");
    info(&save);
    assert_eq!(names_in(&place.saves()), ["save.db"], "after `info`");
    rows(&save, "SELECT * FROM ticks");
    assert_eq!(names_in(&place.saves()), ["save.db"], "after `sql`");
    ask("send", &save, &["watcher/Poke", "{\"number\": 1, \"to\": 2}"]);
    assert_eq!(names_in(&place.saves()), ["save.db"], "after `send`");
}

#[test]
fn an_input_is_obeyed_by_the_next_tick_and_recorded() {
    let place = Place::with(&["watcher"]);
    place.run("save.db", 3);
    let save = place.save("save.db");
    ask("send", &save, &["watcher/Poke", "{\"number\": 3, \"to\": 777}"]);
    assert_eq!(info(&save)["inbox"], 1);
    assert_eq!(rows(&save, "SELECT count(*) AS n FROM inputs"), json!([{"n": 0}]));

    place.run("save.db", 2);
    assert_eq!(info(&save)["inbox"], 0);
    let found = rows(&save, "SELECT count(*) AS n FROM watcher_value WHERE number = 777");
    assert_eq!(found, json!([{"n": 1}]));
    let recorded = rows(&save, "SELECT tick, name, sender, payload FROM inputs");
    let [input] = recorded.as_array().unwrap().as_slice() else { panic!("{recorded}") };
    assert_eq!((&input["tick"], &input["name"]), (&json!(4), &json!("watcher/Poke")));
    assert_eq!(input["sender"], "sandtable send");
    let payload: Json = serde_json::from_str(input["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload, json!({"number": 3, "to": 777}));
}

#[test]
fn sql_answers_in_three_formats() {
    let place = Place::with(&["watcher"]);
    place.run("save.db", 2);
    let ask = |format: &[&str]| {
        let sql = "SELECT number, 'a, b' AS text FROM watcher_value ORDER BY number LIMIT 2";
        ask("sql", &place.save("save.db"), &[&[sql], format].concat())
    };
    assert_eq!(ask(&["--format", "csv"]), "number,text\r\n0,\"a, b\"\r\n1,\"a, b\"\n");
    assert_eq!(
        ask(&["--format", "json"]),
        "[\n{\"number\":0,\"text\":\"a, b\"},\n{\"number\":1,\"text\":\"a, b\"}\n]\n"
    );
    let table = "\
┌────────┬──────┐
│ number ┆ text │
╞════════╪══════╡
│      0 ┆ a, b │
│      1 ┆ a, b │
└────────┴──────┘
";
    assert_eq!(ask(&["--format", "table"]), table);
    assert_eq!(ask(&[]), table, "that is the default");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let place = Place::with(&["menagerie", "diary"]);
    let hashes = ["1", "2", "4"].map(|threads| {
        let mut command = sandtable();
        command.arg("run").arg(place.world()).arg("--save").arg(place.save(threads));
        command.args(["--ticks", "20", "--quiet", "--json", "--threads", threads]);
        let end: Json = serde_json::from_str(&told(&mut command)).unwrap();
        assert_eq!(end["threads"].to_string(), threads);
        end["hash"].clone()
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_at_a_whole_tick_and_it_says_where() {
    // Some wait for the next tick, some are in one.
    for (signal, more) in
        [("-TERM", &[][..]), ("-INT", &[]), ("-TERM", &["--hz", "5"]), ("-INT", &["--hz", "5"])]
    {
        let place = Place::with(&["menagerie", "diary"]);
        let save = place.save("save.db");
        let said = Running::start(&place.world(), &save, more).stop(signal);
        assert_eq!(names_in(&place.saves()), ["save.db"], "{signal}");
        let known = info(&save);
        let tick = known["tick"].as_u64().unwrap();
        let expected = format!("stopped at tick {tick}; all up to it is in {}\n", save.display());
        assert_eq!(said.replace(',', ""), expected.replace(',', ""));

        let mut through = world_of(WORLD, vec![guest("menagerie"), guest("diary")], 1);
        run(&mut through, tick);
        assert_eq!(known["hash"], hash(&mut through), "after {tick} ticks");
    }
}

#[cfg(unix)]
#[test]
fn readers_and_senders_work_while_a_run_is_on() {
    let place = Place::with(&["watcher"]);
    let save = place.save("save.db");
    let mut running = Running::start(&place.world(), &save, &[]);
    let mut last = 0;
    for _ in 0..5 {
        let tick = info(&save)["tick"].as_u64().unwrap();
        assert!(tick >= last, "{tick} after {last}");
        last = tick;
        // One commit is seen, not two halves.
        let counts = "SELECT count(*) AS n FROM watcher_value JOIN watcher_tag USING (entity)";
        assert_eq!(rows(&save, counts), json!([{"n": 100}]));
    }
    ask("send", &save, &["watcher/Poke", "{\"number\": 3, \"to\": 777}"]);
    wait_until("the input is taken", || {
        let inputs = Connection::open(&save).and_then(|connection| {
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.query_row("SELECT count(*) FROM st_inputs", [], |row| row.get::<_, i64>(0))
        });
        inputs == Ok(1)
    });
    assert!(running.goes_on());
    running.stop("-TERM");
    assert!(info(&save)["tick"].as_u64().unwrap() > last, "it went on meanwhile");
    assert_eq!(names_in(&place.saves()), ["save.db"]);
}

#[test]
fn the_parts_of_a_save_are_all_of_it_and_its_log_is_told() {
    let place = Place::with(&["menagerie", "diary"]);
    place.run("save.db", 20);
    let save = place.save("save.db");
    let known = info(&save);
    let parts = known["bytes"].as_object().unwrap().values();
    let sum: u64 = parts.map(|part| part.as_u64().unwrap()).sum();
    assert_eq!(sum, known["save_bytes"].as_u64().unwrap());
    let reader = Connection::open(&save).unwrap();
    reader.execute_batch("BEGIN; SELECT tick FROM st_world").unwrap();
    let end = place.run("save.db", 2);
    assert!(end["log_bytes"].as_u64() > Some(0), "{end}");
    let run = ["--ticks", "1", "--save"];
    let summary = told(sandtable().arg("run").args(run).arg(&save));
    assert!(summary.contains(" in the log beside it"), "{summary}");
    drop(reader);
    assert_eq!(place.run("save.db", 1)["log_bytes"], 0);
}

/// The program, which would pass on what `nohup` gave the tests themselves.
#[cfg(unix)]
fn heeding_hangups() -> std::process::Command {
    let program = sandtable().get_program().to_owned();
    let env = || {
        let mut env = std::process::Command::new("env");
        env.arg("--default-signal=HUP");
        env
    };
    if env().arg("true").output().is_ok_and(|output| output.status.success()) {
        let mut env = env();
        env.arg(program);
        return env;
    }
    std::process::Command::new(program)
}

#[cfg(unix)]
#[test]
fn a_terminal_that_goes_away_ends_a_run_well_unless_it_shall_outlive_it() {
    let place = Place::with(&["watcher"]);
    let save = place.save("save.db");
    let told = Running::of(heeding_hangups(), &place.world(), &save, &[]).stop("-HUP");
    assert!(told.starts_with("stopped at tick "), "{told}");
    assert_eq!(names_in(&place.saves()), ["save.db"]);

    let mut nohup = std::process::Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(sandtable().get_program());
    let save = place.save("outlives.db");
    let running = Running::of(nohup, &place.world(), &save, &[]);
    running.signal("-HUP");
    let then = last_tick(&save);
    wait_until("it goes on", || last_tick(&save) > then + 2);
    running.stop("-TERM");
}

#[test]
fn a_world_without_a_named_save_has_one_of_its_name() {
    let place = Place::with(&["watcher"]);
    let here = place.saves();
    let run = |words: &[&str]| {
        let mut command = sandtable();
        command.current_dir(&here).arg("run").args(words).args(["--ticks", "2"]);
        command.output().unwrap()
    };
    for tick in [2, 4] {
        let output = run(&["../a world"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("test.db: test at tick "), "{said}");
        assert_eq!(info(&here.join("test.db"))["tick"], tick);
    }
    assert_eq!(names_in(&here), ["test.db"]);
    let said = String::from_utf8(run(&[]).stderr).unwrap();
    assert!(said.contains("give a world, as in `sandtable run islands`, or a save"), "{said}");
}

#[test]
fn a_save_for_a_world_and_a_world_for_a_save_are_told() {
    let place = Place::with(&["watcher"]);
    place.run("save.db", 2);
    let (world, save) = (place.world(), place.save("save.db"));
    let refusal = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    for verb in ["run", "dev"] {
        let told = refusal(sandtable().arg(verb).arg(&save).args(["--ticks", "1"]));
        let expected =
            format!("{0} is a save and no world: `sandtable run --save {0}`", save.display());
        assert!(told.contains(&expected), "{told}");
    }
    for world in [world.clone(), world.join("world.toml")] {
        let expected =
            format!("{0} is a world and no save: `sandtable run {0} --save", world.display());
        let told = refusal(sandtable().arg("info").arg(&world));
        assert!(told.contains(&expected), "{told}");
        let told = refusal(sandtable().args(["run", "--ticks", "1", "--save"]).arg(&world));
        assert!(told.contains(&expected), "{told}");
    }
}
