//! Provinces rise and decline within their nation.

use sandtable_sdk::prelude::*;

use crate::foreign::{Harvest, Seat};
use crate::kinds::Prosperity;
use crate::years;

/// How much of the way to its target a province goes in a year.
const PULL_PER_YEAR: f64 = 0.3;

/// What a city adds to its province: people in cities earn about a fifth more.
const CITY_BONUS: f64 = 0.2;

/// What a harvest that is twice as good would add.
const HARVEST_BONUS: f64 = 0.5;

/// Standard deviation of luck over a year.
const LUCK: f64 = 0.08;

/// Provinces of one nation differ by no more than this.
const INDEX_MIN: f64 = 0.3;
const INDEX_MAX: f64 = 3.0;

/// Moves every province's prosperity for 91 days.
#[system(every = 91)]
pub fn prosper(
    mut provinces: Query<(Entity, &Harvest, Option<&Seat>, &mut Prosperity)>,
    rng: Rng,
    tick: Tick,
) {
    let years = years(&tick, 91);
    for (province, harvest, seat, prosperity) in &mut provinces {
        let target = target(harvest.ratio, seat.is_some());
        prosperity.index = moved(prosperity.index, target, rng.of(province).normal(), years);
    }
}

/// Where a province's prosperity is drawn to.
fn target(harvest: f64, city: bool) -> f64 {
    let city = if city { CITY_BONUS } else { 0.0 };
    1.0 + city + HARVEST_BONUS * (harvest - 1.0)
}

/// Prosperity after some years, with luck drawn from the standard normal
/// distribution.
fn moved(index: f64, target: f64, luck: f64, years: f64) -> f64 {
    let pull = (PULL_PER_YEAR * years).min(1.0);
    let moved = index + (target - index) * pull + LUCK * years.sqrt() * luck;
    moved.clamp(INDEX_MIN, INDEX_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_and_harvests_help() {
        assert_eq!(target(1.0, false), 1.0);
        assert!(target(1.0, true) > 1.0);
        assert!(target(0.8, false) < 1.0);
    }

    #[test]
    fn prosperity_is_drawn_to_its_target_and_bounded() {
        let year = moved(1.0, 1.2, 0.0, 1.0);
        assert!(year > 1.0 && year < 1.2);
        assert_eq!(moved(1.0, 1.0, 1e9, 1.0), INDEX_MAX);
        assert_eq!(moved(1.0, 1.0, -1e9, 1.0), INDEX_MIN);
    }
}
