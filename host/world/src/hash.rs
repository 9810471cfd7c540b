//! The state hash: a BLAKE3 digest of everything that decides how a world goes
//! on, and of nothing else.
//!
//! Whatever can be large is digested in blocks, and a block's digest is kept for
//! as long as nothing in it changed, so that a digest costs what is new:
//!
//! | part | its blocks |
//! |---|---|
//! | `columns` | a fixed number of rows, whatever the size of a page |
//! | `events` | unread events by their numbers |
//! | `edges` | edges from one that begins a block up to the next |
//!
//! Worlds of the first [`HashVersion`] have events, edges and resources in one
//! run of bytes.
//!
//! Not in it: timings, dates, paths, threads, settings of durability.

mod columns;
pub mod content;
mod edges;
mod events;
mod feed;

use std::collections::BTreeMap;
use std::sync::Arc;

use blake3::Hasher;

use self::columns::Columns;
use self::edges::Edges;
use self::events::Queues;
use self::feed::{digest_topic, number, sized};
use crate::ecs::{Bytes, HashVersion, KindId, Relations, Role, Stamp, World};
use crate::record::{Digest, Emitted, Resume, SentEdit, TickRecord};

/// Digests worlds, and remembers what it has seen of the last one.
#[derive(Default)]
pub struct StateHasher {
    columns: Columns,
    relations: BTreeMap<KindId, Digest>,
    seen: Option<Relations>,
    edges: Edges,
    resources: BTreeMap<KindId, (Bytes, Digest)>,
    events: Queues,
}

impl StateHasher {
    /// The state hash of a world.
    pub fn digest(&mut self, world: &World) -> Digest {
        let mut into = Hasher::new();
        number(&mut into, world.tick());
        self.columns.digest(world, &mut into);
        match world.hash_version {
            HashVersion::First => {
                self.digest_relations(world, &mut into);
                for (kind, value) in world.resources.iter() {
                    sized(&mut into, world.registry.get(*kind).name.as_bytes());
                    sized(&mut into, value);
                }
                events::digest_whole(world, &mut into);
            }
            HashVersion::Blocks => {
                self.edges.digest(world, &mut into);
                self.digest_resources(world, &mut into);
                self.events.digest(world, &mut into);
            }
        }
        for (name, system) in world.systems.iter() {
            sized(&mut into, name.as_bytes());
            number(&mut into, system.last_run.map_or(0, Stamp::to_bits));
            for (topic, cursor) in &system.cursors {
                digest_topic(*topic, &mut into);
                number(&mut into, *cursor);
            }
        }
        for (id, state) in world.mods.iter() {
            sized(&mut into, id.as_bytes());
            number(&mut into, u64::from(state.faults_in_a_row) << 1 | u64::from(state.suspended));
        }
        for (name, table) in world.tables.iter() {
            sized(&mut into, name.as_bytes());
            number(&mut into, table.rows);
            number(&mut into, table.bytes);
            table.sum.iter().for_each(|lane| number(&mut into, *lane));
        }
        *into.finalize().as_bytes()
    }

    /// As worlds of the first version have them.
    fn digest_relations(&mut self, world: &World, into: &mut Hasher) {
        let kinds = world.registry.iter().filter(|(_, kind)| kind.role == Role::Relation);
        for (id, kind) in kinds {
            let same = self.seen.as_ref().is_some_and(|seen| seen.is_same(id, &world.relations));
            let digest = match self.relations.get(&id) {
                Some(digest) if same => *digest,
                _ => {
                    let mut hasher = Hasher::new();
                    for (from, to, data) in world.relations.of_kind(id) {
                        number(&mut hasher, from.to_bits());
                        number(&mut hasher, to.to_bits());
                        sized(&mut hasher, data);
                    }
                    *hasher.finalize().as_bytes()
                }
            };
            self.relations.insert(id, digest);
            sized(into, kind.name.as_bytes());
            into.update(&digest);
        }
        self.seen = Some(world.relations.clone());
    }

    fn digest_resources(&mut self, world: &World, into: &mut Hasher) {
        number(into, world.resources.len() as u64);
        self.resources.retain(|kind, _| world.resources.contains_key(kind));
        for (kind, value) in world.resources.iter() {
            sized(into, world.registry.get(*kind).name.as_bytes());
            let fresh = || (value.clone(), *blake3::hash(value).as_bytes());
            let known = self.resources.entry(*kind).or_insert_with(fresh);
            if !Arc::ptr_eq(&known.0, value) {
                *known = fresh();
            }
            into.update(&known.1);
        }
    }
}

/// The chain hash: what came before, what is now, and what went in and out.
/// The record's own hashes are not looked at, nor causes and timings.
pub fn chain(previous: &Digest, state: &Digest, record: &TickRecord) -> Digest {
    let mut into = Hasher::new();
    into.update(previous);
    into.update(state);
    number(&mut into, record.inputs.len() as u64);
    for input in &record.inputs {
        number(&mut into, u64::from(input.kind.0));
        sized(&mut into, input.sender.as_bytes());
        sized(&mut into, &input.payload);
    }
    number(&mut into, record.exclusions.len() as u64);
    // In the order of the save's keys, so that it can be followed there.
    let mut excluded: Vec<&str> = record.exclusions.iter().map(|it| it.mod_id.as_str()).collect();
    excluded.sort_unstable();
    for mod_id in excluded {
        sized(&mut into, mod_id.as_bytes());
    }
    if !record.resumes.is_empty() {
        // No topic has this number, so that they are never taken for events.
        number(&mut into, u64::MAX);
        number(&mut into, record.resumes.len() as u64);
        for Resume { mod_id, sender } in &record.resumes {
            sized(&mut into, mod_id.as_bytes());
            sized(&mut into, sender.as_bytes());
        }
    }
    if !record.edits.is_empty() {
        // Likewise.
        number(&mut into, u64::MAX - 1);
        number(&mut into, record.edits.len() as u64);
        for SentEdit { sender, edit } in record.edits.iter().map(|run| &run.sent) {
            sized(&mut into, sender.as_bytes());
            sized(&mut into, edit.as_bytes());
        }
    }
    let mut events: Vec<&Emitted> = record.events.iter().collect();
    events.sort_unstable_by_key(|event| (event.topic, event.number));
    for event in events {
        digest_topic(event.topic, &mut into);
        number(&mut into, event.number);
        sized(&mut into, &event.payload);
    }
    *into.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
