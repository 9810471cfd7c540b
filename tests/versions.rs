//! Mods of every version of the interface that was released, and saves that
//! carry them.
//!
//! `fixtures/interface_0_1_0/` has components that were built with the SDK of
//! `sandtable:guest` 0.1.0, and a save in which they ran.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sandtable::catalog::ModSource;
use sandtable::config::WorldConfig;
use sandtable::guest::INTERFACE_SECTION;
use sandtable::save::Reader;
use sandtable::verify::verify;
use sandtable::{Simulation, interface};
use serde_json::json;

use crate::harness::*;

fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures/interface_0_1_0").join(name)
}

/// A mod as it was built for 0.1.0.
fn first(id: &str) -> ModSource {
    ModSource {
        id: id.to_owned(),
        component: std::fs::read(fixture(&format!("{id}.wasm"))).unwrap(),
        assets: BTreeMap::new(),
        manifest: None,
        source: "fixture".to_owned(),
    }
}

/// The version that a component states.
fn stated(component: &[u8]) -> String {
    let mark = INTERFACE_SECTION.as_bytes();
    let at = component.windows(mark.len()).position(|bytes| bytes == mark).expect("a stamp");
    String::from_utf8(component[at + mark.len()..][..5].to_vec()).unwrap()
}

fn verified(save: &Path, ticks: u64) {
    let checked = verify(save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!((checked.mismatch, checked.ticks), (None, ticks));
}

fn tuned_by(step: u32, mods: &[ModSource]) -> WorldConfig {
    // The rows in a page of the fixture.
    let text = format!(
        "{WORLD}shard_rows = 64\n[mods.tuned]\npath = \"\"\n[mods.tuned.settings]\nstep = {step}\n"
    );
    config(&text, mods)
}

#[test]
fn a_save_of_the_first_interface_goes_on_with_the_components_that_it_carries() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("first.db");
    std::fs::copy(fixture("world.db"), &save).unwrap();
    verified(&save, 6);
    let mut world = Simulation::open(&save, None, quiet(2)).unwrap();
    world
        .send("ledger/Order", &json!({"what": "SELECT count(*) FROM ledger__entries"}), "test")
        .unwrap();
    let records = run(&mut world, 4);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    let told = resource(world.world(), "ledger/Told");
    assert_eq!(told["lines"], json!(["10", "22"]), "of two ticks, and of six and this one");
    assert_eq!(resource(world.world(), "tuned/Walked")["steps"], json!(50));
    world.close().unwrap();
    verified(&save, 10);
    let checked = sandtable::save::check(&save).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
    let at = Reader::open(&save).unwrap().world_at(3).unwrap();
    assert_eq!(resource(&at, "tuned/Walked")["steps"], json!(15));
}

#[test]
fn a_component_of_the_first_interface_does_what_it_does_in_the_newest() {
    assert_eq!(stated(&first("dice").component), "0.1.0");
    assert_eq!(stated(&component("dice")), interface::INTERFACE_VERSION);
    let hashes = |mods: Vec<ModSource>| -> Vec<String> {
        let mut world = world_of(WORLD, mods, 2);
        (0..5)
            .map(|_| {
                run(&mut world, 1);
                hash(&mut world)
            })
            .collect()
    };
    let tuned = |source: ModSource| ModSource { id: "tuned".to_owned(), ..source };
    assert_eq!(
        hashes(vec![first("dice"), first("tuned"), first("ledger")]),
        hashes(vec![guest("dice"), tuned(guest("tuned")), guest("ledger")])
    );
}

#[test]
fn mods_of_different_interfaces_run_in_one_world() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("mixed.db");
    let mods = vec![first("dice"), first("ledger"), first("tuned"), guest("drift"), guest("timed")];
    let config = tuned_by(5, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    let records = run(&mut world, 6);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    assert_eq!(resource(world.world(), "tuned/Walked")["steps"], json!(30));
    assert_eq!(resource(world.world(), "timed/Runs")["phased"], json!([3]));
    let expected = hash(&mut world);
    world.close().unwrap();
    verified(&save, 6);
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(hash(&mut again), expected);
    assert!(faults(&run(&mut again, 1)[0]).is_empty());
}

#[test]
fn a_mod_that_moves_on_to_the_newest_interface_keeps_its_values_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("first.db");
    std::fs::copy(fixture("world.db"), &save).unwrap();
    let tuned = ModSource { id: "tuned".to_owned(), ..guest("tuned") };
    let mods = vec![guest("dice"), guest("ledger"), tuned];
    let options = sandtable::Options { accept_mods: true, ..quiet(1) };
    let config = tuned_by(7, &mods);
    let mut world = Simulation::open(&save, Some((config, mods)), options).unwrap();
    run(&mut world, 2);
    assert_eq!(resource(world.world(), "tuned/Walked")["steps"], json!(30 + 14));
    assert_eq!(resource(world.world(), "tuned/Settings")["step"], json!(7));
    world.close().unwrap();
    verified(&save, 8);
}

#[test]
fn settings_and_declarations_of_a_newer_version_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("newer.db");
    let refusal = |sql: &str| {
        std::fs::copy(fixture("world.db"), &save).unwrap();
        rusqlite::Connection::open(&save).unwrap().execute(sql, []).unwrap();
        match Simulation::open(&save, None, quiet(1)) {
            Ok(_) => panic!("`{sql}` is taken"),
            Err(error) => error.to_string(),
        }
    };
    let told = refusal("UPDATE st_settings SET config = json_set(config, '$.world.wind', 3)");
    assert!(
        told.contains("has settings that this Sandtable does not know (unknown field `wind`"),
        "{told}"
    );
    assert!(told.ends_with("use the one that it was last run with, or a newer one"), "{told}");
    let told = refusal("UPDATE st_settings SET config = json_set(config, '$.format', 9)");
    assert!(
        told.contains(
            "has settings of form 9, which this Sandtable does not know: use a newer one"
        ),
        "{told}"
    );
}
