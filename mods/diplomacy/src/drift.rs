//! Lets opinions drift.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::foreign::{Border, Economy, Nation, Trade};
use crate::kinds::{GreatPower, Opinion, Outlook, Treaty, War, WarDeclared};
use crate::opinion::{self, Bonds};

/// Moves every opinion for a quarter. Nations have an opinion of their
/// neighbours, and great powers of each other; opinions of those who are no
/// longer either are forgotten.
#[system(every = 91, whole = "world")]
pub fn drift(
    nations: Query<(Entity, &Nation, &Economy, &Outlook, Option<&GreatPower>)>,
    borders: Relations<Border>,
    trade: Relations<Trade>,
    treaties: Relations<Treaty>,
    wars: Relations<War>,
    opinions: Relations<Opinion>,
    attacks: EventReader<WarDeclared>,
    mut commands: Commands,
    rng: Rng,
) {
    let great: Vec<Entity> =
        nations.iter().filter(|(.., great)| great.is_some()).map(|(nation, ..)| nation).collect();
    let aggression = aggression(&attacks);

    for (from, nation, economy, outlook, is_great) in &nations {
        let rivals = if is_great.is_some() { great.as_slice() } else { &[] };
        let known = contacts(from, borders.of(from), rivals);
        let mut dice = rng.of(from);
        for (&to, &contact) in &known {
            let Some((_, other, ..)) = nations.get(to) else { continue };
            let traded = |edge: Option<&Trade>| edge.map_or(0.0, |trade| trade.usd_per_year);
            let bonds = Bonds {
                language: nation.language == other.language,
                treaty: linked(&treaties, from, to),
                war: linked(&wars, from, to),
                rivals: contact.rival,
                border_km: contact.border_km,
                trade_share: (traded(trade.between(from, to)) + traded(trade.between(to, from)))
                    / economy.gdp_usd.max(1.0),
                openness: outlook.openness,
            };
            let target = bonds.target();
            let before = opinions.between(from, to).map_or(target, |opinion| opinion.value);
            let shock = aggression.get(&to).copied().unwrap_or(0.0);
            let value = opinion::drifted(before + shock, target, dice.normal());
            commands.relate(from, to, Opinion { value });
        }
        for (to, _) in opinions.of(from).filter(|(to, _)| !known.contains_key(to)) {
            commands.unrelate::<Opinion>(from, to);
        }
    }
}

/// Why a nation has an opinion of another.
#[derive(Clone, Copy, Default)]
struct Contact {
    border_km: f64,
    rival: bool,
}

/// Whom a nation has an opinion of.
fn contacts<'b>(
    nation: Entity,
    borders: impl Iterator<Item = (Entity, &'b Border)>,
    rivals: &[Entity],
) -> BTreeMap<Entity, Contact> {
    let mut contacts: BTreeMap<Entity, Contact> = BTreeMap::new();
    for (neighbour, border) in borders {
        contacts.entry(neighbour).or_default().border_km = border.length_km;
    }
    for &rival in rivals.iter().filter(|rival| **rival != nation) {
        contacts.entry(rival).or_default().rival = true;
    }
    contacts
}

/// What the attacks of the last quarter cost each attacker with all others.
fn aggression(attacks: &EventReader<WarDeclared>) -> BTreeMap<Entity, f64> {
    let mut costs: BTreeMap<Entity, f64> = BTreeMap::new();
    for attack in attacks {
        *costs.entry(attack.by).or_default() += opinion::AGGRESSION;
    }
    costs
}

/// Whether there is an edge between two nations, whichever way.
fn linked<K: Relation>(edges: &Relations<K>, a: Entity, b: Entity) -> bool {
    edges.between(a, b).is_some() || edges.between(b, a).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_neighbours_and_rivals() {
        let [me, near, far] = [1, 2, 3].map(Entity::from_bits);
        let border = Border { length_km: 100.0 };
        let contacts = contacts(me, [(near, &border)].into_iter(), &[me, near, far]);
        assert_eq!(contacts.len(), 2);
        assert!(contacts[&near].rival && contacts[&near].border_km == 100.0);
        assert!(contacts[&far].rival && contacts[&far].border_km == 0.0);
    }
}
