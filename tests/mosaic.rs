//! Every type that a field may have: from guests through the world, SQL, the
//! past and back.

use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::place::Place;

fn asked(place: &Place, arguments: &[&str]) -> Json {
    let mut command = place.program(arguments);
    serde_json::from_str(&told(command.args(["--format", "json"]))).expect("JSON")
}

#[test]
fn packed_bools_structs_and_vectors_go_wherever_numbers_do() {
    let mut world = world_of(WORLD, vec![guest("mosaic")], 2);
    for record in run(&mut world, 4) {
        assert_eq!(faults(&record), []);
    }
    let doors = values(world.world(), "mosaic/Door");
    let lock = |open: bool| json!({"key": 6, "open": open, "rusty": true});
    assert_eq!(
        doors[6].1,
        json!({
            "leads_to": doors[5].0.to_string(),
            "at": {"x": 6.0, "y": 3.5, "z": -1.0},
            "turned": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
            "locks": [lock(true), lock(false)],
            "painted": [true, false, true, false],
        })
    );
    let kind = world.world().registry.find("mosaic/Door").unwrap();
    assert_eq!(world.world().registry.get(kind).size, 8 + 12 + 16 + 2 * 4 + 4);
    let tiles = values(world.world(), "mosaic/Tile");
    assert_eq!(
        tiles[6].1,
        json!({
            "letter": "g", "count": 6, "pair": {"0": 1, "1": "one"}, "cells": [{"x": -1, "y": 6}],
            "names": [
                {"key": "a", "value": {"0": true, "1": 3}},
                {"key": "b", "value": {"0": false, "1": 2}},
                {"key": "z", "value": {"0": true, "1": 1}},
            ],
            "seen": [1, 6, 9],
        })
    );
    assert_eq!(resource(world.world(), "mosaic/Told"), json!({"wet": 5, "dry": 5}));
    let weather = world.world().registry.find("mosaic/Weather").unwrap();
    assert!(!world.world().resources.contains_key(&weather), "it is read, and stays unset");
}

#[test]
fn a_resource_that_is_not_set_says_how_to_set_it() {
    let mut world = world_of(WORLD, vec![guest("mosaic")], 1);
    let records = run(&mut world, 5);
    let [(system, fault)] = &faults(&records[4])[..] else { panic!("one fault") };
    assert_eq!(system, "mosaic/turn");
    assert!(
        fault.ends_with(
            "the resource mosaic/Season is not set: set it with ResMut<Season>, as in a startup \
             system, derive Default for Season, or take Option<Res<Season>>"
        ),
        "{fault}"
    );
}

#[test]
fn the_past_of_packed_bools_and_structs_is_told() {
    let place = Place::with_save(&["mosaic"]);
    let rows = asked(
        &place,
        &[
            "sql",
            "save.db",
            "SELECT entity, painted -> 2 AS painted, \
        at ->> 'y' AS y, locks -> 0 ->> 'open' AS open, count, letter FROM mosaic_door \
        JOIN mosaic_tile USING (entity) WHERE count = 6",
        ],
    );
    let row = &rows[0];
    assert_eq!((&row["y"], &row["open"], &row["letter"]), (&json!(2.5), &json!(0), &json!("g")));
    let entity = row["entity"].as_u64().expect("a number").to_string();
    let then = asked(
        &place,
        &[
            "sql",
            "save.db",
            "--at",
            "1",
            &format!(
                "SELECT at ->> 'y' AS y, locks -> 0 ->> 'open' AS open FROM mosaic_door WHERE entity = {entity}"
            ),
        ],
    );
    assert_eq!(then[0], json!({"y": 0.5, "open": 0}));
    let history = told(
        place
            .program(&["history", "save.db", &entity, "mosaic/Door.locks"])
            .args(["--format", "json"]),
    );
    assert!(history.contains("open"), "{history}");
    let blame = told(
        place.program(&["blame", "save.db", &entity, "mosaic/Door"]).args(["--format", "json"]),
    );
    assert!(blame.contains("mosaic/unlock") && blame.contains("locks"), "{blame}");
    told(&mut place.program(&["check", "save.db"]));
    told(&mut place.program(&["verify", "save.db"]));
    told(&mut place.program(&["export", "save.db", "--format", "sqlite", "-o", "rows.db"]));
}
