//! The demographic transition: where people earn more and can read, first
//! fewer die, then fewer are born.
//!
//! The constants were fitted to rounded birth and death rates of some fifty
//! populous nations around 2023, with the literacy and GDP of our data. They
//! meet most births within 4 in 1000, most deaths within 2, and the world's
//! growth within 0.1 %.

use crate::foreign::Region;
use crate::kinds::Vitals;

/// US dollars a head and year, at purchasing power parity, that count as no
/// income and as full income. Between them its logarithm counts.
const INCOME_NONE_USD: f64 = 700.0;
const INCOME_FULL_USD: f64 = 70_000.0;

/// What literacy counts against income.
const LITERACY_WEIGHT: f64 = 0.2;

/// Births for every 1000 people after and before the transition.
const BIRTHS_LOW: f64 = 9.1;
const BIRTHS_HIGH: f64 = 31.8;

/// The development at which half of the transition is done, and how sudden it
/// is.
const BIRTHS_MIDDLE: f64 = 0.55;
const BIRTHS_STEEPNESS: f64 = 8.9;

/// Africa's births are above the curve, Europe's below it.
const BIRTHS_AFRICA: f64 = 1.28;
const BIRTHS_EUROPE: f64 = 0.77;

/// Deaths for every 1000 people that nothing prevents, those that poverty adds
/// where there is no development, and those of old populations.
const DEATHS_BASE: f64 = 5.6;
const DEATHS_POVERTY: f64 = 4.1;
const DEATHS_AGE: f64 = 3.9;

/// A population is old where few are born: half old at this birth rate, and
/// how fast that goes.
const AGE_BIRTHS_MIDDLE: f64 = 11.0;
const AGE_BIRTHS_WIDTH: f64 = 1.6;

/// Europe has been old for longest.
const DEATHS_EUROPE: f64 = 2.3;

/// How fast literacy spreads to those who lack it, a year, where everybody who
/// could teach does.
const LITERACY_SPREAD: f64 = 0.06;

/// How developed a nation is: 0 to 1.
pub fn development(literacy: f64, income_usd: f64) -> f64 {
    let span = (INCOME_FULL_USD / INCOME_NONE_USD).ln();
    let income = (income_usd.max(1.0) / INCOME_NONE_USD).ln() / span;
    LITERACY_WEIGHT * literacy + (1.0 - LITERACY_WEIGHT) * income.clamp(0.0, 1.0)
}

/// Births and deaths of a nation.
pub fn vitals(region: Region, development: f64) -> Vitals {
    let before = falling((development - BIRTHS_MIDDLE) * BIRTHS_STEEPNESS);
    let births = BIRTHS_LOW + (BIRTHS_HIGH - BIRTHS_LOW) * before;
    let births = match region {
        Region::Africa => births * BIRTHS_AFRICA,
        Region::Europe => births * BIRTHS_EUROPE,
        _ => births,
    };
    let old = falling((births - AGE_BIRTHS_MIDDLE) / AGE_BIRTHS_WIDTH);
    let deaths = DEATHS_BASE + DEATHS_POVERTY * (1.0 - development).powi(2) + DEATHS_AGE * old;
    let deaths = if region == Region::Europe { deaths + DEATHS_EUROPE } else { deaths };
    Vitals { births_per_1000: births, deaths_per_1000: deaths }
}

/// Literacy after some years: a logistic curve, since readers teach readers.
pub fn taught(literacy: f64, years: f64) -> f64 {
    (literacy + LITERACY_SPREAD * literacy * (1.0 - literacy) * years).clamp(0.0, 1.0)
}

/// From 1 down to 0, one half at zero.
fn falling(x: f64) -> f64 {
    1.0 / (1.0 + x.exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(region: Region, literacy: f64, income_usd: f64) -> f64 {
        let vitals = vitals(region, development(literacy, income_usd));
        vitals.births_per_1000 - vitals.deaths_per_1000
    }

    #[test]
    fn development_has_an_end_on_both_sides() {
        assert_eq!(development(0.0, 0.0), 0.0);
        assert_eq!(development(1.0, 1e9), 1.0);
        assert!(development(0.5, 7000.0) < development(0.9, 7000.0));
    }

    #[test]
    fn nations_grow_as_they_do() {
        // For every 1000 people, around 2023: Niger +33, India +10, USA +2,
        // China -1, Germany -3.
        assert!((24.0..36.0).contains(&growth(Region::Africa, 0.29, 1_700.0)));
        assert!((8.0..15.0).contains(&growth(Region::Asia, 0.63, 9_300.0)));
        assert!((0.0..4.0).contains(&growth(Region::Americas, 0.99, 72_000.0)));
        assert!((-2.0..5.0).contains(&growth(Region::Asia, 0.95, 22_000.0)));
        assert!((-5.0..-2.0).contains(&growth(Region::Europe, 0.99, 62_000.0)));
    }

    #[test]
    fn births_fall_with_development() {
        let births = |at: f64| vitals(Region::Asia, at).births_per_1000;
        let all: Vec<f64> = (0..=10).map(|tenth| births(f64::from(tenth) / 10.0)).collect();
        assert!(all.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn literacy_rises_and_ends() {
        assert!(taught(0.3, 10.0) > 0.3);
        assert!(taught(0.99, 1.0) > 0.99);
        assert_eq!(taught(1.0, 10.0), 1.0);
        assert_eq!(taught(0.0, 10.0), 0.0);
    }
}
