//! Founds cities.

use sandtable_sdk::prelude::*;

use crate::foreign::Population;
use crate::kinds::{City, CityFounded, CityName, CityOf, Ruin, Seat, Urbanity};
use crate::{names, rules};

/// How likely a province that is large enough founds its city in a month.
const FOUND_CHANCE: f64 = 0.25;

/// Lets provinces that became large enough found their city.
#[system(every = 30)]
pub fn found(
    provinces: Query<(Entity, &Population, &Urbanity, Option<&Ruin>), Without<Seat>>,
    mut commands: Commands,
    mut founded: EventWriter<CityFounded>,
    rng: Rng,
    tick: Tick,
) {
    for (province, population, urbanity, ruin) in &provinces {
        let people = population.people * urbanity.share;
        if people < rules::FOUND_PEOPLE {
            continue;
        }
        let mut dice = rng.of(province);
        if dice.chance(FOUND_CHANCE) {
            let on_ruin = ruin.map(|ruin| ruin.name.clone());
            let name = on_ruin.as_deref().map_or_else(|| names::draw(&mut dice), names::renewed);
            build(&mut commands, province, name.clone(), people, tick.number());
            commands.remove::<Ruin>(province);
            founded.send(CityFounded { province, name, on_ruin });
        }
    }
}

/// Spawns a city and ties it to its province, both ways.
pub fn build(
    commands: &mut Commands,
    province: Entity,
    name: String,
    people: f64,
    founded_tick: u64,
) {
    let rank = rules::rank(people);
    let city = commands.spawn((
        City { province, people, founded_tick },
        CityName { name, rank, epithets: Vec::new() },
    ));
    commands.relate(city, province, CityOf);
    commands.insert(province, Seat { city });
}
