//! From the world to the calls of one system run: archetypes to shards, shards
//! to batches, batches to calls.
//!
//! A shard is a page. How shards are packed follows from the page size in the
//! save and from what matches, and from nothing else: neither threads nor their
//! number matter. A run has [`Entity::CALLS_MAX`] calls at most.

use std::collections::VecDeque;

use crate::ecs::{ArchetypeId, Entity, RowMask, Stamp, World};
use crate::guest::{Batch, ShardRef, rows_of};
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
    let batches: Vec<Batch> = match system.span {
        Span::World => return vec![VecDeque::from([shards.collect()])],
        Span::Archetype => {
            let shards: Vec<ShardRef> = shards.collect();
            let of_one = shards.chunk_by(|one, two| one.archetype == two.archetype);
            of_one.map(<[ShardRef]>::to_vec).collect()
        }
        Span::Shard => pack(shards.map(|shard| (shard.rows(world), shard)), page).collect(),
    };
    let batches = batches.into_iter().map(|batch| (rows_of(world, &batch), batch)).collect();
    let calls = pack_into(batches, page * PAGES_PER_CALL, Entity::CALLS_MAX as usize);
    calls.into_iter().map(VecDeque::from).collect()
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

/// Groups neighbours as [`pack`] does, into so many groups at most: where there
/// would be more, groups are twice as heavy, until there are not.
fn pack_into<T>(items: Vec<(usize, T)>, most: usize, groups_max: usize) -> Vec<Vec<T>> {
    let weights = || items.iter().map(|(weight, _)| (*weight, ()));
    let mut most = most;
    while pack(weights(), most).count() > groups_max {
        most = most.saturating_mul(2);
    }
    pack(items.into_iter(), most).collect()
}

#[cfg(test)]
mod tests {
    use super::{pack, pack_into};

    #[test]
    fn neighbours_share_a_group_until_it_is_full() {
        let groups: Vec<Vec<usize>> =
            pack([4, 4, 3, 2, 9, 1, 1].into_iter().map(|weight| (weight, weight)), 8).collect();
        assert_eq!(groups, [vec![4, 4], vec![3, 2], vec![9], vec![1, 1]]);
    }

    #[test]
    fn there_are_no_more_groups_than_there_may_be() {
        let items = |count: usize| (0..count).map(|item| (1, item)).collect::<Vec<_>>();
        let sizes = |count, groups_max| -> Vec<usize> {
            pack_into(items(count), 8, groups_max).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(32, 4), [8, 8, 8, 8], "as many as there may be stay as they are");
        assert_eq!(sizes(33, 4), [16, 16, 1]);
        assert_eq!(sizes(200, 4), [64, 64, 64, 8]);
        assert_eq!(sizes(200, 1), [200]);
        let heavy: Vec<_> = (0..5).map(|item| (1000, item)).collect();
        assert_eq!(pack_into(heavy, 8, 2).len(), 2, "heavy ones share a group too");
    }
}
