//! Which of its unread events a system is offered, and what becomes of one at
//! which it always faults.
//!
//! A run that faults has read nothing, so that the system would read the same
//! again and fault again. After faults in a row it is offered a half of what is
//! unread, an eighth, a 64th and so on, the oldest, one at the least, and after
//! each good run as much as before the last fault: events before the one that is
//! to blame are read, and that one becomes the oldest. Once it faults at
//! that one alone, and has faulted as often in a row as the world says, it runs
//! with none. If that goes well, the event is to blame and is set aside for this
//! system; if not, none is, and the system is offered none until it runs well.
//!
//! Invariant: all of it is a function of the world. How far a system has got
//! stands there under its full name, beside how mods behave, and only while it
//! has trouble.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ecs::{ModState, Stamp, SystemState, Topic, World};
use crate::record::SetAside;
use crate::system::System;

/// Up to which number of each of its topics a system is offered events.
pub type Offer = BTreeMap<Topic, u64>;

/// What a system is offered in the tick that a world stands at.
pub fn offer(world: &World, system: &System) -> Offer {
    let Some(trouble) = world.mods.get(&system.name) else {
        return system.reads.iter().map(|topic| (*topic, world.events.last(*topic))).collect();
    };
    let unread = unread(world, system);
    let mut offer: Offer =
        system.reads.iter().map(|topic| (*topic, read(world, system, *topic))).collect();
    for (_, topic, number) in &unread[..how_many(unread.len(), trouble)] {
        offer.insert(*topic, *number);
    }
    offer
}

/// Notes that a system ran without a fault: what it was offered it has read. An
/// event that turned out to be to blame for its faults is set aside.
pub fn succeeded(world: &mut World, system: &System, at: Stamp) -> Option<SetAside> {
    let mut offer = offer(world, system);
    let mut found = None;
    if let Some(trouble) = world.mods.get(&system.name).cloned() {
        let left = match trouble {
            ModState { suspended: false, faults_in_a_row: 2.. } => {
                Some(ModState { faults_in_a_row: trouble.faults_in_a_row - 1, suspended: false })
            }
            ModState { suspended: true, faults_in_a_row: 1.. } => {
                found = unread(world, system).first().copied();
                None
            }
            _ => None,
        };
        note(world, system, left);
    }
    let found = found.and_then(|(_, topic, number)| {
        offer.insert(topic, number);
        let event = world.events.get(topic, number)?.clone();
        Some(SetAside { topic, event, system: system.name.clone() })
    });
    let state = Arc::make_mut(&mut world.systems).entry(system.name.clone()).or_default();
    state.last_run = Some(at);
    state.cursors.extend(offer);
    found
}

/// Notes that a system faulted, or that its tick could not be done with it, in a
/// world that sets an event aside after so many faults in a row; after none, if
/// that is zero.
pub fn failed(world: &mut World, system: &System, faults_to_set_aside: u32) {
    let unread = match faults_to_set_aside {
        0 => 0,
        _ => unread(world, system).len(),
    };
    if unread == 0 {
        return note(world, system, None);
    }
    let trouble = world.mods.get(&system.name).cloned().unwrap_or_default();
    let next = match trouble.suspended {
        // It was offered none: they are not to blame.
        true => ModState { faults_in_a_row: 0, suspended: true },
        false => {
            let faults = trouble.faults_in_a_row.saturating_add(1).min(FAULTS_MAX);
            let alone = how_many(unread, &trouble) == 1;
            let suspended = alone && faults >= faults_to_set_aside;
            ModState { faults_in_a_row: faults, suspended }
        }
    };
    note(world, system, Some(next));
}

/// Faults in a row beyond which no more are counted.
const FAULTS_MAX: u32 = u32::MAX >> 1;

/// How many of so many unread events are offered.
fn how_many(unread: usize, trouble: &ModState) -> usize {
    let faults = trouble.faults_in_a_row;
    let halvings = faults.saturating_mul(faults.saturating_add(1)) / 2;
    match trouble.suspended {
        true => 0,
        false => unread.checked_shr(halvings).unwrap_or(0).max(1).min(unread),
    }
}

/// What a system has not read, oldest first: the tick, the topic, the number.
fn unread(world: &World, system: &System) -> Vec<(u64, Topic, u64)> {
    let of = |topic: &Topic| {
        let (topic, read) = (*topic, read(world, system, *topic));
        world.events.after(topic, read).map(move |event| (event.tick, topic, event.number))
    };
    let mut unread: Vec<_> = system.reads.iter().flat_map(of).collect();
    unread.sort_unstable();
    unread
}

/// Up to which number a system has read a topic. One that never ran starts with
/// what is still unread by others.
pub fn read(world: &World, system: &System, topic: Topic) -> u64 {
    let state = world.systems.get(&system.name);
    state.and_then(|state| state.cursors.get(&topic)).copied().unwrap_or(0)
}

/// Whether a system has run without a fault, by what each has seen.
pub fn has_run(systems: &BTreeMap<String, SystemState>, system: &System) -> bool {
    systems.get(&system.name).is_some_and(|state| state.last_run.is_some())
}

