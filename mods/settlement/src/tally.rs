//! Counts cities.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::foreign::Owner;
use crate::kinds::{City, Ledger, Urban};

/// Counts the cities of every nation, and of the world.
///
/// Lost cities are counted by the component that went with them, so that those
/// whose province was despawned are not forgotten.
#[system(every = 30, whole = "world")]
pub fn tally(
    cities: Query<&City>,
    owners: Lookup<&Owner>,
    mut nations: Query<(Entity, &mut Urban)>,
    lost: EventReader<Removed<City>>,
    mut ledger: ResMut<Ledger>,
) {
    owners.fetch(cities.iter().map(|city| city.province));
    let mut counted: BTreeMap<Entity, Urban> = BTreeMap::new();
    for city in &cities {
        if let Some(owner) = owners.get(city.province) {
            let urban = counted.entry(owner.nation).or_insert(Urban { cities: 0, people: 0.0 });
            urban.cities += 1;
            urban.people += city.people;
        }
    }
    for (nation, urban) in &mut nations {
        *urban = counted.get(&nation).copied().unwrap_or(Urban { cities: 0, people: 0.0 });
    }
    ledger.lost += lost.len() as u64;
    ledger.standing = cities.len() as u64;
    ledger.founded = ledger.standing + ledger.lost;
}
