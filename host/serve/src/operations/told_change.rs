//! A change as answers have it.

use sandtable::ecs::World;
use sandtable::save::{Change, Labels, PastValue};
use serde_json::Value as Json;

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
