//! What is stored, held against the kinds that there are.

use rusqlite::types::FromSqlError;
use sandtable_world::ecs::{
    Kind, KindId, Registry, Role, Topic, check_stored_rows, check_stored_value,
};

use super::super::error::{Failure, Fallible, damage};
use super::super::topics::{subject, topic_of};

/// The kind with this number, if it has this role.
pub(super) fn kind_of(registry: &Registry, number: u32, role: Role) -> Fallible<KindId> {
    let found = registry.iter().nth(number as usize).filter(|(_, kind)| kind.role == role);
    match found {
        Some((id, _)) => Ok(id),
        None => damage(format!("kind {number} is no {}", role.name())),
    }
}

/// Damage, where a cell has another type than its column.
pub(super) fn broken(error: FromSqlError) -> Failure {
    Failure::Damage(error.to_string())
}

/// Checks packed rows.
pub(crate) fn check_packed(kind: &Kind, rows: &[u8]) -> Fallible<()> {
    check_stored_rows(kind, rows).map_err(|problem| Failure::Damage(problem.to_string()))
}

/// Checks a value of any storage.
pub(crate) fn check_value(kind: &Kind, value: &[u8]) -> Fallible<()> {
    check_stored_value(kind, value).map_err(|problem| Failure::Damage(problem.to_string()))
}

/// Checks that there is such a topic.
pub(crate) fn check_topic(registry: &Registry, number: i64) -> Fallible<Topic> {
    let topic = topic_of(number);
    let known = match topic {
        Some(Topic::Kind(kind)) => kind_of(registry, kind.0, Role::Event)
            .or(kind_of(registry, kind.0, Role::Input))
            .is_ok(),
        Some(Topic::Removed(kind)) => kind_of(registry, kind.0, Role::Component).is_ok(),
        Some(Topic::Despawned) => true,
        None => false,
    };
    match topic.filter(|_| known) {
        Some(topic) => Ok(topic),
        None => damage(format!("there is no topic {number}")),
    }
}

/// Checks what an event carries: a value of its kind, or an entity.
pub(crate) fn check_payload(registry: &Registry, topic: Topic, payload: &[u8]) -> Fallible<()> {
    match topic {
        Topic::Kind(id) => match registry.iter().nth(id.0 as usize) {
            Some((_, kind)) => check_value(kind, payload),
            None => damage(format!("there is no kind {}", id.0)),
        },
        _ if subject(payload).is_some() => Ok(()),
        topic => damage(format!("an event of {} names no entity", shown(registry, topic))),
    }
}

/// What a topic is called.
pub(crate) fn shown(registry: &Registry, topic: Topic) -> String {
    let name = |id: KindId| registry.iter().nth(id.0 as usize).map_or("?", |(_, kind)| &kind.name);
    match topic {
        Topic::Kind(id) => format!("`{}`", name(id)),
        Topic::Removed(id) => format!("removals of `{}`", name(id)),
        Topic::Despawned => "despawns".to_owned(),
    }
}
