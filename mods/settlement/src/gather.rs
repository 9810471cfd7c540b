//! Lets people move from the land to the city.

use sandtable_sdk::prelude::*;

use crate::foreign::{Economy, Owner, Society};
use crate::kinds::Urbanity;
use crate::rules;

/// Seconds in a mean Gregorian year.
const SECONDS_PER_YEAR: f64 = 365.2425 * 86_400.0;

/// Moves every province's share of city dwellers for 91 days.
#[system(every = 91)]
pub fn gather(
    mut provinces: Query<(&Owner, &mut Urbanity)>,
    economies: Lookup<&Economy>,
    societies: Lookup<&Society>,
    tick: Tick,
) {
    let years = 91.0 * tick.dt() / SECONDS_PER_YEAR;
    for (owner, urbanity) in &mut provinces {
        let nation = owner.nation;
        if let (Some(economy), Some(society)) = (economies.get(nation), societies.get(nation)) {
            let target = rules::urban_share(economy.gdp_usd / society.people.max(1.0));
            urbanity.share = rules::gathered(urbanity.share, target, years);
        }
    }
}
