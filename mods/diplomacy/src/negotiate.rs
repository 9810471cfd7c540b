//! Lets nations act on their opinions: treaties begin and end, wars break out.

use std::collections::BTreeSet;

use sandtable_sdk::prelude::*;

use crate::foreign::{Border, Society};
use crate::kinds::{Opinion, Power, Stance, Treaty, TreatyEnded, TreatySigned, War, WarDeclared};

/// The opinion that both must have of each other before they sign, and the
/// chance that they do in a month.
const SIGN_ABOVE: f64 = 24.0;
const SIGN_CHANCE: f64 = 0.06;

/// The opinion at which one of them leaves.
const LEAVE_BELOW: f64 = 0.0;

/// The opinion at which a nation may attack, and the chance that an equal does
/// in a month. A stronger one does more readily.
const ATTACK_BELOW: f64 = -35.0;
const ATTACK_CHANCE: f64 = 0.03;

/// No nation attacks that is weaker than this, as a multiple of the other.
const ATTACK_MIN_RATIO: f64 = 0.5;

/// Nations of fewer people do not go to war: they have no army to do it with.
const WAR_MIN_PEOPLE: f64 = 1e6;

/// Signs and leaves treaties, and declares wars.
#[system(every = 30, whole = "world")]
pub fn negotiate(
    nations: Query<(Entity, &Society, &Power, &Stance)>,
    opinions: Relations<Opinion>,
    treaties: Relations<Treaty>,
    wars: Relations<War>,
    borders: Relations<Border>,
    mut commands: Commands,
    mut signed: EventWriter<TreatySigned>,
    mut ended: EventWriter<TreatyEnded>,
    mut declared: EventWriter<WarDeclared>,
    rng: Rng,
    tick: Tick,
) {
    let since_tick = tick.number();
    // Who is at war, those who go to war in this run included.
    let at_war =
        |(nation, .., stance): (Entity, _, _, &Stance)| (stance.wars > 0).then_some(nation);
    let mut fighting: BTreeSet<Entity> = nations.iter().filter_map(at_war).collect();
    for (nation, society, power, _) in &nations {
        let mut dice = rng.of(nation);
        for (other, opinion) in opinions.of(nation) {
            let Some((_, others, other_power, _)) = nations.get(other) else { continue };
            let theirs = opinions.between(other, nation).map_or(0.0, |opinion| opinion.value);
            let (a, b) = (nation.min(other), nation.max(other));
            let (sign, attack) = (dice.f64(), dice.f64());
            if treaties.between(a, b).is_some() {
                // Each pair comes by twice; the elder acts for both.
                if nation == a && opinion.value.min(theirs) < LEAVE_BELOW {
                    commands.unrelate::<Treaty>(a, b);
                    ended.send(TreatyEnded { a, b });
                }
                continue;
            }
            let enemies = wars.between(a, b).is_some() || wars.between(b, a).is_some();
            if nation == a && !enemies && signs(opinion.value, theirs) && sign < SIGN_CHANCE {
                commands.relate(a, b, Treaty { since_tick });
                signed.send(TreatySigned { a, b });
            }
            let able = society.people.min(others.people) >= WAR_MIN_PEOPLE
                // No nation attacks one that no army can reach.
                && borders.between(nation, other).is_some()
                && !fighting.contains(&nation)
                && !fighting.contains(&other);
            let ratio = power.share / other_power.share.max(f64::MIN_POSITIVE);
            if able && attack < attack_chance(opinion.value, ratio) {
                fighting.extend([nation, other]);
                commands.relate(nation, other, War { since_tick });
                declared.send(WarDeclared { by: nation, on: other });
            }
        }
    }
}

/// Whether two nations think well enough of each other.
fn signs(one: f64, other: f64) -> bool {
    one.min(other) > SIGN_ABOVE
}

/// How likely a nation attacks another in a month, for its opinion of it and
/// its power as a multiple of the other's.
fn attack_chance(opinion: f64, ratio: f64) -> f64 {
    if opinion > ATTACK_BELOW || ratio < ATTACK_MIN_RATIO {
        return 0.0;
    }
    // One chance for an equal, two at most for a giant.
    ATTACK_CHANCE * 2.0 * ratio / (1.0 + ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_must_want_a_treaty() {
        assert!(signs(50.0, 40.0));
        assert!(!signs(90.0, 10.0));
    }

    #[test]
    fn only_those_attack_who_hate_and_can() {
        assert_eq!(attack_chance(0.0, 5.0), 0.0);
        assert_eq!(attack_chance(-90.0, 0.1), 0.0);
        assert_eq!(attack_chance(-90.0, 1.0), ATTACK_CHANCE);
        assert!(attack_chance(-90.0, 10.0) < 2.0 * ATTACK_CHANCE);
    }
}
