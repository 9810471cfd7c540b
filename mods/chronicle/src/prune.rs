//! Keeps the book short.

use sandtable_sdk::prelude::*;

use crate::kinds::{Entry, Subject};

/// How many entries are kept, besides those about years.
const ENTRIES: usize = 300;

/// Removes the oldest entries. Those about years stay.
#[system(every = 91, whole = "world")]
pub fn prune(entries: Query<(Entity, &Entry)>, mut commands: Commands) {
    let mut passing: Vec<(u64, Entity)> = entries
        .iter()
        .filter(|(_, entry)| entry.subject != Subject::Year)
        .map(|(entity, entry)| (entry.tick, entity))
        .collect();
    passing.sort_unstable();
    let old = passing.len().saturating_sub(ENTRIES);
    for (_, entity) in passing.into_iter().take(old) {
        commands.despawn(entity);
    }
}
