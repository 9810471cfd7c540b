//! Columns, lookups, relations and events go into guests and come back.

use serde_json::json;

use crate::harness::*;

#[test]
fn rows_and_flat_slices_move_bodies_alike() {
    for name in ["drift", "drift_flat"] {
        let mut world = world_of(WORLD, vec![with_asset(guest(name), "count", "10000")], 2);
        let records = run(&mut world, 5);
        assert_eq!(faults(&records[0]), []);
        assert_eq!(world.world().entities.alive(), 10_000);
        let positions = values(world.world(), &format!("{}/Position", name.replace('_', "")));
        assert_eq!(positions[7].1, json!({"x": 11.0, "y": 2.0, "z": -6.0}));
    }
}

#[test]
fn a_static_remembers_nothing() {
    for threads in [1, 2, 4] {
        let mut world = world_of(WORLD, vec![guest("static_counter")], threads);
        run(&mut world, 10);
        let seen = values(world.world(), "staticcounter/Seen");
        assert_eq!(seen.len(), 64);
        assert!(seen.iter().all(|(_, seen)| seen["calls"] == 1), "every call is the first");
    }
}

#[test]
fn dynamic_components_keep_every_type() {
    let mut world = world_of(WORLD, vec![guest("diary")], 1);
    for record in run(&mut world, 5) {
        assert_eq!(faults(&record), []);
    }
    let diaries = values(world.world(), "diary/Diary");
    let (entity, written) = &diaries[4];
    assert_eq!(written["title"], "Diary 4");
    assert_eq!(written["pages"][3], "Dear diary, it is tick 5 – „grüße“");
    assert_eq!(written["friend"], entity.to_string());
    assert_eq!(written["mood"], json!({"At": {"x": 1.0, "y": -2.5}}));
    assert_eq!(
        written["moods"],
        json!(["Calm", {"At": {"x": 1.0, "y": -2.5}}, "Calm", {"Angry": 0.5}])
    );
    assert_eq!(written["finished"], true);
    assert_eq!(written["luck"], json!([-1, 0, 4]));
    assert_eq!(written["secret"], "NaN");
    assert_eq!(diaries[5].1["pages"], json!([]), "who was not written is as it was");
}

#[test]
fn numbers_that_are_none_have_one_form() {
    let mut world = world_of(WORLD, vec![guest("nan")], 1);
    run(&mut world, 3);
    let world = world.world();
    let bytes = |kind: &str| {
        let id = world.registry.find(kind).unwrap();
        world.component(values(world, kind)[0].0, id).unwrap().to_vec()
    };
    let mixed = bytes("nan/Mixed");
    assert_eq!(mixed[..8], 0x7ff8_0000_0000_0000_u64.to_le_bytes());
    assert_eq!(mixed[8..12], u32::MAX.to_le_bytes(), "what is no float is left alone");
    assert_eq!(mixed[12..], 0x7fc0_0000_u32.to_le_bytes());
    let flat = bytes("nan/Flat");
    assert_eq!(flat[..4], 1.0_f32.to_le_bytes());
    assert_eq!(flat[4..], 0x7fc0_0000_u32.to_le_bytes());
}

#[test]
fn relations_are_read_from_both_ends_and_components_of_others_looked_up() {
    let mut world = world_of(WORLD, vec![guest("neighbours")], 2);
    for record in run(&mut world, 3) {
        assert_eq!(faults(&record), []);
    }
    let sums = values(world.world(), "neighbours/Sums");
    assert_eq!(sums[0].1, json!({"out": 1.0, "into": 0.0, "numbers": 1001, "missing": 1}));
    assert_eq!(sums[4].1, json!({"out": 5.0, "into": 4.0, "numbers": 1005, "missing": 1}));
    assert_eq!(sums[9].1, json!({"out": 0.0, "into": 9.0, "numbers": 1000, "missing": 1}));
}

#[test]
fn columns_are_seen_within_the_tick_commands_and_events_after_it() {
    for threads in [1, 3] {
        let mut world = world_of(WORLD, vec![guest("visibility")], threads);
        for record in run(&mut world, 9) {
            assert_eq!(faults(&record), []);
        }
        assert_eq!(
            resource(world.world(), "visibility/Seen"),
            json!({
                "column": 9, "lookup": 9, "own_lookup": 8,
                "spawned": 8, "events": 8, "late_events": 7,
            }),
            "what a system wrote is seen by later ones; its own lookups see the start"
        );
    }
}

