//! Gives new provinces and nations what settlement keeps about them, and
//! provinces that are large enough the city that they have had for long.

use sandtable_sdk::prelude::*;

use crate::foreign::{NationStart, Owner, Population};
use crate::kinds::{Urban, Urbanity};
use crate::{found, names, rules};

/// Urbanises provinces.
#[system]
pub fn urbanise_provinces(
    provinces: Query<(Entity, &Owner, &Population), Without<Urbanity>>,
    nations: Lookup<&NationStart>,
    mut commands: Commands,
    rng: Rng,
    tick: Tick,
) {
    for (province, owner, population) in &provinces {
        let Some(start) = nations.get(owner.nation) else { continue };
        let share = rules::urban_share(start.gdp_usd / start.people.max(1.0));
        commands.insert(province, Urbanity { share });
        let people = population.people * share;
        if people >= rules::FOUND_PEOPLE {
            let name = names::draw(&mut rng.of(province));
            found::build(&mut commands, province, name, people, tick.number());
        }
    }
}

/// Opens the books of nations.
#[system]
pub fn urbanise_nations(
    nations: Query<Entity, (With<NationStart>, Without<Urban>)>,
    mut commands: Commands,
) {
    for nation in &nations {
        commands.insert(nation, Urban { cities: 0, people: 0.0 });
    }
}
