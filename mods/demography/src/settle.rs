//! Gives new provinces and nations what demography keeps about them.
//!
//! A province with a start but no population is new, as is a nation with a start but no
//! society. Once all are settled, no archetype matches, and the two systems cost nothing.

use sandtable_sdk::prelude::*;

use crate::curve;
use crate::foreign::{Nation, NationStart, ProvinceStart};
use crate::kinds::{Literacy, Migration, Population, Society};

/// Settles provinces.
#[system]
pub fn settle_provinces(
    provinces: Query<(Entity, &ProvinceStart), Without<Population>>,
    mut commands: Commands,
) {
    for (province, start) in &provinces {
        commands.insert(province, Population { people: start.people });
    }
}

/// Settles nations.
#[system]
pub fn settle_nations(
    nations: Query<(Entity, &Nation, &NationStart), Without<Society>>,
    mut commands: Commands,
) {
    for (entity, nation, start) in &nations {
        let income_usd = start.gdp_usd / start.people.max(1.0);
        let vitals = curve::vitals(nation.region, curve::development(start.literacy, income_usd));
        commands.insert(
            entity,
            (
                Society { people: start.people },
                Literacy { share: start.literacy },
                Migration { net_per_year: 0.0 },
                vitals,
            ),
        );
    }
}
