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

/// Those of the changed world that the other lacks, and of the other that the changed one
/// lacks, tick by tick; and how many more there are.
pub(super) fn others(truth: &Course, changed: &Course) -> (Vec<OtherEvent>, usize) {
    let key = |(tick, event): &(u64, Emitted)| {
        (*tick, event.topic, event.system.clone(), event.payload.clone())
    };
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    changed.events.iter().for_each(|it| *counts.entry(key(it)).or_default() += 1);
    truth.events.iter().for_each(|it| *counts.entry(key(it)).or_default() -= 1);
    let mut all = Vec::new();
    let courses: [(&Course, &World, i64); 2] =
        [(changed, &changed.end, 1), (truth, &truth.end, -1)];
    for (course, world, sign) in courses {
        for (tick, event) in &course.events {
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
    (all, more)
}
