//! Lets nations learn, and their births and deaths follow.

use sandtable_sdk::prelude::*;

use crate::foreign::{Economy, Nation};
use crate::kinds::{Literacy, Society, Vitals};
use crate::{curve, years};

/// How much of the way to what the curve says rates go in a year: families
/// take a decade to become smaller.
const ADJUSTMENT_PER_YEAR: f64 = 0.1;

/// Spreads literacy, and moves birth and death rates along the curve.
#[system(every = 365)]
pub fn transition(
    mut nations: Query<(&Nation, &Society, &Economy, &mut Literacy, &mut Vitals)>,
    tick: Tick,
) {
    let years = years(&tick, 365);
    for (nation, society, economy, literacy, vitals) in &mut nations {
        literacy.share = curve::taught(literacy.share, years);
        let income_usd = economy.gdp_usd / society.people.max(1.0);
        let development = curve::development(literacy.share, income_usd);
        *vitals = towards(*vitals, curve::vitals(nation.region, development), years);
    }
}

/// Rates on their way to others.
fn towards(from: Vitals, to: Vitals, years: f64) -> Vitals {
    let part = (ADJUSTMENT_PER_YEAR * years).min(1.0);
    let step = |from: f64, to: f64| from + (to - from) * part;
    Vitals {
        births_per_1000: step(from.births_per_1000, to.births_per_1000),
        deaths_per_1000: step(from.deaths_per_1000, to.deaths_per_1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_approach_and_never_overshoot() {
        let from = Vitals { births_per_1000: 30.0, deaths_per_1000: 10.0 };
        let to = Vitals { births_per_1000: 20.0, deaths_per_1000: 6.0 };
        let year = towards(from, to, 1.0);
        assert!((year.births_per_1000 - 29.0).abs() < 1e-9);
        assert!((year.deaths_per_1000 - 9.6).abs() < 1e-9);
        assert_eq!(towards(from, to, 100.0), to);
    }
}
