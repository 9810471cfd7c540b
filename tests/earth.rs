//! Ten years on earth stay plausible.

use serde_json::Value as Json;

use sandtable::{Simulation, catalog};

use crate::harness::*;

fn sum(world: &sandtable::ecs::World, kind: &str, field: &str) -> f64 {
    values(world, kind).iter().map(|(_, value)| value[field].as_f64().expect("a number")).sum()
}

fn no_nan(value: &Json) -> bool {
    match value {
        Json::Object(fields) => fields.values().all(no_nan),
        Json::Array(items) => items.iter().all(no_nan),
        // JSON shows what is no number, or not finite, as null.
        Json::Null => false,
        _ => true,
    }
}

#[test]
fn ten_years_on_earth_are_plausible_and_alive() {
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let ids: Vec<String> = mods.iter().map(|source| source.id.clone()).collect();
    assert!(ids.len() >= 4, "at least four mods");
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let mut config = file.config;
    config.durability = sandtable::config::Durability::SyncEveryTicks { ticks: 0 };
    let mut earth = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();

    let (mut spawned, mut despawned, mut events) = (0, 0, 0);
    let mut yearly_faults = Vec::new();
    let mut relations_changed = 0;
    let mut active = std::collections::BTreeSet::new();
    let start = std::cell::Cell::new(0.0);
    for year in 0..10 {
        for day in 0..365 {
            let edges = earth.world().relations.clone();
            if (year, day) == (5, 0) {
                let decree = serde_json::json!({"nation": "FR", "rate": 0.6});
                earth.send("economy/TaxDecree", &decree, "the test").unwrap();
            }
            let record = earth.tick().unwrap();
            yearly_faults.extend(faults(&record));
            if record.tick > 1 {
                spawned += record.spawned;
                despawned += record.despawned;
                relations_changed += earth.world().relations.diff(&edges).count();
            }
            events += record.events.len();
            for run in &record.runs {
                active.insert((year, run.system.split('/').next().unwrap().to_owned()));
            }
        }
        if year == 0 {
            start.set(sum(earth.world(), "demography/Society", "people"));
        }
        assert_eq!(
            active.iter().filter(|(of, _)| *of == year).count(),
            ids.len(),
            "every mod ran in year {year}"
        );
    }
    let world = earth.world();
    assert_eq!(yearly_faults, []);
    assert!(world.entities.alive() >= 10_000);
    assert_eq!(values(world, "geography/Nation").len(), 233);
    let people = sum(world, "demography/Society", "people");
    assert!((people / start.get() - 1.0).abs() < 0.3, "{people} people after {}", start.get());
    assert!(people > 7e9 && people < 10e9, "{people} people");
    assert!(spawned > 0 && despawned > 0, "cities come and go");
    assert!(events > 100, "{events} events");
    assert!(relations_changed > 100, "{relations_changed} edges changed");
    for (_, treasury) in values(world, "economy/Treasury") {
        assert!(treasury["balance_usd"].as_f64().is_some_and(f64::is_finite));
    }
    for (_, kind) in world.registry.iter() {
        let has_option = kind.fields.iter().any(|field| field.ty.to_string().contains("option"));
        let sound = values(world, &kind.name).iter().all(|(_, value)| has_option || no_nan(value));
        assert!(sound, "`{}` has a number that is none", kind.name);
    }
    let rates = values(world, "economy/TaxRate");
    assert!(
        rates.iter().any(|(_, rate)| rate["share"].as_f64() > Some(0.5)),
        "the decree was obeyed"
    );
    earth.close().unwrap();

    let richest = sandtable::save::query(&save, "SELECT name FROM economy_economy JOIN geography_nation USING (entity) ORDER BY gdp_usd DESC LIMIT 10").unwrap();
    assert_eq!(richest.rows.len(), 10);
}