#[test]
fn filters_let_through_what_differs_since_the_last_run() {
    let mut world = world_of(WORLD, vec![guest("watcher")], 2);
    let counts = |world: &sandtable::Simulation| resource(world.world(), "watcher/Counts");
    run(&mut world, 1);
    assert_eq!(counts(&world)["added"], 0, "spawned at the end of the tick");
    run(&mut world, 1);
    assert_eq!(counts(&world)["added"], 100);
    assert_eq!(counts(&world)["changed"], 100);
    run(&mut world, 1);
    assert_eq!(counts(&world)["changed"], 0, "rows written with the same bytes have not changed");
    world.send("watcher/Poke", &json!({"number": 5, "to": 500}), "test").unwrap();
    world.send("watcher/Poke", &json!({"number": 6, "to": 6}), "test").unwrap();
    run(&mut world, 1);
    let seen = counts(&world);
    assert_eq!((&seen["changed"], &seen["changed_numbers"]), (&json!(1), &json!(500)));
    world.send("watcher/Untag", &json!({"number": 7}), "test").unwrap();
    world.send("watcher/Kill", &json!({"number": 8}), "test").unwrap();
    run(&mut world, 2);
    let seen = counts(&world);
    assert_eq!((&seen["removed"], &seen["despawned"]), (&json!(2), &json!(1)));
    run(&mut world, 1);
    let seen = counts(&world);
    assert_eq!((&seen["removed"], &seen["despawned"]), (&json!(0), &json!(0)), "read once");
    assert_eq!(seen["runs"], 7);
}

#[test]
fn an_event_is_handled_once_however_many_shards_there_are() {
    let text = format!("{WORLD}shard_rows = 64\n");
    let mut world = world_of(&text, vec![guest("herald")], 3);
    run(&mut world, 1);
    for number in [1, 2] {
        world.send("herald/Call", &json!({"number": number}), "test").unwrap();
    }
    for record in run(&mut world, 2) {
        assert_eq!(faults(&record), []);
    }
    assert_eq!(resource(world.world(), "herald/Counts"), json!({"echoes": 2}));
    let answers = values(world.world(), "herald/Answer").len();
    assert_eq!(answers, 4, "each of two systems answered each call, also the one without rows");
    let ears = values(world.world(), "herald/Ear");
    assert_eq!(ears.len(), 1000);
    assert!(ears.iter().all(|(_, ear)| ear["heard"] == 2), "each row hears each call once");
}

#[test]
fn the_standard_library_of_a_guest_is_closed_and_repeats() {
    let told = |threads| {
        let text = "[world]\nname = \"test\"\ndt_seconds = 3600.0\n";
        let mut world = world_of(text, vec![guest("closed_wasi")], threads);
        for record in run(&mut world, 5) {
            assert_eq!(faults(&record), []);
        }
        resource(world.world(), "closedwasi/Told")
    };
    let one = told(1);
    assert_eq!(one["seconds"], 5 * 3600, "the clock shows simulated time");
    assert_eq!((&one["files"], &one["variables"]), (&json!(false), &json!(0)));
    assert_eq!(one, told(2), "hash maps have the same order");
}

#[test]
fn an_input_that_does_not_fit_is_refused_with_its_fields() {
    let mut world = world_of(WORLD, vec![guest("watcher")], 1);
    let mut refused = |kind: &str, json: serde_json::Value| {
        world.send(kind, &json, "test").unwrap_err().to_string()
    };
    assert_eq!(
        refused("watcher/Poke", json!({"number": 5})),
        "input `watcher/Poke`: field `to` (u32) is missing"
    );
    assert_eq!(
        refused("watcher/Poke", json!({"number": -5, "to": 1})),
        "input `watcher/Poke`: field `number`: expected u32, found -5"
    );
    assert_eq!(
        refused("watcher/Value", json!({})),
        "input `watcher/Value`: it is a component, and no input; \
         there are `watcher/Kill`, `watcher/Poke`, `watcher/Untag`"
    );
}
