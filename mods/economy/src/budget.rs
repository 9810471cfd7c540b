//! The state's daily income and spending.

use sandtable_sdk::prelude::*;

use crate::foreign::{Society, Stance};
use crate::kinds::{Defaulted, Economy, TaxRate, Treasury};
use crate::years;

/// What a state takes of GDP: 12 % in the poorest nations, 37 % in the richest
/// (IMF and OECD figures for general government revenue).
const RATE_POOR: f64 = 0.12;
const RATE_RICH: f64 = 0.37;

/// US dollars a head and year at which a nation counts as poorest and richest
/// here; between them the logarithm counts.
const INCOME_POOR_USD: f64 = 1_000.0;
const INCOME_RICH_USD: f64 = 60_000.0;

/// What a war costs, as a share of GDP.
const WAR_COST: f64 = 0.04;

/// Interest on debt, a year.
const INTEREST: f64 = 0.03;

/// Years of revenue that a state wants to have in reserve.
const RESERVE_YEARS: f64 = 0.5;

/// By how much a state spends more when it swims in money, and less when it
/// drowns in debt.
const RESTRAINT: f64 = 0.3;

/// Debt in years of revenue that no creditor lends beyond.
const DEFAULT_YEARS: f64 = 3.0;

/// Collects the taxes of a day and pays for the state.
#[system]
pub fn budget(
    mut nations: Query<(Entity, &Economy, &TaxRate, &Society, Option<&Stance>, &mut Treasury)>,
    mut defaults: EventWriter<Defaulted>,
    tick: Tick,
) {
    let years = years(&tick, 1);
    for (nation, economy, tax, society, stance, treasury) in &mut nations {
        let year = Year {
            gdp_usd: economy.gdp_usd,
            rate: tax.share,
            usual_rate: usual_rate(economy.gdp_usd / society.people.max(1.0)),
            wars: stance.map_or(0, |stance| stance.wars),
        };
        let balance = &mut treasury.balance_usd;
        *balance += (year.revenue() - year.spending(*balance)) * years;
        if *balance < -DEFAULT_YEARS * year.usual_revenue() {
            defaults.send(Defaulted { nation, debt_usd: -*balance });
            *balance = 0.0;
        }
    }
}

/// The tax rate that is usual at an income, in US dollars a head and year.
pub fn usual_rate(income_usd: f64) -> f64 {
    let span = (INCOME_RICH_USD / INCOME_POOR_USD).ln();
    let wealth = (income_usd.max(1.0) / INCOME_POOR_USD).ln() / span;
    RATE_POOR + (RATE_RICH - RATE_POOR) * wealth.clamp(0.0, 1.0)
}

/// What decides a budget. All sums are US dollars a year.
struct Year {
    gdp_usd: f64,
    rate: f64,
    usual_rate: f64,
    wars: u32,
}

impl Year {
    fn revenue(&self) -> f64 {
        self.gdp_usd * self.rate
    }

    fn usual_revenue(&self) -> f64 {
        self.gdp_usd * self.usual_rate
    }

    /// What the state spends. People expect the services that are usual at
    /// their income, whatever the tax rate is.
    fn spending(&self, balance_usd: f64) -> f64 {
        let usual = self.usual_revenue().max(1.0);
        let ease = (balance_usd / usual - RESERVE_YEARS).tanh();
        let services = usual * (1.0 + RESTRAINT * ease);
        let war = self.gdp_usd * WAR_COST * f64::from(self.wars);
        services + war + (-balance_usd).max(0.0) * INTEREST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Year = Year { gdp_usd: 1e12, rate: 0.3, usual_rate: 0.3, wars: 0 };

    fn after(year: &Year, years: u32) -> f64 {
        let mut balance = 0.0;
        for _ in 0..years * 365 {
            balance += (year.revenue() - year.spending(balance)) / 365.0;
        }
        balance
    }

    #[test]
    fn rates_follow_income() {
        assert_eq!(usual_rate(0.0), RATE_POOR);
        assert_eq!(usual_rate(1e6), RATE_RICH);
        assert!((0.24..0.26).contains(&usual_rate(8_000.0)));
    }

    #[test]
    fn treasuries_find_their_level() {
        // The reserve that the state wants, and no more.
        let reserve = after(&YEAR, 50) / YEAR.usual_revenue();
        assert!((reserve - RESERVE_YEARS).abs() < 0.01);
        // A tenth more taxes fill it further, a tenth less leave debt.
        assert!(after(&Year { rate: 0.33, ..YEAR }, 50) > after(&YEAR, 50));
        assert!(after(&Year { rate: 0.27, ..YEAR }, 50) < after(&YEAR, 50));
    }

    #[test]
    fn war_costs() {
        assert!(YEAR.spending(0.0) < Year { wars: 1, ..YEAR }.spending(0.0));
        assert!(YEAR.spending(-1e12) < YEAR.spending(1e12));
    }
}
