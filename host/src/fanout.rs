//! From the world to the calls of one system run: archetypes to shards, shards
//! to batches, batches to calls.
//!
//! A shard is a page. How shards are packed follows from the page size in the
//! save and from nothing else: neither threads nor their number matter.

use std::collections::VecDeque;

use crate::ecs::{ArchetypeId, RowMask, Stamp, World};
use crate::guest::{Batch, ShardRef};
use crate::program::{Span, System};

/// Pages in a call. A call pays for a fresh instance, so it should carry a few;
/// too many leave threads idle.
const PAGES_PER_CALL: usize = 8;

/// The calls of a run. There are none when no row matches, unless the system
/// runs over everything.
pub fn plan(world: &World, system: &System, last_run: Option<Stamp>) -> Vec<VecDeque<Batch>> {
    let shards =
        (0..system.queries.len()).flat_map(|query| matching(world, system, query, last_run));
    let page = world.rows_per_page();
    match system.span {
        Span::World => vec![VecDeque::from([shards.collect()])],
        Span::Archetype => {
            let shards: Vec<ShardRef> = shards.collect();
            let batches = shards
                .chunk_by(|one, two| one.archetype == two.archetype)
                .map(|batch| (rows_of(world, batch), batch.to_vec()));
            pack(batches, page * PAGES_PER_CALL).map(VecDeque::from).collect()
        }
        Span::Shard => {
            let shards = shards.map(|shard| (rows(world, &shard), shard));
            let batches = pack(shards, page).map(|batch| (rows_of(world, &batch), batch));
            pack(batches, page * PAGES_PER_CALL).map(VecDeque::from).collect()
        }
    }
}

fn matching<'a>(
    world: &'a World,
    system: &'a System,
    query: usize,
    last_run: Option<Stamp>,
) -> impl Iterator<Item = ShardRef> + 'a {
    let terms = &system.queries[query];
    world
        .archetypes()
        .iter()
        .enumerate()
        .filter(move |(_, archetype)| terms.matches(archetype))
        .flat_map(move |(at, archetype)| {
            (0..archetype.entities().pages().len()).filter_map(move |page| {
                let mask = terms.mask(archetype, page, last_run);
                let archetype = ArchetypeId(at as u32);
                (mask != RowMask::None).then_some(ShardRef { query, archetype, page, mask })
            })
        })
}

fn rows(world: &World, shard: &ShardRef) -> usize {
    world.archetype(shard.archetype).entities().pages()[shard.page].len()
}

/// How many rows some shards have.
pub fn rows_of(world: &World, shards: &[ShardRef]) -> usize {
    shards.iter().map(|shard| rows(world, shard)).sum()
}

/// Groups neighbours of a given weight, so that no group of several is heavier
/// than the most.
fn pack<T>(items: impl Iterator<Item = (usize, T)>, most: usize) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.peekable();
    std::iter::from_fn(move || {
        let (mut weight, first) = items.next()?;
        let mut group = vec![first];
        while let Some((more, item)) = items.next_if(|(more, _)| weight + more <= most) {
            weight += more;
            group.push(item);
        }
        Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::pack;

    #[test]
    fn neighbours_share_a_group_until_it_is_full() {
        let groups: Vec<Vec<usize>> =
            pack([4, 4, 3, 2, 9, 1, 1].into_iter().map(|weight| (weight, weight)), 8).collect();
        assert_eq!(groups, [vec![4, 4], vec![3, 2], vec![9], vec![1, 1]]);
    }
}
