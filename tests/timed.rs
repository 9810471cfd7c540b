//! In which ticks systems run: their phase, and conditions on resources.

use sandtable::{Simulation, verify};
use serde_json::{Value as Json, json};

use crate::harness::*;

fn runs(world: &Simulation) -> Json {
    resource(world.world(), "timed/Runs")
}

#[test]
fn a_system_runs_in_its_phase_and_while_its_conditions_hold() {
    for threads in [1, 3] {
        let mut world = world_of(WORLD, vec![guest("timed")], threads);
        run(&mut world, 12);
        let runs = runs(&world);
        assert_eq!(runs["phased"], json!([3, 8]));
        // It sees what an earlier system of the same tick set.
        assert_eq!(runs["stormy"], json!([3, 7, 11]));
        assert_eq!(runs["open"], json!([2, 4, 6, 8, 10, 12]));
        assert_eq!(runs["never"], json!([]), "of what is not set no condition holds");
    }
}

#[test]
fn a_system_whose_condition_does_not_hold_is_not_called() {
    let mut world = world_of(WORLD, vec![guest("timed")], 1);
    let records = run(&mut world, 4);
    let names = |tick: usize| -> Vec<&str> {
        records[tick].runs.iter().map(|run| run.system.as_str()).collect()
    };
    assert_eq!(names(0), ["timed/blow"]);
    assert_eq!(names(2), ["timed/blow", "timed/phased", "timed/storm"]);
}

#[test]
fn what_a_system_reads_waits_until_its_condition_holds() {
    let mut world = world_of(WORLD, vec![guest("timed")], 2);
    world.send("timed/Call", &json!({"text": "one"}), "test").unwrap();
    run(&mut world, 1);
    world.send("timed/Call", &json!({"text": "two"}), "test").unwrap();
    run(&mut world, 4);
    assert_eq!(runs(&world)["calls"], json!(["one in tick 2", "two in tick 2"]));
    world.send("timed/Call", &json!({"text": "three"}), "test").unwrap();
    run(&mut world, 3);
    assert_eq!(runs(&world)["calls"][2], json!("three in tick 6"));
}

#[test]
fn settings_decide_which_systems_run_and_the_past_is_run_again_by_those_of_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("timed.db");
    let config = |settings: &str| {
        let text = format!("{WORLD}[mods.timed]\npath = \"\"\n[mods.timed.settings]\n{settings}\n");
        crate::harness::config(&text, &[guest("timed")])
    };
    let mods = vec![guest("timed")];
    let mut world =
        Simulation::create(Some(&save), config("open = false"), mods.clone(), quiet(1)).unwrap();
    run(&mut world, 4);
    assert_eq!(runs(&world)["open"], json!([]));
    let compiled = world.compiler().compile(mods).unwrap();
    world.swap_world(config("mood = \"calm\""), compiled).unwrap();
    run(&mut world, 4);
    assert_eq!(runs(&world)["open"], json!([6, 8]));
    world.close().unwrap();
    let checked = verify::verify(&save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((checked.ticks, checked.mismatch), (8, None));
    // What the save keeps of the declaration is all that it takes to go on.
    let mut again = Simulation::open(&save, None, quiet(2)).unwrap();
    run(&mut again, 4);
    let runs = runs(&again);
    assert_eq!((&runs["open"], &runs["phased"]), (&json!([6, 8, 10, 12]), &json!([3, 8])));
}
