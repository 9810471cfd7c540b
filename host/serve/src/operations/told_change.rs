//! A change as answers have it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sandtable::ecs::World;
use sandtable::save::{Change, Labels, PastValue};
use serde_json::Value as Json;

use super::super::reply::Reply;

/// What is said of a change, but for who made it.
pub const WHAT_HAPPENED: [&str; 8] =
    ["tick", "action", "entity", "label", "name", "target", "old", "new"];

/// The cells of that, with entities as they are called in a world.
pub fn what_happened(change: &Change, labels: &Labels, world: &World) -> Vec<Json> {
    let value = |value: &Option<PastValue>| value.as_ref().map_or(Json::Null, PastValue::to_json);
    let Change { origin, action, entity, target, kind, old, new } = change;
    vec![
        origin.tick.into(),
        action.name().into(),
        entity.map(|it| it.to_string()).into(),
        entity.and_then(|entity| labels.label(world, entity)).into(),
        kind.as_ref().map(|kind| kind.name.clone()).into(),
        target.map(|it| it.to_string()).into(),
        value(old),
        value(new),
    ]
}

/// What changes are counted by.
pub const COUNTED: [&str; 3] = ["action", "name", "field"];

/// How often there is each of some changes, as rows of [`COUNTED`], what most is first.
pub fn counted(keys: impl Iterator<Item = Vec<Json>>) -> Reply {
    let mut counts: Vec<(Vec<Json>, u64)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for key in keys {
        let at = *known.entry(Json::from(key.clone()).to_string()).or_insert(counts.len());
        match counts.get_mut(at) {
            Some((_, count)) => *count += 1,
            None => counts.push((key, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let rows =
        counts.into_iter().map(|(key, count)| key.into_iter().chain([count.into()]).collect());
    let columns = COUNTED.into_iter().chain(["count"]).map(str::to_owned).collect();
    Reply::rows(columns, rows.collect())
}
