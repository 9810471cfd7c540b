//! Wars end, and what they leave behind.

use sandtable_sdk::prelude::*;

use crate::foreign::{Owner, Place, ProvinceOf};
use crate::kinds::{Opinion, PeaceSigned, Power, ProvinceCeded, War};

/// The chance of peace in the first month of a war, and what each further
/// month adds: nations tire. Most wars last less than a year.
const PEACE_CHANCE: f64 = 0.05;
const PEACE_CHANCE_PER_MONTH: f64 = 0.015;

/// How likely the winner keeps a province.
const CESSION_CHANCE: f64 = 0.5;

/// A nation with fewer provinces cannot spare one.
const CESSION_MIN_PROVINCES: usize = 20;

/// What former enemies think of each other on the day of peace.
const OPINION_AFTER: f64 = -15.0;

/// Days in a month, as far as wars are concerned.
const MONTH_DAYS: u64 = 30;

/// Seconds in a day.
const DAY_SECONDS: f64 = 86_400.0;

/// Ends wars.
#[system(every = 30, whole = "world")]
pub fn campaign(
    nations: Query<(Entity, &Power, &Place)>,
    wars: Relations<War>,
    provinces: Relations<ProvinceOf>,
    places: Lookup<&Place>,
    mut commands: Commands,
    mut peaces: EventWriter<PeaceSigned>,
    mut cessions: EventWriter<ProvinceCeded>,
    rng: Rng,
    tick: Tick,
) {
    for (attacker, power, _) in &nations {
        let mut dice = rng.of(attacker);
        for (defender, war) in wars.of(attacker) {
            let days = days(&tick, war.since_tick);
            if !dice.chance(peace_chance(days)) {
                continue;
            }
            let Some((_, other, _)) = nations.get(defender) else { continue };
            let wins = dice.chance(power.share / (power.share + other.share));
            let (winner, loser) = if wins { (attacker, defender) } else { (defender, attacker) };
            make_peace(&mut commands, attacker, defender);
            peaces.send(PeaceSigned { winner, loser, days });

            let held: Vec<Entity> = provinces.to(loser).map(|(province, _)| province).collect();
            if held.len() < CESSION_MIN_PROVINCES || !dice.chance(CESSION_CHANCE) {
                continue;
            }
            let Some((.., capital)) = nations.get(winner) else { continue };
            places.fetch(held.iter().copied());
            let located = held.iter().filter_map(|at| Some((*at, places.get(*at)?)));
            if let Some(province) = nearest(capital, located) {
                hand_over(&mut commands, province, loser, winner);
                cessions.send(ProvinceCeded { province, from: loser, to: winner });
            }
        }
    }
}

fn make_peace(commands: &mut Commands, attacker: Entity, defender: Entity) {
    commands.unrelate::<War>(attacker, defender);
    commands.relate(attacker, defender, Opinion { value: OPINION_AFTER });
    commands.relate(defender, attacker, Opinion { value: OPINION_AFTER });
}

fn hand_over(commands: &mut Commands, province: Entity, from: Entity, to: Entity) {
    commands.unrelate::<ProvinceOf>(province, from);
    commands.relate(province, to, ProvinceOf);
    commands.insert(province, Owner { nation: to });
}

/// How long ago a tick was.
fn days(tick: &Tick, since: u64) -> u64 {
    let ticks = tick.number().saturating_sub(since);
    (ticks as f64 * tick.dt() / DAY_SECONDS).round() as u64
}

/// How likely a war of so many days ends in this month.
fn peace_chance(days: u64) -> f64 {
    PEACE_CHANCE + PEACE_CHANCE_PER_MONTH * (days / MONTH_DAYS) as f64
}

/// Of all places the one nearest to another, as a flat map shows it.
fn nearest<'p>(to: &Place, places: impl Iterator<Item = (Entity, &'p Place)>) -> Option<Entity> {
    let square = |place: &Place| {
        let north = place.latitude_deg - to.latitude_deg;
        let turn = (place.longitude_deg - to.longitude_deg + 540.0).rem_euclid(360.0) - 180.0;
        let east = turn * to.latitude_deg.to_radians().cos();
        north * north + east * east
    };
    places.min_by(|(_, a), (_, b)| square(a).total_cmp(&square(b))).map(|(entity, _)| entity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude_deg: f64, longitude_deg: f64) -> Place {
        Place { latitude_deg, longitude_deg, area_km2: 1.0 }
    }

    #[test]
    fn wars_tire() {
        assert_eq!(peace_chance(0), PEACE_CHANCE);
        assert!(peace_chance(300) > 2.0 * PEACE_CHANCE);
    }

    #[test]
    fn the_nearest_province_is_taken() {
        let [a, b, c] = [1, 2, 3].map(Entity::from_bits);
        let places = [(a, at(50.0, 10.0)), (b, at(10.0, 170.0)), (c, at(0.0, 0.0))];
        let near = |to: Place| nearest(&to, places.iter().map(|(at, place)| (*at, place)));
        assert_eq!(near(at(45.0, 5.0)), Some(a));
        // Over the date line.
        assert_eq!(near(at(10.0, -175.0)), Some(b));
        assert_eq!(nearest(&at(0.0, 0.0), [].into_iter()), None);
    }
}
