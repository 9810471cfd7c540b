//! A mod that misbehaves is stopped and named, and the world goes on as if it
//! had not run.

use std::process::Command;
use std::sync::{Arc, Mutex};

use sandtable::catalog::{Manifest, ModSource};
use sandtable::guest::LogLine;
use sandtable::{Options, Simulation};

use crate::harness::*;
use crate::place::Place;

/// The world with a well-behaved mod beside a misbehaving one.
fn beside_drift(source: ModSource, more: &str, threads: usize) -> sandtable::Simulation {
    let text = format!("{WORLD}{more}\n[limits]\nfuel = 50_000_000\n");
    world_of(&text, vec![with_asset(guest("drift"), "count", "50"), source], threads)
}

/// Runs a misbehaving guest and checks that each of its runs is discarded
/// whole, that its fault is the expected one, and that others go on.
fn check(source: ModSource, component: &str, system: &str, expected: &str) {
    for threads in [1, 4] {
        let mut world = beside_drift(source.clone(), "faults_to_suspend = 3", threads);
        let records = run(&mut world, 6);
        let [first, second, third, fourth, ..] = &records[..] else { panic!("six ticks") };
        assert_eq!(faults(first), [], "it spawns before it misbehaves");
        for record in [second, third, fourth] {
            let [(name, text)] = &faults(record)[..] else {
                panic!("one fault, not {:?}", faults(record))
            };
            assert_eq!(name, system);
            assert!(text.contains(expected), "`{text}` says `{expected}`");
            assert_eq!((record.spawned, record.despawned), (0, 0));
            assert!(record.events.is_empty(), "its events are discarded");
        }
        assert!(third.suspended.is_empty());
        let id = system.split('/').next().unwrap();
        assert_eq!(fourth.suspended, [id], "the third fault in a row suspends it");
        assert_eq!(faults(&records[4]), [], "a suspended mod does not run");
        for (_, mark) in values(world.world(), component) {
            assert_eq!(mark["ticks"], 0, "its columns are discarded");
        }
        let positions = values(world.world(), "drift/Position");
        assert_eq!(positions[0].1["x"], 5.0, "others went on");
    }
}

fn tame(name: &str) -> (ModSource, String, String) {
    let id = name.replace('_', "");
    (guest(name), format!("{id}/Mark"), format!("{id}/misbehave"))
}

#[test]
fn a_guest_that_loops_runs_out_of_fuel() {
    let (source, component, system) = tame("loops");
    check(source, &component, &system, "used up its 50000000 units of fuel (limit `fuel`)");
}

#[test]
fn a_guest_that_recurses_traps() {
    let (source, component, system) = tame("recurses");
    check(source, &component, &system, "it trapped");
}

#[test]
fn a_guest_that_hoards_runs_out_of_memory() {
    let (source, component, system) = tame("hoards");
    check(source, &component, &system, "more than 268435456 bytes of memory");
}

#[test]
fn a_guest_that_panics_is_quoted() {
    let (source, component, system) = tame("traps");
    check(source, &component, &system, "a mistake in the mod");
}

#[test]
fn a_guest_that_floods_is_stopped() {
    let (source, component, system) = tame("floods");
    check(source, &component, &system, "limit `");
}

#[test]
fn a_guest_that_commands_no_entity_faults() {
    let (source, component, system) = tame("ghosts");
    check(source, &component, &system, "named entity 4000000v7, which never existed");
}

#[test]
fn every_breach_of_the_contract_is_a_fault_that_names_it() {
    for (breach, expected) in [
        ("fails", "it failed: I give up"),
        ("garbage commands", "malformed"),
        ("huge array", "an array claims 4294967295 items in 0 bytes"),
        ("half a command", "malformed"),
        ("unknown operation", "operation 99 does not exist"),
        ("unknown kind", "a command names kind 77"),
        ("garbage events", "malformed"),
        (
            "event of wrong type",
            "a value of `breaches/Noise`: field `loud`: expected true or false",
        ),
        ("undeclared event", "it emitted event 9"),
        ("narrow column", "39 bytes for a column of `breaches/Mark`, which has 40"),
        ("read-only column", "it wrote `breaches/Fixed`, which it only reads"),
        ("no such column", "it wrote column 9"),
        ("no such shard", "it wrote shard 7 of 1"),
        ("garbage values", "a value of `breaches/Text`"),
        ("values of wrong type", "a value of `breaches/Text`: field `text`: expected a string"),
        ("deep value", "1 values of `breaches/Text` for 10 rows"),
        ("undeclared lookup", "it looked up component 9"),
        ("lookup of no entity", "which never existed"),
        ("undeclared resource", "it set resource 0"),
    ] {
        let source = with_asset(guest("breaches"), "breach", breach);
        check(source, "breaches/Mark", "breaches/breach", expected);
    }
}

#[test]
fn a_fault_discards_the_commands_and_values_of_its_run() {
    let source = with_asset(guest("breaches"), "breach", "garbage commands");
    let mut world = beside_drift(source, "", 2);
    run(&mut world, 4);
    for (_, fixed) in values(world.world(), "breaches/Fixed") {
        assert_eq!(fixed["number"], 1.0);
    }
}

