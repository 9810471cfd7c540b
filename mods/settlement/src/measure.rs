//! Lets cities grow and shrink with their province.

use sandtable_sdk::prelude::*;

use crate::foreign::Population;
use crate::kinds::{City, CityName, Rank, Urbanity};
use crate::rules;

/// Measures every city. A name is only touched, and so only sent back to the
/// host, when its rank changes.
#[system(every = 91)]
pub fn measure(
    mut cities: Query<(&mut City, &mut CityName)>,
    populations: Lookup<&Population>,
    urbanities: Lookup<&Urbanity>,
    tick: Tick,
) {
    for (city, mut name) in &mut cities {
        let at = city.province;
        if let (Some(population), Some(urbanity)) = (populations.get(at), urbanities.get(at)) {
            city.people = population.people * urbanity.share;
            let rank = rules::rank(city.people);
            if rank != name.rank {
                let epithet = epithet(name.rank, rank, tick.number());
                name.epithets.push(epithet);
                name.rank = rank;
            }
        }
    }
}

/// What people say of a city that changed its rank.
fn epithet(from: Rank, to: Rank, tick: u64) -> String {
    let verb = if to > from { "risen" } else { "fallen" };
    format!("{verb} from {from:?} to {to:?} on day {tick}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epithets_tell_rise_from_fall() {
        let risen = epithet(Rank::City, Rank::Metropolis, 91);
        assert_eq!(risen, "risen from City to Metropolis on day 91");
        assert!(epithet(Rank::Megacity, Rank::Metropolis, 182).starts_with("fallen"));
    }
}
