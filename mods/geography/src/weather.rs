//! Makes good and bad years.

use sandtable_sdk::prelude::*;

use crate::kinds::{Harvest, Owner};

/// Standard deviation of what a nation's provinces share of a year's weather:
/// national grain yields scatter by 5 to 10 % around their trend.
const NATIONAL_SPREAD: f64 = 0.06;

/// Standard deviation of what a province has to itself.
const LOCAL_SPREAD: f64 = 0.06;

/// No year is worse or better than this: stocks and imports even out the rest.
const RATIO_MIN: f64 = 0.6;
const RATIO_MAX: f64 = 1.4;

/// Draws the year's harvest of every province.
///
/// The numbers of an entity are the same for every row that asks, so all provinces of a
/// nation see the same national weather although no row knows of another.
#[system(every = 365)]
pub fn weather(mut provinces: Query<(Entity, &Owner, &mut Harvest)>, rng: Rng) {
    for (province, owner, harvest) in &mut provinces {
        let national = rng.of(owner.nation).normal();
        let local = rng.of(province).normal();
        harvest.ratio = ratio(national, local);
    }
}

/// A harvest from two draws of the standard normal distribution.
fn ratio(national: f64, local: f64) -> f64 {
    (1.0 + NATIONAL_SPREAD * national + LOCAL_SPREAD * local).clamp(RATIO_MIN, RATIO_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harvests_stay_in_bounds() {
        assert_eq!(ratio(0.0, 0.0), 1.0);
        assert!(ratio(-1.0, -1.0) < 0.9);
        assert_eq!(ratio(-9.0, -9.0), RATIO_MIN);
        assert_eq!(ratio(9.0, 9.0), RATIO_MAX);
    }
}
