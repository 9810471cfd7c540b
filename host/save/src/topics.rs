//! Topics as they are stored, and whom events without a kind are about.

use serde_json::{Value as Json, json};

use sandtable_world::ecs::{Entity, KindId, Registry, Topic, to_json};
use sandtable_world::record::Emitted;

/// A topic as it is stored: its form above its kind.
pub(super) fn topic_number(topic: Topic) -> i64 {
    let (form, kind) = match topic {
        Topic::Kind(kind) => (0, kind.0),
        Topic::Removed(kind) => (1, kind.0),
        Topic::Despawned => (2, 0),
    };
    form << 32 | i64::from(kind)
}

/// The topic that is stored as this.
pub(super) fn topic_of(number: i64) -> Option<Topic> {
    let kind = KindId(number as u32);
    match number >> 32 {
        0 => Some(Topic::Kind(kind)),
        1 => Some(Topic::Removed(kind)),
        2 if kind.0 == 0 => Some(Topic::Despawned),
        _ => None,
    }
}

/// The entity that a removal or despawn is about.
pub(super) fn subject(payload: &[u8]) -> Option<Entity> {
    let mut rest = payload;
    let bits: u64 = rmp::decode::read_int(&mut rest).ok()?;
    rest.is_empty().then_some(Entity::from_bits(bits))
}

/// What a topic is called.
pub(super) fn topic_name(topic: Topic, registry: &Registry) -> String {
    let name = |kind: KindId| {
        let found = registry.known(kind);
        found.map_or_else(|| format!("kind {}", kind.0), |kind| kind.name.clone())
    };
    match topic {
        Topic::Kind(kind) => name(kind),
        Topic::Removed(kind) => format!("removed {}", name(kind)),
        Topic::Despawned => "despawned".to_owned(),
    }
}

/// An event of a world of these kinds, as the table `events` has it: its name and its
/// payload.
pub fn event_told(event: &Emitted, registry: &Registry) -> (String, Json) {
    let payload = match event.topic {
        Topic::Kind(kind) => registry.known(kind).map(|kind| to_json(kind, &event.payload)),
        _ => subject(&event.payload).map(|entity| json!({ "entity": entity.to_string() })),
    };
    (topic_name(event.topic, registry), payload.unwrap_or(Json::Null))
}
