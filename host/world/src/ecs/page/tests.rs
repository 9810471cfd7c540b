use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ecs::tests::{Kinds, single, spawn, world};
use crate::ecs::{Edit, Kind, OnDespawn, Role, Storage, in_order};

type Pages<'a> = BTreeMap<PageKey, Page<'a>>;

/// A world with stamps of `a`, in which nothing is yet.
fn tracking() -> (World, Kinds) {
    let (mut world, kinds) = world();
    let of_a = BTreeSet::from([kinds.a]);
    world.watch(&of_a, &of_a, BTreeSet::new());
    (world, kinds)
}

fn change(world: &mut World, edit: Edit, entity: Entity, value: u32) {
    let command = single(world, edit, 0, entity, None, value);
    world.apply(in_order(vec![command]), Stamp::commands(2));
}

fn changed_keys(now: &World, before: &World) -> Vec<PageKey> {
    now.changed_pages(before).map(|page| page.key).collect()
}

/// What a receiver that has the pages of one world makes of what changed since.
fn brought_forward<'a>(before: &'a World, now: &'a World) -> Pages<'a> {
    let mut pages: Pages<'a> = before.pages().collect();
    for page in now.changed_pages(before) {
        match page.now {
            Some(now) => pages.insert(page.key, now),
            None => pages.remove(&page.key),
        };
    }
    pages
}

#[derive(Clone, Debug)]
enum Step {
    Spawn(u8, u32),
    Despawn(usize),
    Insert(usize, u8, u32),
    Remove(usize, u8),
    Track(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..8_u8, 1..12_u32).prop_map(|(kinds, count)| Step::Spawn(kinds, count)),
        3 => (0..99_usize).prop_map(Step::Despawn),
        2 => (0..99_usize, 0..3_u8, 0..9_u32).prop_map(|(at, kind, n)| Step::Insert(at, kind, n)),
        2 => (0..99_usize, 0..3_u8).prop_map(|(at, kind)| Step::Remove(at, kind)),
        1 => any::<bool>().prop_map(Step::Track),
    ];
    prop::collection::vec(step, 1..24)
}

fn carry_out(world: &mut World, kinds: Kinds, known: &mut Vec<Entity>, step: &Step) {
    let by_number = [kinds.a, kinds.b, kinds.c];
    let pick = |at: usize| known.get(at % known.len().max(1)).copied();
    let (at, edit, value) = match *step {
        Step::Spawn(set, count) => {
            let set = (0..3).filter(|bit| set >> bit & 1 == 1).map(|bit| by_number[bit]);
            known.extend(spawn(world, &set.collect::<Vec<_>>(), count));
            return;
        }
        Step::Track(on) => {
            let of_a = if on { BTreeSet::from([kinds.a]) } else { BTreeSet::new() };
            world.watch(&of_a, &BTreeSet::new(), BTreeSet::new());
            return;
        }
        Step::Despawn(at) => (at, Edit::Despawn, 0),
        Step::Insert(at, kind, value) => (at, Edit::Insert(by_number[kind as usize]), value),
        Step::Remove(at, kind) => (at, Edit::Remove(by_number[kind as usize]), 0),
    };
    if let Some(entity) = pick(at) {
        change(world, edit, entity, value);
    }
}

