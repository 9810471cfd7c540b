//! Settings of mods: what a world file says is a resource that only the host
//! sets, and part of what history knows.

use sandtable::catalog::ModSource;
use sandtable::save::{self, Reader};
use sandtable::{Simulation, verify};
use serde_json::{Value as Json, json};

use crate::harness::*;

fn tuned(name: &str) -> ModSource {
    ModSource { id: "tuned".to_owned(), ..guest(name) }
}

/// A world file that gives the mod settings.
fn given(settings: &str) -> String {
    format!("{WORLD}[mods.tuned]\npath = \"\"\n[mods.tuned.settings]\n{settings}\n")
}

fn refused(name: &str, settings: &str) -> String {
    let mods = vec![tuned(name)];
    let config = config(&given(settings), &mods);
    match Simulation::create(None, config, mods, quiet(1)) {
        Ok(_) => panic!("`{settings}` is taken"),
        Err(error) => error.to_string(),
    }
}

fn steps(world: &Simulation) -> Json {
    resource(world.world(), "tuned/Walked")["steps"].clone()
}

#[test]
fn a_mod_reads_its_defaults_and_what_the_world_file_says() {
    let mut world = world_of(WORLD, vec![tuned("tuned")], 2);
    run(&mut world, 3);
    let defaults = json!({"step": 2, "heads": "north", "bias": 0.5});
    assert_eq!(resource(world.world(), "tuned/Settings"), defaults);
    assert_eq!(steps(&world), json!(6));
    let mut world = world_of(&given("step = 5\nbias = 1"), vec![tuned("tuned")], 2);
    run(&mut world, 3);
    let walked = resource(world.world(), "tuned/Walked");
    assert_eq!(walked, json!({"steps": 15, "heads": ["north", "north", "north"], "bias": 1.0}));
}

#[test]
fn a_setting_that_does_not_fit_is_refused_by_its_key() {
    for (settings, expected) in [
        (
            "stepp = 5",
            "`mods.tuned.settings.stepp` in the world file is no setting of mod `tuned`: did you \
             mean `step`? it has `step` (u32), `heads` (string), `bias` (f64)",
        ),
        (
            "speed = 5",
            "`mods.tuned.settings.speed` in the world file is no setting of mod `tuned`: it has",
        ),
        ("step = -1", "`mods.tuned.settings.step` in the world file does not fit its type, u32: "),
        (
            "heads = 3",
            "`mods.tuned.settings.heads` in the world file does not fit its type, string",
        ),
        ("heads = 1979-05-27", "`mods.tuned.settings.heads` in the world file does not fit"),
    ] {
        let told = refused("tuned", settings);
        assert!(told.starts_with(expected), "{told}");
    }
    let mods = vec![tuned("tuned"), guest("drift")];
    let text = format!("{WORLD}[mods.drift]\npath = \"\"\n[mods.drift.settings]\nspeed = 1\n");
    let told = Simulation::create(None, config(&text, &mods), mods, quiet(1));
    let Err(told) = told else { panic!("it has no settings") };
    assert_eq!(
        told.to_string(),
        "`mods.drift.settings.speed` in the world file is none: mod `drift` has no settings, so \
         leave it out"
    );
}

#[test]
fn only_the_world_file_sets_them() {
    let told = refused("tuned_wilful", "");
    assert!(told.contains("system `grow` sets `tuned/Settings`, which only the world"), "{told}");
    let mut world = world_of(WORLD, vec![tuned("tuned_sly")], 1);
    let record = world.tick().unwrap();
    let (_, fault) = &faults(&record)[0];
    assert!(fault.contains("a command changes `tuned/Settings`"), "{fault}");
}

#[test]
fn a_change_while_the_world_runs_is_followed_by_history_verify_and_rewind() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("tuned.db");
    let mods = vec![tuned("tuned")];
    let config_of = |settings: &str| config(&given(settings), &[tuned("tuned")]);
    let mut world =
        Simulation::create(Some(&save), config_of("step = 3"), mods.clone(), quiet(1)).unwrap();
    run(&mut world, 4);
    let before = hash(&mut world);
    let compiled = world.compiler().compile(mods).unwrap();
    let swap = world.swap_world(config_of("step = 10\nheads = \"south\""), compiled).unwrap();
    let told: Vec<String> = swap.settings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "setting tuned.step goes from 3 to 10",
            "setting tuned.heads goes from \"north\" to \"south\""
        ]
    );
    assert!(swap.plan.is_empty(), "the mods are the same");
    run(&mut world, 4);
    assert_eq!(steps(&world), json!(52));
    world.close().unwrap();
    let checked = verify::verify(&save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((checked.ticks, checked.mismatch), (8, None));
    let at =
        |tick| resource(&Reader::open(&save).unwrap().world_at(tick).unwrap(), "tuned/Settings");
    assert_eq!((&at(3)["step"], &at(5)["step"]), (&json!(3), &json!(10)));
    // The save alone goes on with what it knows.
    let mut alone = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut alone, 1);
    assert_eq!(steps(&alone), json!(62));
    alone.close().unwrap();
    save::rewind(&save, 4).unwrap();
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(hash(&mut again), before);
    run(&mut again, 1);
    assert_eq!(steps(&again), json!(15), "they are those of the tick");
    again.close().unwrap();
    let checked = verify::verify(&save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((checked.ticks, checked.mismatch), (5, None));
}

#[test]
fn settings_of_a_later_version_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("tuned.db");
    let mods = vec![tuned("tuned")];
    let config = config(&given("step = 3"), &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 2);
    let refused = world.swap(vec![tuned("tuned_newer")]).unwrap_err().to_string();
    assert!(refused.contains("`mods.tuned.settings.step` in the world file does not"), "{refused}");
    let newer = vec![tuned("tuned_newer")];
    let config = crate::harness::config(&given("stride = 9"), &newer);
    let compiled = world.compiler().compile(newer).unwrap();
    world.swap_world(config, compiled).unwrap();
    run(&mut world, 2);
    assert_eq!(resource(world.world(), "tuned/Strode"), json!({"strides": 18, "last": "long"}));
    world.close().unwrap();
    let checked = verify::verify(&save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((checked.ticks, checked.mismatch), (4, None));
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(faults(&run(&mut again, 1)[0]), []);
}
