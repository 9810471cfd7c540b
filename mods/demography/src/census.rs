//! Counts.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::foreign::Owner;
use crate::kinds::{Humanity, Population, Society, Vitals};

/// Counts the people of every nation, and of the world.
#[system(every = 30, whole = "world", after = ["live", "migrate"])]
pub fn census(
    provinces: Query<(&Owner, &Population)>,
    mut nations: Query<(Entity, &Vitals, &mut Society)>,
    mut humanity: ResMut<Humanity>,
) {
    let mut counted: BTreeMap<Entity, f64> = BTreeMap::new();
    for (owner, population) in &provinces {
        *counted.entry(owner.nation).or_default() += population.people;
    }
    let mut world =
        Humanity { migrants_per_year: humanity.migrants_per_year, ..Default::default() };
    for (nation, vitals, society) in &mut nations {
        society.people = counted.get(&nation).copied().unwrap_or(0.0);
        world.people += society.people;
        world.births_per_year += society.people * vitals.births_per_1000 / 1000.0;
        world.deaths_per_year += society.people * vitals.deaths_per_1000 / 1000.0;
    }
    *humanity = world;
}
