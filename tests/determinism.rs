//! Same save, same mods, same inputs: same state hash, for any number of
//! threads and any size of shards.

use std::collections::{BTreeMap, BTreeSet};

use sandtable::Simulation;
use sandtable::catalog;
use sandtable::ecs::to_json;
use serde_json::{Value as Json, json};

use crate::harness::*;

const SHARD_ROWS: [usize; 3] = [64, 1000, 4096];
const THREADS: [usize; 3] = [1, 2, 4];

/// The hash after so many ticks of a world, and whether mods faulted.
fn hash_after(
    ticks: u64,
    threads: usize,
    shard_rows: usize,
    make: &dyn Fn(&str, usize) -> Simulation,
) -> String {
    let mut world = make(&format!("{WORLD}shard_rows = {shard_rows}\n"), threads);
    for record in run(&mut world, ticks) {
        assert_eq!(faults(&record), []);
    }
    hash(&mut world)
}

fn same_for_all(ticks: u64, make: &dyn Fn(&str, usize) -> Simulation) {
    let expected = hash_after(ticks, 1, SHARD_ROWS[2], make);
    for shard_rows in SHARD_ROWS {
        for threads in THREADS {
            let found = hash_after(ticks, threads, shard_rows, make);
            assert_eq!(found, expected, "{threads} threads, {shard_rows} rows");
        }
    }
}

fn example(name: &str) -> impl Fn(&str, usize) -> Simulation {
    let file = catalog::load(&root().join("examples").join(name)).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    move |text, threads| {
        let mut config = file.config.clone();
        config.world.shard_rows = config_rows(text);
        Simulation::create(None, config, mods.clone(), quiet(threads)).unwrap()
    }
}

fn config_rows(text: &str) -> usize {
    config(text, &[]).world.shard_rows
}

#[test]
fn commands_random_numbers_events_and_relations_do_not_depend_on_threads_or_shards() {
    same_for_all(120, &|text, threads| world_of(text, vec![guest("menagerie")], threads));
}

#[test]
fn earth_does_not_depend_on_threads_or_shards() {
    same_for_all(40, &example("earth"));
}

#[test]
fn swarm_does_not_depend_on_threads_or_shards() {
    same_for_all(8, &example("swarm"));
}

#[test]
fn a_run_of_any_number_of_calls_tells_its_spawns_apart() {
    // More pages than a run can have calls of eight.
    const ROWS: usize = 40_000;
    let hashes = [1, 4096].map(|shard_rows| {
        let guest = with_asset(guest("brood"), "count", &ROWS.to_string());
        let mut world = world_of(&format!("{WORLD}shard_rows = {shard_rows}\n"), vec![guest], 2);
        let born = run(&mut world, 2).pop().unwrap();
        assert_eq!(faults(&born), []);
        let by_entity = |kind| {
            let values = values(world.world(), kind).into_iter();
            values.map(|(entity, value)| (json!(entity.to_string()).to_string(), value)).collect()
        };
        let parents: BTreeMap<String, Json> = by_entity("brood/Parent");
        let children: BTreeMap<String, Json> = by_entity("brood/Child");
        let mut right = 0;
        for (parent, bore) in values(world.world(), "brood/Bore") {
            let child = &children[&bore["child"].to_string()];
            let of = (&child["parent"], &child["number"]);
            let parent = json!(parent.to_string());
            right += usize::from(of == (&parent, &parents[&parent.to_string()]["number"]));
        }
        assert_eq!(right, ROWS, "every parent has the child that it spawned");
        let kind = world.world().registry.find("brood/Born").unwrap();
        let kind = world.world().registry.get(kind);
        let agrees = |payload| {
            let event = to_json(kind, payload);
            children[&event["child"].to_string()]["number"] == event["number"]
        };
        let right = born.events.iter().filter(|event| agrees(&event.payload)).count();
        assert_eq!(right, ROWS, "every event names the child that it is about");
        hash(&mut world)
    });
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn random_numbers_of_the_standard_library_are_those_of_the_call() {
    let rolled = |threads| -> Vec<String> {
        let text = format!("{WORLD}shard_rows = 8\n");
        let mut world = world_of(&text, vec![guest("dice")], threads);
        for record in run(&mut world, 2) {
            assert_eq!(faults(&record), []);
        }
        let rolled = values(world.world(), "dice/Rolled").into_iter();
        rolled.map(|(_, rolled)| rolled["number"].to_string()).collect()
    };
    let one = rolled(1);
    let different = one.iter().collect::<BTreeSet<_>>().len();
    assert_eq!((one.len(), different), (600, 600), "no call repeats another's");
    assert_eq!(rolled(4), one);
}

#[test]
fn another_seed_makes_another_world() {
    let of = |seed: u64| {
        let text = format!("[world]\nname = \"test\"\nseed = {seed}\n");
        let mut world = world_of(&text, vec![guest("menagerie")], 2);
        run(&mut world, 30);
        hash(&mut world)
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn a_world_reopened_every_few_ticks_ends_as_one_run_through() {
    let folder = tempfile::tempdir().unwrap();
    let (through, halting) = (folder.path().join("through.db"), folder.path().join("halting.db"));
    let mods = || vec![guest("menagerie"), guest("watcher"), guest("diary")];
    let create = |path: &std::path::Path| {
        let config = config(WORLD, &mods());
        Simulation::create(Some(path), config, mods(), quiet(2)).unwrap()
    };
    let mut world = create(&through);
    let last = run(&mut world, 60).pop().unwrap();
    let expected = hash(&mut world);
    world.close().unwrap();

    create(&halting).close().unwrap();
    for ticks in [1, 2, 7, 20, 30] {
        let mut world = Simulation::open(&halting, None, quiet(1)).unwrap();
        let records = run(&mut world, ticks);
        let recorded = sandtable::record::hex(&records.last().unwrap().state);
        world.close().unwrap();
        let mut again = Simulation::open(&halting, None, quiet(1)).unwrap();
        assert_eq!(hash(&mut again), recorded, "recomputed from the save alone");
        again.close().unwrap();
    }
    let mut world = Simulation::open(&halting, None, quiet(1)).unwrap();
    assert_eq!(hash(&mut world), expected);
    assert_eq!(world.chain(), last.chain, "the chain of all ticks is the same");
}
