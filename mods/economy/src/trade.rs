//! Who sells how much to whom.

use std::collections::{BTreeMap, BTreeSet};

use sandtable_sdk::prelude::*;

use crate::foreign::{Border, Nation, Place, Treaty, War};
use crate::gravity::{self, Ties};
use crate::kinds::{Commerce, Economy, Trade};

/// How many of the largest economies trade with each other over any distance.
/// All nations trade with their neighbours, and with the largest few.
const LARGEST: usize = 20;
const HUBS: usize = 4;

/// US dollars a year below which no nation keeps books.
const ROUTE_MIN_USD: f64 = 100e6;

/// Draws all trade anew: routes open, grow, shrink and close.
#[system(every = 91, whole = "world")]
pub fn trade(
    mut nations: Query<(Entity, &Nation, &Place, &Economy, &mut Commerce)>,
    borders: Relations<Border>,
    wars: Relations<War>,
    treaties: Relations<Treaty>,
    routes: Relations<Trade>,
    mut commands: Commands,
) {
    let partners = partners(
        nations.iter().map(|(nation, _, _, economy, _)| (nation, economy.gdp_usd)).collect(),
        |nation| borders.of(nation).map(|(neighbour, _)| neighbour).collect(),
    );
    let world_usd: f64 = nations.iter().map(|(.., economy, _)| economy.gdp_usd).sum();

    let mut totals: BTreeMap<Entity, Commerce> = BTreeMap::new();
    for (from, seller, here, economy, _) in &nations {
        let theirs = partners.get(&from).into_iter().flatten();
        for &to in theirs {
            let Some((_, buyer, there, market, _)) = nations.get(to) else { continue };
            let at_war = wars.between(from, to).is_some() || wars.between(to, from).is_some();
            let ties = Ties {
                language: seller.language == buyer.language,
                border: borders.between(from, to).is_some(),
                treaty: treaties.between(from, to).is_some()
                    || treaties.between(to, from).is_some(),
            };
            let distance_km = gravity::distance_km(here, there);
            let (gdp_usd, market_usd) = (economy.gdp_usd, market.gdp_usd);
            let usd_per_year =
                gravity::exports_usd(gdp_usd, market_usd, world_usd, distance_km, ties);
            if usd_per_year >= ROUTE_MIN_USD && !at_war {
                commands.relate(from, to, Trade { usd_per_year });
                totals.entry(from).or_default().exports_usd += usd_per_year;
                totals.entry(to).or_default().imports_usd += usd_per_year;
            } else if routes.between(from, to).is_some() {
                commands.unrelate::<Trade>(from, to);
            }
        }
        for (to, _) in routes.of(from) {
            if !partners.get(&from).is_some_and(|partners| partners.contains(&to)) {
                commands.unrelate::<Trade>(from, to);
            }
        }
    }
    for (nation, .., commerce) in &mut nations {
        *commerce = totals.get(&nation).copied().unwrap_or_default();
    }
}

/// Whom each nation might trade with.
fn partners(
    mut sizes: Vec<(Entity, f64)>,
    neighbours: impl Fn(Entity) -> Vec<Entity>,
) -> BTreeMap<Entity, BTreeSet<Entity>> {
    let mut partners: BTreeMap<Entity, BTreeSet<Entity>> = BTreeMap::new();
    for &(nation, _) in &sizes {
        partners.entry(nation).or_default().extend(neighbours(nation));
    }
    // Of two that are equal the elder comes first.
    sizes.sort_by(|(a, size_a), (b, size_b)| size_b.total_cmp(size_a).then(a.cmp(b)));
    for (rank, &(large, _)) in sizes.iter().enumerate().take(LARGEST) {
        let reach = if rank < HUBS { sizes.len() } else { LARGEST };
        for &(other, _) in sizes.iter().take(reach).filter(|(other, _)| *other != large) {
            partners.entry(large).or_default().insert(other);
            partners.entry(other).or_default().insert(large);
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_mutual() {
        let nation = |number: u64| Entity::from_bits((1 << 32) | number);
        let sizes = (1..=40).map(|number| (nation(number), number as f64)).collect();
        // A chain of neighbours.
        let chain = |of: Entity| {
            let number = u64::from(of.index());
            [number - 1, number + 1].map(nation).into_iter().filter(|it| it.index() > 0).collect()
        };
        let partners = partners(sizes, chain);
        for (from, others) in &partners {
            assert!(!others.contains(from));
            for to in others.iter().filter(|to| to.index() <= 40) {
                assert!(partners[to].contains(from), "{from} and {to}");
            }
        }
        // The largest trades with everybody, the smallest with its neighbour
        // and the hubs.
        assert_eq!(partners[&nation(40)].len(), 40);
        assert_eq!(partners[&nation(1)].len(), 1 + HUBS);
    }
}