#[test]
fn an_emergency_stop_undoes_the_tick_and_runs_it_again_without_the_mod() {
    let text = format!(
        "{WORLD}faults_to_suspend = 2\n[limits]\nfuel = 1_000_000_000_000_000\nwall_clock_max_millis = 50\n"
    );
    let mods = || vec![with_asset(guest("drift"), "count", "50"), guest("loops")];
    let mut world = world_of(&text, mods(), 2);
    let records = run(&mut world, 5);
    assert!(records[0].exclusions.is_empty());
    for record in &records[1..3] {
        let [exclusion] = &record.exclusions[..] else { panic!("one exclusion") };
        assert_eq!(exclusion.mod_id, "loops");
        assert!(exclusion.cause.contains("50 ms"), "{}", exclusion.cause);
        assert!(record.runs.iter().all(|run| !run.system.starts_with("loops/")));
    }
    assert_eq!(records[2].suspended, ["loops"]);
    assert!(records[3].exclusions.is_empty(), "it no longer takes part");
    assert_eq!(
        values(world.world(), "drift/Position")[0].1["x"],
        4.0,
        "no tick was lost or doubled"
    );
}

#[test]
fn a_mod_that_asks_for_an_emergency_stop_has_it_where_the_world_has_none() {
    let text =
        format!("{WORLD}[limits]\nfuel = 1_000_000_000_000_000\nwall_clock_max_millis = 0\n");
    let mut loops = guest("loops");
    let mut manifest = Manifest::new("loops", "0.1.0".parse().unwrap());
    manifest.limits.wall_clock_max_millis = Some(50);
    loops.manifest = Some(manifest);
    let mut world = world_of(&text, vec![loops], 1);
    let records = run(&mut world, 2);
    let [exclusion] = &records[1].exclusions[..] else { panic!("{records:?}") };
    assert!(exclusion.cause.contains("50 ms"), "{}", exclusion.cause);
}

#[test]
fn a_guest_may_say_what_it_likes_and_is_told_to_be_cut_short() {
    let heard = |source: ModSource| {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = lines.clone();
        let take = move |_: &str, _: u64, line: &LogLine| {
            into.lock().unwrap().push(format!("{:?} {}", line.level, line.text));
        };
        let options = Options { log: Arc::new(take), ..quiet(1) };
        let mods = vec![source];
        let mut world = Simulation::create(None, config(WORLD, &mods), mods, options).unwrap();
        let faults = faults(&world.tick().unwrap());
        let lines = lines.lock().unwrap().clone();
        (faults, lines)
    };
    let (faults, lines) = heard(guest("chatter"));
    assert_eq!(faults, [], "output is no reason to fail");
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("Debug hidden"), count("Info line ")), (100, 99), "as many as the limit");
    assert_eq!(count("Info seen in tick 1"), 1);
    assert_eq!(count("Debug 400 more debug lines were dropped (limit `log_lines_max`)"), 1);
    let told = |line: &String| line.ends_with(" more lines were dropped (limit `log_lines_max`)");
    assert_eq!(lines.iter().filter(|line| told(line)).count(), 1, "{lines:?}");

    let (faults, _) = heard(with_asset(guest("chatter"), "panic", ""));
    let [(_, text)] = &faults[..] else { panic!("{faults:?}") };
    assert!(text.contains("at the end of it all"), "the end of what it says is kept: {text}");
}

/// Memory that a machine may lack is counted in this way on Linux alone.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_memory_stops_the_world_and_blames_no_mod() {
    let limits = "[limits]\nmemory_max_bytes = 1_073_741_824\n";
    let place = Place::with(&format!("{WORLD}{limits}"), &["hoards"]);
    let run = |kibibytes: u64| {
        let script = format!("ulimit -d {kibibytes}; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        command.current_dir(place.0.path()).args(["-c", &script]);
        command.arg(sandtable().get_program()).args(["run", ".", "--save", "save.db"]);
        command.args(["--ticks", "3", "--threads", "1", "--quiet"]).output().unwrap()
    };
    // As much as the engine needs to be there at all, and some for a call.
    let enough = (0..).step_by(200_000).find(|kibibytes| {
        let _ = std::fs::remove_file(place.at("save.db"));
        let output = run(*kibibytes);
        matches!(output.status.code(), Some(0 | 1))
            && !output.stderr.windows(7).any(|it| it == b"started")
    });
    let _ = std::fs::remove_file(place.at("save.db"));
    let output = run(enough.unwrap() + 200_000);
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{error}");
    let expected = "error: save.db stays at tick 1: a call of mod `hoards` could not be made, ";
    assert!(error.starts_with(expected), "{error}");
    let faults = ["sql", "save.db", "SELECT count(*) FROM faults", "--format", "csv"];
    assert_eq!(told(&mut place.program(&faults)), "count(*)\r\n0\n");
}

#[test]
fn zero_faults_to_suspend_never_suspends() {
    let mut world = beside_drift(guest("traps"), "faults_to_suspend = 0", 1);
    let records = run(&mut world, 20);
    assert!(records.iter().all(|record| record.suspended.is_empty()));
    assert_eq!(faults(&records[19]).len(), 1);
}
