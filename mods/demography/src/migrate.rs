//! People move to where life is better: to other provinces, and over borders.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::foreign::{Border, Economy, Owner, Prosperity, Stance};
use crate::kinds::{Exodus, Humanity, Migration, Population, Society};
use crate::years;

/// Of those who live in a province half as prosperous as their nation, the
/// share that leaves it in a year. Moves between provinces are 1 to 3 % a year.
const INTERNAL_RATE: f64 = 0.02;

/// Of those who could move, the share that moves in a year to a neighbour where
/// incomes are e times as high. Tuned so that some seven million people a
/// year change nations, about what estimates of the world's flows say.
const BORDER_RATE: f64 = 0.004;

/// Most of a giant live too far from the border to think of crossing it.
const MOVABLE_MAX: f64 = 100e6;

/// The length at which a border lets through half of those who want to cross.
const BORDER_HALF_KM: f64 = 300.0;

/// How many times more people leave a nation at war.
const WAR_FLIGHT: f64 = 5.0;

/// People in a quarter from which on a flow is news.
const EXODUS_PEOPLE: f64 = 100_000.0;

/// Moves people for 91 days. No migrant is lost on the way.
#[system(every = 91, whole = "world", after = "live")]
pub fn migrate(
    mut nations: Query<(Entity, &Society, &Economy, Option<&Stance>, &mut Migration)>,
    mut provinces: Query<(&Owner, &Prosperity, &mut Population)>,
    borders: Relations<Border>,
    mut humanity: ResMut<Humanity>,
    mut exoduses: EventWriter<Exodus>,
    tick: Tick,
) {
    let years = years(&tick, 91);

    // What each nation gains, and who is on the way.
    let mut gains: BTreeMap<Entity, f64> = BTreeMap::new();
    let mut migrants = 0.0;
    for (from, society, economy, stance, _) in &nations {
        for (to, border) in borders.of(from) {
            let Some((_, neighbours, theirs, their_stance, _)) = nations.get(to) else { continue };
            if at_war(their_stance) {
                continue;
            }
            let ratio = income(theirs, neighbours) / income(economy, society);
            let rate = border_rate(ratio, border.length_km, at_war(stance));
            let people = movable(society.people, neighbours.people) * rate * years;
            if people <= 0.0 {
                continue;
            }
            *gains.entry(from).or_default() -= people;
            *gains.entry(to).or_default() += people;
            migrants += people;
            if people >= EXODUS_PEOPLE {
                exoduses.send(Exodus { from, to, people });
            }
        }
    }

    // The mean prosperity of each nation, as its people see it.
    let mut means: BTreeMap<Entity, Mean> = BTreeMap::new();
    for (owner, prosperity, population) in &provinces {
        means.entry(owner.nation).or_default().add(prosperity.index, population.people);
    }

    for (owner, prosperity, population) in &mut provinces {
        let Some(mean) = means.get(&owner.nation) else { continue };
        let gain = gains.get(&owner.nation).copied().unwrap_or(0.0);
        let inward = internal_change(prosperity.index, mean.value(), years);
        population.people *= inward * border_change(gain, mean.weight);
    }
    for (nation, _, _, _, migration) in &mut nations {
        migration.net_per_year = gains.get(&nation).copied().unwrap_or(0.0) / years;
    }
    humanity.migrants_per_year = migrants / years;
}

/// A mean in which people count.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: f64, people: f64) {
        self.sum += value * people;
        self.weight += people;
    }

    fn value(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 1.0 }
    }
}

fn at_war(stance: Option<&Stance>) -> bool {
    stance.is_some_and(|stance| stance.wars > 0)
}

/// GDP a head, in US dollars a year.
fn income(economy: &Economy, society: &Society) -> f64 {
    (economy.gdp_usd / society.people.max(1.0)).max(1.0)
}

/// How many people could move from one nation to another: few leave a small
/// nation, and a small one has room for few.
fn movable(from: f64, to: f64) -> f64 {
    (from * to / (from + to).max(1.0)).min(MOVABLE_MAX)
}

/// The share of those who could move that crosses a border in a year, for the
/// income over there as a multiple of the one at home.
fn border_rate(ratio: f64, length_km: f64, flight: bool) -> f64 {
    let openness = length_km / (length_km + BORDER_HALF_KM);
    let pull = ratio.ln().max(0.0);
    // Who flees does not ask for income.
    let wish = if flight { (pull + 0.5) * WAR_FLIGHT } else { pull };
    BORDER_RATE * openness * wish
}

/// What a province's people are multiplied with when some move within the
/// nation. The gains of all provinces are the losses of the others, because
/// `mean` is the mean over people.
fn internal_change(prosperity: f64, mean: f64, years: f64) -> f64 {
    1.0 + 2.0 * INTERNAL_RATE * years * (prosperity / mean - 1.0)
}

/// What a nation's people are multiplied with when some come or leave.
fn border_change(gain: f64, people: f64) -> f64 {
    if people > 0.0 { (1.0 + gain / people).max(0.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_go_where_incomes_are_higher() {
        assert_eq!(border_rate(0.5, 300.0, false), 0.0);
        assert!(border_rate(3.0, 300.0, false) > border_rate(2.0, 300.0, false));
        assert!(border_rate(2.0, 900.0, false) > border_rate(2.0, 90.0, false));
        assert!(border_rate(0.5, 300.0, true) > 0.0);
    }

    #[test]
    fn the_smaller_nation_limits_moves() {
        assert!(movable(1e9, 1e6) < 1e6);
        assert!(movable(1e6, 1e9) < 1e6);
        assert_eq!(movable(2e6, 2e6), 1e6);
        assert_eq!(movable(1.4e9, 1.4e9), MOVABLE_MAX);
        assert_eq!(movable(0.0, 0.0), 0.0);
    }

    #[test]
    fn no_people_are_lost_within_a_nation() {
        let provinces = [(100.0, 0.7), (250.0, 1.4), (20.0, 1.0)];
        let mut mean = Mean::default();
        provinces.iter().for_each(|&(people, prosperity)| mean.add(prosperity, people));
        let change = |prosperity| internal_change(prosperity, mean.value(), 0.25);
        let after: f64 = provinces.iter().map(|&(people, at)| people * change(at)).sum();
        assert!((after - mean.weight).abs() < 1e-9);
        assert!(change(1.4) > 1.0 && change(0.7) < 1.0);
    }

    #[test]
    fn no_nation_falls_below_zero_people() {
        assert_eq!(border_change(-50.0, 100.0), 0.5);
        assert_eq!(border_change(-500.0, 100.0), 0.0);
        assert_eq!(border_change(5.0, 0.0), 1.0);
    }
}
