//! When cities come, grow and go.

use crate::kinds::Rank;

/// City dwellers in a province from which on it has a city, and below which
/// the city is given up. Between them nothing happens, so that none flickers.
pub const FOUND_PEOPLE: f64 = 500_000.0;
pub const ABANDON_PEOPLE: f64 = 485_000.0;

/// City dwellers from which on a city has its rank. Ten million are what the
/// UN calls a megacity; provinces here are small, so two have to do.
const METROPOLIS_PEOPLE: f64 = 1_000_000.0;
const MEGACITY_PEOPLE: f64 = 2_000_000.0;

/// The share of people in cities where incomes are lowest and highest, and
/// those incomes, in US dollars a head and year. In between the logarithm
/// counts (World Bank: Niger 17 %, India 36 %, China 65 %, Belgium 98 %).
const SHARE_POOR: f64 = 0.15;
const SHARE_RICH: f64 = 0.85;
const INCOME_POOR_USD: f64 = 1_000.0;
const INCOME_RICH_USD: f64 = 40_000.0;

/// How much of the way to that share a province goes in a year.
const GATHERING_PER_YEAR: f64 = 0.05;

/// The share of people in cities that an income leads to.
pub fn urban_share(income_usd: f64) -> f64 {
    let span = (INCOME_RICH_USD / INCOME_POOR_USD).ln();
    let wealth = (income_usd.max(1.0) / INCOME_POOR_USD).ln() / span;
    SHARE_POOR + (SHARE_RICH - SHARE_POOR) * wealth.clamp(0.0, 1.0)
}

/// The share of people in cities after some years.
pub fn gathered(share: f64, target: f64, years: f64) -> f64 {
    share + (target - share) * (GATHERING_PER_YEAR * years).min(1.0)
}

/// The rank of a city.
pub fn rank(people: f64) -> Rank {
    if people >= MEGACITY_PEOPLE {
        Rank::Megacity
    } else if people >= METROPOLIS_PEOPLE {
        Rank::Metropolis
    } else {
        Rank::City
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rich_live_in_cities() {
        assert_eq!(urban_share(0.0), SHARE_POOR);
        assert_eq!(urban_share(1e6), SHARE_RICH);
        assert!((0.5..0.65).contains(&urban_share(9_300.0)));
    }

    #[test]
    fn people_gather_slowly() {
        assert!((gathered(0.4, 0.8, 1.0) - 0.42).abs() < 1e-12);
        assert_eq!(gathered(0.4, 0.8, 1e9), 0.8);
    }

    #[test]
    fn ranks_rise_with_people() {
        assert_eq!(rank(FOUND_PEOPLE), Rank::City);
        assert_eq!(rank(1.5e6), Rank::Metropolis);
        assert_eq!(rank(9e6), Rank::Megacity);
        const { assert!(ABANDON_PEOPLE < FOUND_PEOPLE) };
    }
}
