//! Who is powerful.

use std::collections::BTreeSet;

use sandtable_sdk::prelude::*;

use crate::foreign::{Economy, Society};
use crate::kinds::{GreatPower, Power};

/// How many nations are great powers.
const GREAT_POWERS: usize = 8;

/// Weighs all nations, and says which are great.
#[system(every = 91, whole = "world")]
pub fn rank(
    mut nations: Query<(Entity, &Society, &Economy, &mut Power)>,
    great: Query<Entity, With<GreatPower>>,
    mut commands: Commands,
) {
    let mut ranked: Vec<(Entity, f64)> = nations
        .iter()
        .map(|(nation, society, economy, _)| (nation, weight(economy.gdp_usd, society.people)))
        .collect();
    let total: f64 = ranked.iter().map(|(_, weight)| weight).sum();
    for (_, society, economy, power) in &mut nations {
        power.share = weight(economy.gdp_usd, society.people) / total.max(1.0);
    }

    ranked.sort_by(|(a, weight_a), (b, weight_b)| weight_b.total_cmp(weight_a).then(a.cmp(b)));
    let now: BTreeSet<Entity> =
        ranked.iter().take(GREAT_POWERS).map(|(nation, _)| *nation).collect();
    let before: BTreeSet<Entity> = great.iter().collect();
    for &nation in now.difference(&before) {
        commands.insert(nation, GreatPower);
    }
    for &nation in before.difference(&now) {
        commands.remove::<GreatPower>(nation);
    }
}

/// What a nation weighs: wealth counts three times as much as numbers.
fn weight(gdp_usd: f64, people: f64) -> f64 {
    gdp_usd.max(0.0).powf(0.75) * people.max(0.0).powf(0.25)
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn wealth_counts_more_than_numbers() {
        assert!(weight(2e12, 1e8) > weight(1e12, 2e8));
        assert!(weight(1e12, 2e8) > weight(1e12, 1e8));
        assert_eq!(weight(-1.0, 5.0), 0.0);
    }
}
