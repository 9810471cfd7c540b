//! Unread events by blocks of their numbers: whatever comes or goes at an end of
//! a queue, a block between is digested once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use blake3::Hasher;

use super::feed::{digest_topic, number, sized};
use crate::ecs::{EventBlock, Topic, World};
use crate::record::Digest;

/// The blocks of each topic that were seen last, with their digests.
#[derive(Default)]
pub(super) struct Queues {
    topics: BTreeMap<Topic, VecDeque<(EventBlock, Digest)>>,
}

impl Queues {
    /// Digests the unread events of a world, where a block is another than
    /// before.
    pub(super) fn digest(&mut self, world: &World, into: &mut Hasher) {
        let mut bytes = Vec::new();
        for (topic, last, blocks) in world.events.blocks() {
            digest_topic(topic, into);
            number(into, last);
            number(into, blocks.len() as u64);
            let known = self.topics.entry(topic).or_default();
            let mut before = std::mem::take(known);
            for block in blocks {
                while before.front().is_some_and(|(old, _)| first(old) < first(block)) {
                    before.pop_front();
                }
                let same = before.pop_front_if(|(old, _)| Arc::ptr_eq(old, block));
                let fresh = || (block.clone(), digest(block, &mut bytes));
                known.push_back(same.unwrap_or_else(fresh));
            }
            for (_, digest) in known {
                into.update(digest);
            }
        }
    }
}

/// The number of the first event in a block.
fn first(block: &EventBlock) -> Option<u64> {
    block.first().map(|event| event.number)
}

/// Digests a block, with the help of a buffer: BLAKE3 takes one long run of bytes
/// faster than many short ones.
fn digest(block: &EventBlock, bytes: &mut Vec<u8>) -> Digest {
    bytes.clear();
    for event in block.iter() {
        for word in [event.number, event.tick, event.payload.len() as u64] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&event.payload);
    }
    *blake3::hash(bytes).as_bytes()
}

/// Digests all unread events in one run of bytes, as worlds of the first version
/// have them.
pub(super) fn digest_whole(world: &World, into: &mut Hasher) {
    for (topic, last, unread) in world.events.iter() {
        digest_topic(topic, into);
        number(into, last);
        for event in unread {
            number(into, event.number);
            number(into, event.tick);
            sized(into, &event.payload);
        }
    }
}
