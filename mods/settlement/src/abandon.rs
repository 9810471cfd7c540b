//! Gives cities up.

use sandtable_sdk::prelude::*;

use crate::foreign::{Owner, Population, Stance};
use crate::kinds::{Cause, CityAbandoned, CityName, Ruin, Seat, Urbanity};
use crate::rules;

/// How likely a city of a nation at war is sacked in a month, for each war.
const SACK_CHANCE: f64 = 0.002;

/// Abandons the cities of provinces that became too small, and some of nations
/// at war. Their provinces keep the ruin.
#[system(every = 30)]
pub fn abandon(
    provinces: Query<(Entity, &Owner, &Population, &Urbanity, &Seat)>,
    names: Lookup<&CityName>,
    stances: Lookup<&Stance>,
    mut commands: Commands,
    mut abandoned: EventWriter<CityAbandoned>,
    rng: Rng,
    tick: Tick,
) {
    for (province, owner, population, urbanity, seat) in &provinces {
        let wars = stances.get(owner.nation).map_or(0, |stance| stance.wars);
        let cause = if population.people * urbanity.share < rules::ABANDON_PEOPLE {
            Cause::Decline
        } else if wars > 0 && rng.of(province).chance(SACK_CHANCE * f64::from(wars)) {
            Cause::War
        } else {
            continue;
        };
        let name = names.get(seat.city).map(|city| city.name.clone()).unwrap_or_default();
        commands.despawn(seat.city);
        commands.remove::<Seat>(province);
        commands.insert(province, Ruin { name: name.clone(), cause, since_tick: tick.number() });
        abandoned.send(CityAbandoned { province, name, cause });
    }
}
