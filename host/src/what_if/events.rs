//! Which events of mods there are in one of two worlds that were one, and not in the other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::course::Course;
use crate::ecs::World;
use crate::record::Emitted;
use crate::save::event_told;

/// How many events are told.
const EVENTS_MAX: usize = 100;

/// An event that one of the two worlds has and the other lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherEvent {
    /// In which tick.
    pub tick: u64,
    /// Its kind, by full name.
    pub name: String,
    /// Its value.
    pub value: Json,
    /// The system that emitted it, by full name.
    pub system: String,
    /// Whether it comes of the changes; else it no longer comes because of them.
    pub is_of_changed: bool,
}

/// Events that one of two worlds has and the other lacks.
#[derive(Default)]
pub(super) struct OtherEvents {
    /// The first of them, tick by tick.
    pub told: Vec<OtherEvent>,
    /// How many more there are.
    pub more: usize,
    /// The last tick whose events were compared: both worlds did it, and all events of both
    /// are known up to it.
    pub to: u64,
}

/// Those of the changed world that the other lacks, and of the other that the changed one
/// lacks.
pub(super) fn others(truth: &Course, changed: &Course) -> OtherEvents {
    let to = truth.events_to.min(changed.events_to);
    let key = |(tick, event): &(u64, Emitted)| {
        (*tick, event.topic, event.system.clone(), event.payload.clone())
    };
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    up_to(changed, to).for_each(|it| *counts.entry(key(it)).or_default() += 1);
    up_to(truth, to).for_each(|it| *counts.entry(key(it)).or_default() -= 1);
    let mut all = Vec::new();
    let courses: [(&Course, &World, i64); 2] =
        [(changed, &changed.end, 1), (truth, &truth.end, -1)];
    for (course, world, sign) in courses {
        for (tick, event) in up_to(course, to) {
            let Some(count) = counts.get_mut(&key(&(*tick, event.clone()))) else { continue };
            if *count * sign <= 0 {
                continue;
            }
            *count -= sign;
            let (name, value) = event_told(event, &world.registry);
            let (tick, system) = (*tick, event.system.clone());
            all.push(OtherEvent { tick, name, value, system, is_of_changed: sign == 1 });
        }
    }
    // Of a tick those that come of the changes first, in the order in which they came.
    all.sort_by_key(|event| event.tick);
    let more = all.len().saturating_sub(EVENTS_MAX);
    all.truncate(EVENTS_MAX);
    OtherEvents { told: all, more, to }
}

/// The events of a world up to a tick.
fn up_to(course: &Course, to: u64) -> impl Iterator<Item = &(u64, Emitted)> {
    course.events.iter().take_while(move |(tick, _)| *tick <= to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{KindId, Topic};

    /// A course of which so many ticks' events are known, one a tick.
    fn course(events_to: u64, done_to: u64) -> Course {
        let emitted = |tick: u64| Emitted {
            topic: Topic::Kind(KindId(0)),
            number: tick,
            system: "a/b".to_owned(),
            payload: Vec::new().into(),
        };
        let mut end = World::new(8);
        end.set_tick(done_to);
        Course {
            points: Vec::new(),
            early: Vec::new(),
            events: (1..=events_to).map(|tick| (tick, emitted(tick))).collect(),
            events_to,
            end,
            edits: Vec::new(),
            faults: 0,
            cut: None,
        }
    }

    #[test]
    fn what_one_of_them_did_not_get_to_is_not_missing_there() {
        for (truth, changed, to) in [((5, 5), (3, 3), 3), ((2, 9), (9, 9), 2), ((4, 4), (4, 4), 4)]
        {
            let others = others(&course(truth.0, truth.1), &course(changed.0, changed.1));
            assert_eq!((others.told.len(), others.more, others.to), (0, 0, to));
        }
    }
}