fn note(world: &mut World, system: &System, trouble: Option<ModState>) {
    if world.mods.get(&system.name) == trouble.as_ref() {
        return;
    }
    let mods = Arc::make_mut(&mut world.mods);
    match trouble {
        Some(trouble) => mods.insert(system.name.clone(), trouble),
        None => mods.remove(&system.name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::KindId;
    use crate::system::Span;

    const ORDERS: Topic = Topic::Kind(KindId(0));
    const BELLS: Topic = Topic::Kind(KindId(1));

    fn system() -> System {
        System {
            name: "a/read".to_owned(),
            owner: 0,
            index: 0,
            queries: Vec::new(),
            span: Span::World,
            every: 1,
            phase: 0,
            run_if: Vec::new(),
            startup: false,
            resources: Vec::new(),
            lookups: Vec::new(),
            relations: Vec::new(),
            reads: vec![BELLS, ORDERS],
            emits: Vec::new(),
            commands: false,
            tables: false,
            before: Vec::new(),
            after: Vec::new(),
            is_dispensable: false,
        }
    }

    /// Lets the system run in ticks until nothing is unread. It faults where it is
    /// offered a bad event, or always. Gives the numbers of runs that faulted, and
    /// what was set aside.
    fn read_all(
        world: &mut World,
        limit: u32,
        is_bad: impl Fn(Topic, u64) -> bool,
    ) -> (u32, Vec<(Topic, u64)>) {
        let system = system();
        let (mut faults, mut aside) = (0, Vec::new());
        for tick in world.tick() + 1..2000 {
            if unread(world, &system).is_empty() {
                return (faults, aside);
            }
            let offer = offer(world, &system);
            let bad = |topic: &Topic| {
                let after = world.events.after(*topic, read(world, &system, *topic));
                let offered: Vec<u64> =
                    after.map(|it| it.number).take_while(|it| *it <= offer[topic]).collect();
                offered.into_iter().any(|number| is_bad(*topic, number))
            };
            if system.reads.iter().any(bad) {
                failed(world, &system, limit);
                faults += 1;
            } else {
                let found = succeeded(world, &system, Stamp::system(tick, 0));
                aside.extend(found.map(|it| (it.topic, it.event.number)));
            }
        }
        panic!("it never gets on: {:?}", world.mods);
    }

    fn world(orders: u64, bells: u64) -> World {
        let mut world = World::new(8);
        for tick in 1..=orders.max(bells) {
            let payload = || Vec::new().into();
            if tick <= orders {
                world.events.push(ORDERS, tick, payload());
            }
            if tick <= bells {
                world.events.push(BELLS, tick, payload());
            }
        }
        world
    }

    #[test]
    fn exactly_what_is_to_blame_is_set_aside() {
        for limit in [1, 2, 3, 10] {
            for count in [1_u64, 2, 17, 300] {
                for bad in [vec![1], vec![count], vec![count.div_ceil(2)], vec![1, 2, count]] {
                    let mut bad: Vec<u64> = bad.into_iter().filter(|it| *it <= count).collect();
                    bad.dedup();
                    let mut world = world(count, 5);
                    let is_bad = |topic, number| topic == ORDERS && bad.contains(&number);
                    let (faults, aside) = read_all(&mut world, limit, is_bad);
                    let expected: Vec<_> = bad.iter().map(|number| (ORDERS, *number)).collect();
                    assert_eq!(aside, expected, "{bad:?} of {count}, {limit}");
                    assert!(faults >= limit.min(2), "{faults}");
                    assert!(world.mods.is_empty(), "nothing is left of the trouble");
                }
            }
        }
    }

    #[test]
    fn a_fault_that_has_to_do_with_no_event_sets_none_aside() {
        let mut world = world(5, 5);
        let system = system();
        for _ in 0..50 {
            failed(&mut world, &system, 3);
        }
        assert!(offer(&world, &system).values().all(|number| *number == 0));
        // Its run is good once more: it is offered everything again.
        assert_eq!(succeeded(&mut world, &system, Stamp::system(9, 0)), None);
        assert_eq!(offer(&world, &system), Offer::from([(ORDERS, 5), (BELLS, 5)]));
        assert_eq!(read_all(&mut world, 3, |_, _| false), (0, Vec::new()));
    }

    #[test]
    fn a_world_that_sets_nothing_aside_offers_everything_every_time() {
        let mut world = world(40, 0);
        for _ in 0..20 {
            failed(&mut world, &system(), 0);
            assert_eq!(offer(&world, &system())[&ORDERS], 40);
        }
        assert!(world.mods.is_empty());
    }

    #[test]
    fn events_that_are_too_many_at_once_are_read_in_parts() {
        let mut world = world(5000, 0);
        let system = system();
        for tick in 1..200 {
            if unread(&world, &system).is_empty() {
                return;
            }
            let offered = offer(&world, &system)[&ORDERS] - read(&world, &system, ORDERS);
            match offered > 1000 {
                true => failed(&mut world, &system, 3),
                false => assert_eq!(
                    succeeded(&mut world, &system, Stamp::system(tick, 0)),
                    None,
                    "too many events are no reason to set one aside"
                ),
            }
        }
        panic!("it never gets through them");
    }
}
