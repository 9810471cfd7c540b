//! Columns, entities and slots by blocks of a fixed number of rows, whatever the
//! size of a page. A block is digested anew where a page below it is another.

use blake3::Hasher;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::feed::{number, sized};
use crate::ecs::{Array, ArrayPair, Bytes, Entity, PageKey, Part, Slot, Stamp, World};
use crate::record::Digest;

/// Rows whose bytes are digested together.
const BLOCK_ROWS: usize = 4096;

/// From so many blocks on, they are worth waking other threads.
const PARALLEL_BLOCKS: usize = 16;

/// The digest of each block of the world that was digested last.
pub(super) struct Columns {
    /// Holds the pages that the digests were made of, so that none of another
    /// world comes to lie at their addresses.
    seen: World,
    /// By array, of which the key of the first page stands for all.
    digests: FxHashMap<PageKey, Vec<Digest>>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { seen: World::new(1), digests: FxHashMap::default() }
    }
}

/// A block to be digested.
struct Block<'a> {
    first: PageKey,
    array: Array<'a>,
    at: usize,
}

impl Columns {
    /// Digests everything that a world has in pages.
    pub(super) fn digest(&mut self, world: &World, into: &mut Hasher) {
        self.follow(world);
        for (first, array) in world.arrays() {
            if first.part == Part::Values {
                number(into, u64::from(first.kind.0));
            }
            number(into, array.rows() as u64);
            for digest in self.digests.get(&first).into_iter().flatten() {
                into.update(digest);
            }
            if first.part == Part::Slots {
                number(into, u64::from(world.entities.first_free()));
                number(into, world.archetypes().len() as u64);
            }
        }
    }

    /// Digests the blocks in which a page is another than in the world before.
    fn follow(&mut self, world: &World) {
        let mut stale: Vec<Block<'_>> = Vec::new();
        for pair in world.changed_arrays(&self.seen) {
            match pair.now {
                Some(array) => {
                    let known = self.digests.entry(pair.first).or_default();
                    known.resize(blocks(array), [0; 32]);
                    stale.extend(stale_blocks(pair, array));
                }
                None => drop(self.digests.remove(&pair.first)),
            }
        }
        let digests: Vec<Digest> = match stale.len() > PARALLEL_BLOCKS {
            true => stale.par_iter().map(Block::digest).collect(),
            false => stale.iter().map(Block::digest).collect(),
        };
        for (block, digest) in stale.iter().zip(digests) {
            if let Some(known) = self.digests.get_mut(&block.first) {
                known[block.at] = digest;
            }
        }
        self.seen = world.clone();
    }
}

/// How many blocks an array has; none where rows have no bytes.
fn blocks(array: Array<'_>) -> usize {
    if array.page_count() == 0 { 0 } else { array.rows().div_ceil(BLOCK_ROWS) }
}

/// The blocks of an array of which a page is another than before. An array that
/// became longer or shorter has another page at its end, and so another block.
fn stale_blocks<'a>(pair: ArrayPair<'a>, array: Array<'a>) -> impl Iterator<Item = Block<'a>> {
    let rows_per_page = array.rows_per_page();
    let mut next = 0;
    pair.changed().flat_map(move |page| {
        let rows = page * rows_per_page..(page + 1) * rows_per_page;
        let first = next.max(rows.start / BLOCK_ROWS);
        let end = rows.end.div_ceil(BLOCK_ROWS).min(blocks(array));
        next = next.max(end);
        (first..end).map(move |at| Block { first: pair.first, array, at })
    })
}

impl Block<'_> {
    fn digest(&self) -> Digest {
        let first = self.at * BLOCK_ROWS;
        let rows = first..(first + BLOCK_ROWS).min(self.array.rows());
        let mut into = Hasher::new();
        match self.array {
            Array::Slots(all) => all.for_each_run(rows, |items| Slot::feed(items, &mut into)),
            Array::Entities(all) => all.for_each_run(rows, |items| Entity::feed(items, &mut into)),
            Array::Packed(all) => all.for_each_run(rows, |items| u8::feed(items, &mut into)),
            Array::Dynamic(all) => all.for_each_run(rows, |items| Bytes::feed(items, &mut into)),
            Array::Stamps(all) => all.for_each_run(rows, |items| Stamp::feed(items, &mut into)),
        }
        *into.finalize().as_bytes()
    }
}

/// What can be digested as a run of items.
trait Digestible: Sized {
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
