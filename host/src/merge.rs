//! From outcomes to the world.
//!
//! Columns and resources are put in place as soon as a system is done, so that
//! later systems see them. Commands and events wait for the end of the tick
//! and are applied system by system.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ecs::{
    Applied, Bytes, Command, Kind, Spawned, Stamp, Topic, World, canonical_value, in_order,
};
use crate::guest::{EmittedEvent, Outcome, WrittenValues};
use crate::record::Emitted;
use crate::tables::TableChange;

/// What a system run leaves for the end of the tick.
#[derive(Default)]
pub struct Deferred {
    /// In the order of calls.
    pub commands: Vec<Command>,
    /// In the order of calls.
    pub events: Vec<EmittedEvent>,
}

/// Puts the columns and resources of a whole, faultless run in place.
pub fn merge(world: &mut World, outcomes: Vec<Outcome>) -> Deferred {
    let mut deferred = Deferred::default();
    for outcome in outcomes {
        for written in outcome.written {
            if let Some(column) = world.column_mut(written.archetype, written.kind) {
                match written.values {
                    WrittenValues::Packed(page) => column.replace_packed(written.page, page),
                    WrittenValues::Dynamic(page) => column.replace_dynamic(written.page, page),
                }
                if let (Some(stamps), Some(page)) = (&mut column.changed, written.changed) {
                    stamps.replace_page(written.page, page);
                }
            }
        }
        if !outcome.resources.is_empty() {
            Arc::make_mut(&mut world.resources).extend(outcome.resources);
        }
        deferred.commands.extend(outcome.commands);
        deferred.events.extend(outcome.events);
    }
    deferred
}

/// Puts what a run changed in tables in place.
pub fn tables(world: &mut World, changed: &BTreeMap<String, TableChange>) {
    if changed.is_empty() {
        return;
    }
    let tables = Arc::make_mut(&mut world.tables);
    for (name, change) in changed {
        let state = tables.entry(name.clone()).or_default();
        *state = state.plus(change.state);
    }
}

/// Applies what one system left for the end of the tick, and returns what was
/// done and what was emitted.
pub fn apply_deferred(
    world: &mut World,
    system: &str,
    deferred: Deferred,
) -> (Applied, Vec<Emitted>) {
    let tick = world.tick();
    let (applied, spawned) = world.apply(in_order(deferred.commands), Stamp::commands(tick));
    let mut events = deferred.events;
    events.sort_by_key(|event| event.at);
    let emitted = events
        .into_iter()
        .map(|event| {
            let topic = Topic::Kind(event.kind);
            let payload = if applied.spawned == 0 {
                event.payload
            } else {
                resolved(&world.registry.get(event.kind).clone(), &event.payload, &spawned)
            };
            let number = world.events.push(topic, tick, payload.clone());
            Emitted { topic, number, system: system.to_owned(), payload }
        })
        .collect();
    (applied, emitted)
}

/// An event with the entities that its call spawned in the place of their
/// placeholders.
fn resolved(kind: &Kind, payload: &Bytes, spawned: &Spawned) -> Bytes {
    let mut into = Vec::with_capacity(payload.len());
    let mut remap = |entity| Ok(spawned.resolve(entity));
    match canonical_value(kind, &mut &payload[..], &mut into, &mut remap) {
        Ok(()) => into.into(),
        Err(_) => payload.clone(),
    }
}
