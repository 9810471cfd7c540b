//! Columns, entities and slots by blocks of a fixed number of rows, whatever the
//! size of a page. A block is digested anew where a page below it is another.

use std::sync::Arc;

use blake3::Hasher;
use rayon::prelude::*;

use super::{number, sized};
use crate::ecs::{Bytes, Entity, Paged, Slot, Stamp};
use crate::record::Digest;

/// Rows whose bytes are digested together.
const BLOCK_ROWS: usize = 4096;

/// From so many blocks on, they are worth waking other threads.
const PARALLEL_BLOCKS: usize = 16;

/// Digests of an array's blocks, and the pages they were made of.
pub(super) struct Blocks<T> {
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
pub(super) trait Digestible: Clone + Sync + Send {
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

impl<T: Digestible> Blocks<T> {
    /// Digests an array, block by block where a page is another than before.
    pub(super) fn digest(&mut self, array: &Paged<T>, into: &mut Hasher) {
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
