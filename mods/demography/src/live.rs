//! Births and deaths, province by province.

use sandtable_sdk::prelude::*;

use crate::foreign::{Harvest, Owner, Stance};
use crate::kinds::{Population, Vitals};
use crate::years;

/// Deaths for every 1000 people in a year of war. Between a border conflict
/// (0.1) and the worst years of a civil war (10).
const WAR_DEATHS_PER_1000: f64 = 1.5;

/// The harvest below which people die of hunger, and the deaths for every 1000
/// that a harvest of nothing would mean. A guess: aid and trade prevent most of
/// what a failed harvest once meant.
const HUNGER_BELOW: f64 = 0.85;
const HUNGER_DEATHS_PER_1000: f64 = 20.0;

/// Lets people be born and die for 30 days.
#[system(every = 30)]
pub fn live(
    mut provinces: Query<(&Owner, &Harvest, &mut Population)>,
    vitals: Lookup<&Vitals>,
    stances: Lookup<&Stance>,
    tick: Tick,
) {
    let years = years(&tick, 30);
    for (owner, harvest, population) in &mut provinces {
        if let Some(vitals) = vitals.get(owner.nation) {
            let wars = stances.get(owner.nation).map_or(0, |stance| stance.wars);
            population.people *= change(vitals, harvest.ratio, wars, years);
        }
    }
}

/// What a population is multiplied with.
fn change(vitals: &Vitals, harvest: f64, wars: u32, years: f64) -> f64 {
    let hunger = HUNGER_DEATHS_PER_1000 * (HUNGER_BELOW - harvest).max(0.0) / HUNGER_BELOW;
    let war = WAR_DEATHS_PER_1000 * f64::from(wars);
    let net = vitals.births_per_1000 - vitals.deaths_per_1000 - hunger - war;
    (net / 1000.0 * years).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Vitals = Vitals { births_per_1000: 10.0, deaths_per_1000: 10.0 };

    #[test]
    fn rates_compound() {
        let growing = Vitals { births_per_1000: 20.0, ..EVEN };
        assert_eq!(change(&EVEN, 1.0, 0, 1.0), 1.0);
        let decade = change(&growing, 1.0, 0, 10.0);
        let yearly = change(&growing, 1.0, 0, 1.0);
        assert!((decade - yearly.powi(10)).abs() < 1e-12);
    }

    #[test]
    fn hunger_and_war_kill() {
        assert_eq!(change(&EVEN, 0.9, 0, 1.0), 1.0);
        assert!(change(&EVEN, 0.6, 0, 1.0) < 1.0);
        assert!(change(&EVEN, 1.0, 2, 1.0) < change(&EVEN, 1.0, 1, 1.0));
    }
}
