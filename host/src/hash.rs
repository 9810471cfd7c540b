//! The state hash: a BLAKE3 digest of everything that decides how a world goes
//! on, and of nothing else.
//!
//! Columns are digested in blocks of a fixed number of rows, whatever the size of
//! a page, so that the hash does not depend on the size of shards. A digest is
//! kept for as long as the pages below it are the same.
//!
//! Not in it: timings, dates, paths, threads, settings of durability.

use std::collections::BTreeMap;
use std::sync::Arc;

use blake3::Hasher;
use rayon::prelude::*;

use crate::ecs::{
    ArchetypeId, Bytes, Entity, KindId, Paged, Relations, Role, Slot, Stamp, Topic, Values, World,
};
use crate::record::{Digest, Emitted, TickRecord};

/// Rows whose bytes are digested together.
const BLOCK_ROWS: usize = 4096;

/// Digests worlds, and remembers what it has seen of the last one.
#[derive(Default)]
pub struct StateHasher {
    slots: Blocks<Slot>,
    archetypes: BTreeMap<ArchetypeId, ArchetypeBlocks>,
    relations: BTreeMap<KindId, Digest>,
    seen: Option<Relations>,
}

#[derive(Default)]
struct ArchetypeBlocks {
    entities: Blocks<Entity>,
    columns: Vec<ColumnBlocks>,
}

#[derive(Default)]
struct ColumnBlocks {
    packed: Blocks<u8>,
    dynamic: Blocks<Bytes>,
    changed: Blocks<Stamp>,
    added: Blocks<Stamp>,
}

/// Digests of an array's blocks, and the pages they were made of.
struct Blocks<T> {
    pages: Vec<Arc<Vec<T>>>,
    rows: usize,
    digests: Vec<Digest>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), rows: 0, digests: Vec::new() }
    }
}

/// What can be digested as a run of items.
trait Digestible: Clone + Sync + Send {
    fn feed(items: &[Self], into: &mut Hasher);
}

impl Digestible for u8 {
    fn feed(items: &[Self], into: &mut Hasher) {
        into.update(items);
    }
}

impl Digestible for Bytes {
    fn feed(items: &[Self], into: &mut Hasher) {
        for item in items {
            sized(into, item);
        }
    }
}

fn feed_words<T>(items: &[T], word: impl Fn(&T) -> u64, into: &mut Hasher) {
    // BLAKE3 digests many of its blocks at once, if it is given as many.
    const WORDS: usize = 2048;
    let mut bytes = [0; WORDS * 8];
    for items in items.chunks(WORDS) {
        for (bytes, item) in bytes.chunks_exact_mut(8).zip(items) {
            bytes.copy_from_slice(&word(item).to_le_bytes());
        }
        into.update(&bytes[..items.len() * 8]);
    }
}

impl Digestible for Entity {
    fn feed(items: &[Self], into: &mut Hasher) {
        feed_words(items, |entity| entity.to_bits(), into);
    }
}

impl Digestible for Stamp {
    fn feed(items: &[Self], into: &mut Hasher) {
        feed_words(items, |stamp| stamp.to_bits(), into);
    }
}

impl Digestible for Slot {
    fn feed(items: &[Self], into: &mut Hasher) {
        feed_words(items, |slot| u64::from(slot.generation), into);
        feed_words(items, |slot| u64::from(slot.archetype.0) << 32 | u64::from(slot.row), into);
    }
}

fn number(into: &mut Hasher, value: u64) {
    into.update(&value.to_le_bytes());
}

fn sized(into: &mut Hasher, bytes: &[u8]) {
    number(into, bytes.len() as u64);
    into.update(bytes);
}