proptest! {
    #[test]
    fn changed_pages_bring_any_world_to_any_other(first in steps(), second in steps()) {
        let (mut world, kinds) = tracking();
        let mut known = Vec::new();
        let nothing = world.clone();
        first.iter().for_each(|step| carry_out(&mut world, kinds, &mut known, step));
        let before = world.clone();
        second.iter().for_each(|step| carry_out(&mut world, kinds, &mut known, step));
        for (old, new) in [(&nothing, &before), (&before, &world), (&world, &before), (&world, &nothing)] {
            let expected: Pages<'_> = new.pages().collect();
            prop_assert_eq!(brought_forward(old, new), expected);
            for page in new.changed_pages(old) {
                prop_assert_eq!(page.before, old.page(page.key));
                prop_assert_eq!(page.now, new.page(page.key));
                prop_assert!(page.before.is_some() || page.now.is_some());
            }
        }
    }

    #[test]
    fn every_page_is_found_by_its_key_and_no_other_is(steps in steps()) {
        let (mut world, kinds) = tracking();
        let mut known = Vec::new();
        steps.iter().for_each(|step| carry_out(&mut world, kinds, &mut known, step));
        let all: Vec<_> = world.pages().collect();
        let by_key: Pages<'_> = all.iter().copied().collect();
        prop_assert_eq!(by_key.len(), all.len(), "no two have one key");
        let places = by_key.keys().flat_map(|key| [key.page, key.page + 1]);
        let places: BTreeSet<u32> = places.collect();
        for part in Part::ALL {
            for archetype in (0..=world.archetypes().len() as u32).map(ArchetypeId) {
                for kind in [kinds.a, kinds.b, kinds.c] {
                    for page in &places {
                        let key = match part {
                            Part::Slots => PageKey::slots(*page),
                            Part::Entities => PageKey::entities(archetype, *page),
                            part => PageKey { part, archetype, kind, page: *page },
                        };
                        prop_assert_eq!(world.page(key), by_key.get(&key).copied());
                    }
                }
            }
        }
    }

    #[test]
    fn rows_that_differ_are_those_that_are_not_alike(
        one in prop::collection::vec(0..3_u8, 0..400),
        two in prop::collection::vec(0..3_u8, 0..400),
        width in 1..9_usize,
        shared in 0..300_usize,
    ) {
        let mut two = two;
        let shared = shared.min(one.len()).min(two.len());
        two[..shared].copy_from_slice(&one[..shared]);
        let rows = |bytes: &[u8]| bytes.chunks_exact(width).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (of_one, of_two) = (rows(&one), rows(&two));
        let unlike = (0..of_one.len().max(of_two.len())).filter(|row| of_one.get(*row) != of_two.get(*row));
        let expected: Vec<usize> = unlike.collect();
        let (one, two) = (of_one.concat(), of_two.concat());
        let differing = Page::Packed(&one, width).differing_rows(Page::Packed(&two, width));
        prop_assert_eq!(differing.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_clone_has_no_changed_pages() {
    let (mut world, kinds) = tracking();
    spawn(&mut world, &[kinds.a, kinds.c], 9);
    assert_eq!(changed_keys(&world.clone(), &world), []);
    assert_eq!(changed_keys(&world, &world), []);
}

#[test]
fn one_value_changes_its_page_and_the_page_of_its_stamp() {
    let (mut world, kinds) = tracking();
    let all = spawn(&mut world, &[kinds.a, kinds.c], 9);
    let before = world.clone();
    change(&mut world, Edit::Insert(kinds.a), all[5], 77);
    let values = PageKey::values(ArchetypeId(0), kinds.a, 1);
    let stamps = PageKey { part: Part::Changed, ..values };
    assert_eq!(changed_keys(&world, &before), [values, stamps]);
    let page = world.changed_pages(&before).next().expect("the values");
    let rows = page.now.expect("there").differing_rows(page.before.expect("there"));
    assert_eq!(rows.collect::<Vec<_>>(), [1]);
}

#[test]
fn a_page_that_goes_is_told_as_it_was() {
    let (mut world, kinds) = world();
    let all = spawn(&mut world, &[kinds.a], 5);
    let before = world.clone();
    change(&mut world, Edit::Despawn, all[4], 0);
    let gone: Vec<_> = world.changed_pages(&before).filter(|page| page.now.is_none()).collect();
    let keys = [PageKey::entities(ArchetypeId(0), 1), PageKey::values(ArchetypeId(0), kinds.a, 1)];
    assert_eq!(gone.iter().map(|page| page.key).collect::<Vec<_>>(), keys);
    assert_eq!(gone[1].before, Some(Page::Packed(&4_u32.to_le_bytes(), 4)));
}

#[test]
fn rows_of_a_kind_that_was_declared_anew_are_not_held_against_each_other() {
    let (mut world, kinds) = world();
    spawn(&mut world, &[kinds.a], 6);
    let before = world.clone();
    let (packed, detach) = (Storage::Packed, OnDespawn::Detach);
    let tag = Kind::new("test/A".to_owned(), Role::Component, packed, 0, Vec::new(), detach);
    let dynamic =
        Kind::new("test/A".to_owned(), Role::Component, Storage::Dynamic, 0, Vec::new(), detach);
    for (kind, value, there) in [(dynamic, &[0x90][..], 2), (tag, &[], 0)] {
        let mut values = Values::new(&kind.expect("a kind"), world.rows_per_page());
        (0..6).for_each(|_| values.push(&value.into()));
        world.column_mut(ArchetypeId(0), kinds.a).expect("a column").values = values;
        let changed: Vec<_> = world.changed_pages(&before).collect();
        assert_eq!(changed.len(), 2, "both pages of values, and nothing else");
        assert_eq!(changed.iter().filter(|page| page.now.is_some()).count(), there);
        assert!(changed.iter().all(|page| page.before.is_none() || page.now.is_none()));
    }
}
