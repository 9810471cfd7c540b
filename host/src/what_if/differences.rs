//! In what two worlds differ that were one: what first and by whom, and how much at last.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::course::Course;
use crate::ecs::{Entity, KindId, World};
use crate::record::Step;
use crate::save::{Action, Change, Labels, differences};

/// How many of the first differences are told.
const FIRST_MAX: usize = 40;
/// Differences at the end whose fields are looked at.
const COMPARED_MAX: usize = 20_000;
/// How many counts are told.
const COUNTS_MAX: usize = 40;

/// Something that became other.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstDifference {
    /// In which tick.
    pub tick: u64,
    /// Of which entity; none for a resource.
    pub entity: Option<Entity>,
    /// What that is called.
    pub label: Option<String>,
    /// Which component, relation or resource; none for the entity as such.
    pub kind: Option<String>,
    /// Which field, where one is other; the first of several.
    pub field: Option<String>,
    /// What it is without the changes.
    pub truth: Json,
    /// What it is with them.
    pub changed: Json,
    /// The system that made it so, by full name, where it was one.
    pub system: Option<String>,
    /// Whether an edit made it so.
    pub by_hand: bool,
}

/// How often something is other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What happened, seen from the unchanged world: `changed`, `spawned` and so on.
    pub action: &'static str,
    /// To which component, relation or resource.
    pub kind: Option<String>,
    /// To which field.
    pub field: Option<String>,
    /// How often.
    pub count: u64,
}

/// What became other first, tick by tick, each thing once.
pub(super) fn first(truth: &Course, changed: &Course, labels: &Labels) -> Vec<FirstDifference> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for ((is, _), (other, steps)) in truth.early.iter().zip(&changed.early) {
        for change in differences(is, other, None) {
            let kind = change.kind.as_ref().map(|kind| kind.name.clone());
            if !known.insert((change.entity, change.target, kind.clone())) {
                continue;
            }
            let step = steps.iter().rev().find(|step| made(step, &change, other));
            let (field, was, is_now) = fields(&change).into_iter().next().unwrap_or_default();
            let label = change.entity.and_then(|entity| {
                labels.label(other, entity).or_else(|| labels.label(is, entity))
            });
            all.push(FirstDifference {
                tick: other.tick(),
                entity: change.entity,
                label,
                kind,
                field,
                truth: was,
                changed: is_now,
                system: step.filter(|it| it.edit.is_none()).map(|it| it.system.clone()),
                by_hand: step.is_some_and(|it| it.edit.is_some()),
            });
            if all.len() == FIRST_MAX {
                return all;
            }
        }
    }
    all
}

/// Whether a step changed what is other.
fn made(step: &Step, change: &Change, now: &World) -> bool {
    let kind = change.kind.as_ref().and_then(|kind| now.registry.find(&kind.name));
    let of = |world: &World| -> Option<Vec<u8>> {
        let alive = |entity: Entity| world.entities.locate(entity).is_some();
        match (change.entity, change.target, kind) {
            (Some(entity), None, Some(kind)) => component(world, entity, kind),
            (Some(from), Some(to), Some(kind)) => {
                world.relations.get(kind, from, to).map(|data| data.to_vec())
            }
            (None, _, Some(kind)) => world.resources.get(&kind).map(|value| value.to_vec()),
            (Some(entity), _, None) => alive(entity).then(Vec::new),
            _ => None,
        }
    };
    of(&step.before) != of(&step.after)
}

fn component(world: &World, entity: Entity, kind: KindId) -> Option<Vec<u8>> {
    world.component(entity, kind).map(<[u8]>::to_vec)
}

/// The fields that are other, with both values; the whole where there is only one.
fn fields(change: &Change) -> Vec<(Option<String>, Json, Json)> {
    let json = |value: &Option<crate::save::PastValue>| {
        value.as_ref().map_or(Json::Null, |value| value.to_json())
    };
    match (json(&change.old), json(&change.new)) {
        (Json::Object(old), Json::Object(new)) => old
            .into_iter()
            .filter_map(|(name, was)| {
                let is = new.get(&name)?.clone();
                (was != is).then_some((Some(name), was, is))
            })
            .collect(),
        (old, new) => vec![(None, old, new)],
    }
}

/// How much is other at the end.
pub(super) fn summary(truth: &Course, changed: &Course) -> Vec<Count> {
    if truth.end.tick() != changed.end.tick() {
        return Vec::new();
    }
    let mut counts: BTreeMap<(&'static str, Option<String>, Option<String>), u64> = BTreeMap::new();
    let all = differences(&truth.end, &changed.end, None);
    for (at, change) in all.iter().enumerate() {
        let kind = change.kind.as_ref().map(|kind| kind.name.clone());
        let action = change.action.name();
        let of_fields = match change.action == Action::Changed && at < COMPARED_MAX {
            true => fields(change).into_iter().map(|(field, ..)| field).collect(),
            false => vec![None],
        };
        for field in of_fields {
            *counts.entry((action, kind.clone(), field)).or_default() += 1;
        }
    }
    let mut counts: Vec<Count> = counts
        .into_iter()
        .map(|((action, kind, field), count)| Count { action, kind, field, count })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts.truncate(COUNTS_MAX);
    counts
}
