//! Economic growth.

use sandtable_sdk::prelude::*;

use crate::foreign::{Literacy, Society, Stance, Urban, Vitals};
use crate::kinds::{Commerce, Economy, TaxRate};
use crate::{budget, years};

/// By how much income a head grows in a year where it is highest.
const FRONTIER: f64 = 0.012;

/// US dollars a head and year at the frontier.
const FRONTIER_USD: f64 = 70_000.0;

/// By how much more it grows for each e that income is below the frontier,
/// where all can read: a little less than the two percent of the gap that the
/// "iron law" of convergence says close in a year.
const CATCH_UP: f64 = 0.017;

/// What trade worth a year's GDP adds to growth, and the trade beyond which
/// nothing is gained. A guess between those who find nothing and those who find
/// a full point.
const TRADE_BONUS: f64 = 0.006;
const TRADE_MAX: f64 = 1.0;

/// What a nation of cities only adds to growth.
const URBAN_BONUS: f64 = 0.005;

/// What a tax rate one point above the usual takes from growth, in points.
const TAX_DRAG: f64 = 0.1;

/// What each war takes from growth.
const WAR_LOSS: f64 = 0.05;

/// Booms and busts: how much of one is left after a month, and the standard
/// deviation of a month's news. Together a year's growth scatters by 1.5 %.
const CYCLE_MEMORY: f64 = 0.92;
const CYCLE_NEWS: f64 = 0.006;

/// No economy shrinks or grows faster in a year.
const GROWTH_MIN: f64 = -0.2;
const GROWTH_MAX: f64 = 0.12;

/// Lets every economy grow for 30 days.
#[system(every = 30)]
pub fn grow(
    mut nations: Query<(
        Entity,
        &Society,
        &Vitals,
        &Literacy,
        &TaxRate,
        &Commerce,
        Option<&Stance>,
        Option<&Urban>,
        &mut Economy,
    )>,
    rng: Rng,
    tick: Tick,
) {
    let years = years(&tick, 30);
    for (nation, society, vitals, literacy, tax, commerce, stance, urban, economy) in &mut nations {
        let people = society.people.max(1.0);
        let gdp_usd = economy.gdp_usd.max(1.0);
        let income_usd = gdp_usd / people;
        let forces = Forces {
            income_usd,
            literacy: literacy.share,
            births: (vitals.births_per_1000 - vitals.deaths_per_1000) / 1000.0,
            trade: (commerce.exports_usd + commerce.imports_usd) / gdp_usd,
            urban: urban.map_or(0.0, |urban| (urban.people / people).min(1.0)),
            excess_tax: tax.share - budget::usual_rate(income_usd),
            wars: stance.map_or(0, |stance| stance.wars),
        };
        economy.cycle = CYCLE_MEMORY * economy.cycle + CYCLE_NEWS * rng.of(nation).normal();
        economy.growth = (forces.trend() + economy.cycle).clamp(GROWTH_MIN, GROWTH_MAX);
        economy.gdp_usd *= (economy.growth * years).exp();
    }
}

/// What decides how fast an economy grows.
struct Forces {
    income_usd: f64,
    literacy: f64,
    /// More people in a year, as a share.
    births: f64,
    /// Exports and imports as a share of GDP.
    trade: f64,
    /// Of the people, who live in cities: 0 to 1.
    urban: f64,
    /// The tax rate above the usual.
    excess_tax: f64,
    wars: u32,
}

impl Forces {
    /// Growth in a year, as a share, without the cycle.
    fn trend(&self) -> f64 {
        let gap = (FRONTIER_USD / self.income_usd.max(1.0)).ln().max(0.0);
        FRONTIER
            + CATCH_UP * self.literacy * gap
            + self.births
            + TRADE_BONUS * self.trade.min(TRADE_MAX)
            + URBAN_BONUS * self.urban
            - TAX_DRAG * self.excess_tax
            - WAR_LOSS * f64::from(self.wars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Forces = Forces {
        income_usd: 70_000.0,
        literacy: 1.0,
        births: 0.0,
        trade: 0.0,
        urban: 0.0,
        excess_tax: 0.0,
        wars: 0,
    };

    #[test]
    fn the_poor_catch_up_when_they_can_read() {
        assert_eq!(RICH.trend(), FRONTIER);
        let poor = Forces { income_usd: 9_000.0, literacy: 0.9, ..RICH };
        assert!((0.040..0.050).contains(&poor.trend()));
        assert!(Forces { literacy: 0.3, ..poor }.trend() < poor.trend());
    }

    #[test]
    fn each_force_has_its_sign() {
        assert!(Forces { trade: 0.5, ..RICH }.trend() > RICH.trend());
        assert!(Forces { urban: 0.5, ..RICH }.trend() > RICH.trend());
        assert!(Forces { births: 0.01, ..RICH }.trend() > RICH.trend());
        assert!(Forces { excess_tax: 0.1, ..RICH }.trend() < RICH.trend());
        assert!(Forces { wars: 1, ..RICH }.trend() < 0.0);
    }
}