impl<T: Digestible> Blocks<T> {
    /// Digests an array, block by block where a page is another than before.
    fn digest(&mut self, array: &Paged<T>, into: &mut Hasher) {
        number(into, array.len() as u64);
        if array.width() == 0 {
            return;
        }
        let blocks = array.len().div_ceil(BLOCK_ROWS);
        let per_page = array.rows_per_page();
        let same_page = |page: usize| match (self.pages.get(page), array.pages().get(page)) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            _ => false,
        };
        let stale: Vec<usize> = (0..blocks)
            .filter(|block| {
                let rows = block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(array.len());
                let pages = rows.start / per_page..=(rows.end - 1) / per_page;
                *block >= self.digests.len()
                    || rows.end > self.rows
                    || (rows.end < (block + 1) * BLOCK_ROWS && self.rows != array.len())
                    || !pages.into_iter().all(same_page)
            })
            .collect();
        let digest = |block: usize| {
            let mut hasher = Hasher::new();
            let rows = block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(array.len());
            array.for_each_run(rows, |items| T::feed(items, &mut hasher));
            *hasher.finalize().as_bytes()
        };
        self.digests.resize(blocks, [0; 32]);
        if stale.len() > PARALLEL_BLOCKS {
            let fresh: Vec<Digest> = stale.par_iter().map(|&block| digest(block)).collect();
            for (block, fresh) in stale.into_iter().zip(fresh) {
                self.digests[block] = fresh;
            }
        } else {
            for block in stale {
                self.digests[block] = digest(block);
            }
        }
        self.pages = array.pages().to_vec();
        self.rows = array.len();
        for digest in &self.digests {
            into.update(digest);
        }
    }
}

/// From so many blocks on, they are worth waking other threads.
const PARALLEL_BLOCKS: usize = 16;

impl StateHasher {
    /// The state hash of a world.
    pub fn digest(&mut self, world: &World) -> Digest {
        let mut into = Hasher::new();
        number(&mut into, world.tick());
        self.digest_entities(world, &mut into);
        self.digest_relations(world, &mut into);
        for (kind, value) in world.resources.iter() {
            sized(&mut into, world.registry.get(*kind).name.as_bytes());
            sized(&mut into, value);
        }
        digest_events(world, &mut into);
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

    fn digest_entities(&mut self, world: &World, into: &mut Hasher) {
        self.slots.digest(world.entities.slots(), into);
        number(into, u64::from(world.entities.first_free()));
        number(into, world.archetypes().len() as u64);
        for (at, archetype) in world.archetypes().iter().enumerate() {
            let blocks = self.archetypes.entry(ArchetypeId(at as u32)).or_default();
            blocks.entities.digest(archetype.entities(), into);
            blocks.columns.resize_with(archetype.columns().len(), ColumnBlocks::default);
            for (column, blocks) in archetype.columns().iter().zip(&mut blocks.columns) {
                number(into, u64::from(column.kind.0));
                match &column.values {
                    Values::Packed(rows) => blocks.packed.digest(rows, into),
                    Values::Dynamic(rows) => blocks.dynamic.digest(rows, into),
                }
                for (stamps, blocks) in
                    [(&column.changed, &mut blocks.changed), (&column.added, &mut blocks.added)]
                {
                    if let Some(stamps) = stamps {
                        blocks.digest(stamps, into);
                    }
                }
            }
        }
    }

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
}

fn digest_topic(topic: Topic, into: &mut Hasher) {
    let (form, kind) = match topic {
        Topic::Kind(kind) => (0, kind.0),
        Topic::Removed(kind) => (1, kind.0),
        Topic::Despawned => (2, 0),
    };
    number(into, form << 32 | u64::from(kind));
}

fn digest_events(world: &World, into: &mut Hasher) {
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
    let mut events: Vec<&Emitted> = record.events.iter().collect();
    events.sort_unstable_by_key(|event| (event.topic, event.number));
    for event in events {
        digest_topic(event.topic, &mut into);
        number(&mut into, event.number);
        sized(&mut into, &event.payload);
    }
    *into.finalize().as_bytes()
}
