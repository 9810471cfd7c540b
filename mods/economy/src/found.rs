//! Gives new nations and provinces what the economy keeps about them.

use sandtable_sdk::prelude::*;

use crate::budget;
use crate::foreign::{NationStart, ProvinceStart};
use crate::kinds::{Commerce, Economy, Prosperity, TaxRate, Treasury};

/// How many years of revenue a state starts with.
const RESERVE_YEARS: f64 = 0.25;

/// Founds economies.
#[system]
pub fn found_nations(
    nations: Query<(Entity, &NationStart), Without<Economy>>,
    mut commands: Commands,
) {
    for (nation, start) in &nations {
        let share = budget::usual_rate(start.gdp_usd / start.people.max(1.0));
        commands.insert(
            nation,
            (
                Economy { gdp_usd: start.gdp_usd, growth: 0.0, cycle: 0.0 },
                TaxRate { share },
                Treasury { balance_usd: start.gdp_usd * share * RESERVE_YEARS },
                Commerce::default(),
            ),
        );
    }
}

/// Founds the prosperity of provinces.
#[system]
pub fn found_provinces(
    provinces: Query<Entity, (With<ProvinceStart>, Without<Prosperity>)>,
    mut commands: Commands,
) {
    for province in &provinces {
        commands.insert(province, Prosperity { index: 1.0 });
    }
}
