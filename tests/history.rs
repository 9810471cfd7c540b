//! What led to the world: every tick can be gone back to, exactly.

use std::path::Path;
use std::sync::Arc;

use sandtable::Simulation;
use sandtable::catalog::{self, ModSource};
use sandtable::hash::StateHasher;
use sandtable::persist::Reader;
use sandtable::record::TickRecord;

use crate::harness::*;

/// Every tick of a save that its history reaches has the hash that was recorded.
fn comes_back(save: &Path, records: &[TickRecord]) {
    let reader = Reader::open(save).unwrap();
    for record in records {
        let mut world = reader.world_at(record.tick).unwrap();
        let tables = reader.tables_at(record.tick).unwrap().tables().unwrap();
        world.tables = Arc::new(tables);
        let found = StateHasher::default().digest(&world);
        assert_eq!(found, record.state, "tick {}", record.tick);
    }
}

fn create(save: &Path, text: &str, mods: Vec<ModSource>) -> Simulation {
    Simulation::create(Some(save), config(text, &mods), mods, quiet(2)).unwrap()
}

#[test]
fn every_tick_of_a_busy_world_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("busy.db");
    let mods = || vec![guest("menagerie"), guest("watcher"), guest("diary"), guest("ledger")];
    let mut world = create(&save, WORLD, mods());
    let mut records = run(&mut world, 90);
    world.close().unwrap();
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    records.extend(run(&mut world, 30));
    comes_back(&save, &records);
    world.close().unwrap();
}

#[test]
fn every_tick_of_earth_comes_back() {
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let mut config = file.config;
    config.durability = sandtable::config::Durability::SyncEveryTicks { ticks: 0 };
    let mut earth = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    let records = run(&mut earth, 400);
    earth.close().unwrap();
    comes_back(&save, &records[370..]);
    comes_back(&save, &records[..3]);
}
