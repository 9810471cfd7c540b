//! Edges by blocks that begin at some of them: one in [`PER_BLOCK`], as its two
//! ends alone decide. So a block depends on nothing outside it, and an edge that
//! comes, goes or changes costs the one or two blocks around it, wherever in the
//! order it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use blake3::Hasher;

use super::feed::{number, sized};
use crate::ecs::{Entity, KindId, Relations, Role, World};
use crate::record::Digest;

/// Edges in a block, on average.
const PER_BLOCK: u64 = 128;

/// Where an edge stands among those of its kind: from, to.
type Place = (Entity, Entity);

/// Where the first block begins, whether an edge stands there or not.
const START: Place = (Entity::FIRST, Entity::FIRST);

/// The edges that were seen last, with the digest of each block by where it
/// begins.
#[derive(Default)]
pub(super) struct Edges {
    seen: Relations,
    kinds: BTreeMap<KindId, BTreeMap<Place, Digest>>,
}

impl Edges {
    /// Digests the edges of a world, where they are others than before.
    pub(super) fn digest(&mut self, world: &World, into: &mut Hasher) {
        self.follow(&world.relations);
        for (id, kind) in world.registry.iter().filter(|(_, kind)| kind.role == Role::Relation) {
            sized(into, kind.name.as_bytes());
            let blocks = self.kinds.get(&id);
            number(into, blocks.map_or(0, BTreeMap::len) as u64);
            blocks.into_iter().flat_map(BTreeMap::values).for_each(|digest| {
                into.update(digest);
            });
        }
    }

    fn follow(&mut self, now: &Relations) {
        let mut changed: BTreeMap<KindId, Vec<Place>> = BTreeMap::new();
        for ((kind, from, to), data) in now.diff(&self.seen) {
            let place = (from, to);
            changed.entry(kind).or_default().push(place);
            if begins_block(place) {
                let blocks = self.kinds.entry(kind).or_default();
                match data {
                    Some(_) => drop(blocks.insert(place, [0; 32])),
                    None => drop(blocks.remove(&place)),
                }
            }
        }
        for (kind, places) in changed {
            let blocks = self.kinds.entry(kind).or_default();
            let begin = |upto: Bound<Place>| {
                let before = blocks.range((Bound::Unbounded, upto)).next_back();
                before.map_or(START, |(place, _)| *place)
            };
            // Where a block begins or no longer does, the one before it ends.
            let stale: BTreeSet<Place> = places
                .into_iter()
                .flat_map(|place| [begin(Bound::Included(place)), begin(Bound::Excluded(place))])
                .collect();
            for begin in stale {
                match digest(now, kind, begin) {
                    Some(digest) => drop(blocks.insert(begin, digest)),
                    None => drop(blocks.remove(&begin)),
                }
            }
        }
        self.seen = now.clone();
    }
}

/// Whether a block begins at an edge, if there is one in this place.
fn begins_block((from, to): Place) -> bool {
    // The last step of SplitMix64, which spreads neighbours over all numbers.
    let mut mixed = from.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ to.to_bits();
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).is_multiple_of(PER_BLOCK)
}

/// The digest of the edges from one on, up to where the next block begins.
fn digest(edges: &Relations, kind: KindId, begin: Place) -> Option<Digest> {
    let mut bytes = Vec::new();
    for (from, to, data) in edges.of_kind_from(kind, begin) {
        if (from, to) != begin && begins_block((from, to)) {
            break;
        }
        for word in [from.to_bits(), to.to_bits(), data.len() as u64] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(data);
    }
    (!bytes.is_empty()).then(|| *blake3::hash(&bytes).as_bytes())
}
