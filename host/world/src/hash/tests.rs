use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::ecs::{
    ArchetypeId, Edit, Entity, Field, Kind, OnDespawn, Storage, Topic, Type, in_order, tests as ecs,
};
use crate::record::hex;

const TOPICS: [Topic; 2] = [Topic::Kind(KindId(2)), Topic::Despawned];

/// A world of two relations and an event, in which nothing is yet.
fn world(version: HashVersion) -> World {
    let mut world = World::new(8);
    let registry = Arc::make_mut(&mut world.registry);
    for (name, role) in [
        ("test/Near", Role::Relation),
        ("test/Owns", Role::Relation),
        ("test/Rang", Role::Event),
        ("test/Sun", Role::Component),
        ("test/Moon", Role::Component),
    ] {
        let ty = Type::parse("u64").expect("a type");
        let field = Field { name: "n".to_owned(), ty, offset: 0 };
        let (storage, fate) = (Storage::Dynamic, OnDespawn::Detach);
        let kind = Kind::new(name.to_owned(), role, storage, 0, vec![field], fate);
        registry.add(kind.expect("a kind"));
    }
    world.hash_version = version;
    world
}

/// An entity of the first generation.
fn entity(index: u64) -> Entity {
    Entity::from_bits(1 << 32 | index)
}

fn bytes(number: u64) -> Bytes {
    Bytes::from(number.to_le_bytes())
}

fn fresh(world: &World) -> Digest {
    StateHasher::default().digest(world)
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize, u64),
    Pass(u64),
    Relate(u32, u64, u64),
    Unrelate(u32, u64),
    Resource(u32, u64),
    Remember,
    GoBack(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..2_usize, 1..600_u64).prop_map(|(topic, count)| Step::Push(topic, count)),
        (0..500_u64).prop_map(Step::Pass),
        (0..2_u32, 0..900_u64, 0..3_u64).prop_map(|(kind, at, n)| Step::Relate(kind, at, n)),
        (0..2_u32, 0..900_u64).prop_map(|(kind, at)| Step::Unrelate(kind, at)),
        (3..5_u32, 0..3_u64).prop_map(|(kind, value)| Step::Resource(kind, value)),
        Just(Step::Remember),
        (0..4_usize).prop_map(Step::GoBack),
    ];
    prop::collection::vec(step, 1..40)
}

/// So many edges of each kind that they lie in several blocks.
fn with_edges(version: HashVersion) -> World {
    let mut world = world(version);
    for at in 0..900 {
        world.relations.relate(KindId(0), entity(at / 30), entity(at % 30), bytes(at));
        world.relations.relate(KindId(1), entity(at), entity(0), bytes(7));
    }
    world
}

fn ends(kind: u32, at: u64) -> (Entity, Entity) {
    if kind == 0 { (entity(at / 30), entity(at % 30)) } else { (entity(at), entity(0)) }
}

fn carry_out(world: &mut World, step: &Step) {
    match *step {
        Step::Push(topic, count) => {
            for number in 0..count {
                world.events.push(TOPICS[topic], 5, bytes(number));
            }
        }
        Step::Pass(count) => {
            let passed = |topic| Some(world.events.last(topic).min(count));
            let passed = TOPICS.map(passed);
            world.events.drop_read(|topic| passed[usize::from(topic == TOPICS[1])]);
        }
        Step::Relate(kind, at, data) => {
            let (from, to) = ends(kind, at);
            world.relations.relate(KindId(kind), from, to, bytes(data));
        }
        Step::Unrelate(kind, at) => {
            let (from, to) = ends(kind, at);
            world.relations.unrelate(KindId(kind), from, to);
        }
        Step::Resource(kind, 0) => drop(Arc::make_mut(&mut world.resources).remove(&KindId(kind))),
        Step::Resource(kind, value) => {
            Arc::make_mut(&mut world.resources).insert(KindId(kind), bytes(value));
        }
        Step::Remember | Step::GoBack(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_remembered_gives_what_nothing_remembered_gives(steps in steps()) {
        for version in HashVersion::ALL {
            let mut world = with_edges(version);
            let (mut hasher, mut remembered) = (StateHasher::default(), vec![world.clone()]);
            for step in &steps {
                match step {
                    Step::Remember => remembered.push(world.clone()),
                    Step::GoBack(at) => world = remembered[at % remembered.len()].clone(),
                    step => carry_out(&mut world, step),
                }
                prop_assert_eq!(hasher.digest(&world), fresh(&world));
            }
        }
    }

    #[test]
    fn worlds_that_came_to_the_same_by_other_ways_have_one_hash(
        mut at in prop::collection::vec((0..2_u32, 0..900_u64), 1..40),
    ) {
        let whole = with_edges(HashVersion::Blocks);
        let mut world = whole.clone();
        let mut hasher = StateHasher::default();
        for (kind, at) in &at {
            carry_out(&mut world, &Step::Unrelate(*kind, *at));
            hasher.digest(&world);
        }
        at.reverse();
        for (kind, at) in at {
            carry_out(&mut world, &Step::Relate(kind, at, if kind == 0 { at } else { 7 }));
            hasher.digest(&world);
        }
        prop_assert_eq!(hasher.digest(&world), fresh(&whole));
    }
}

/// What becomes of some rows of a world.
#[derive(Clone, Debug)]
enum Rows {
    Spawn(u32),
    Despawn(usize, usize),
    Write(usize, u32),
    Remember,
    GoBack(usize),
}

fn rows() -> impl Strategy<Value = Vec<Rows>> {
    let step = prop_oneof![
        (1..1500_u32).prop_map(Rows::Spawn),
        (0..9999_usize, 1..1500_usize).prop_map(|(from, count)| Rows::Despawn(from, count)),
        (0..9999_usize, 0..3_u32).prop_map(|(at, value)| Rows::Write(at, value)),
        Just(Rows::Remember),
        (0..4_usize).prop_map(Rows::GoBack),
    ];
    prop::collection::vec(step, 1..12)
}

/// A world of the test kinds with pages of so many rows, and the kind of numbers.
fn with_rows(rows_per_page: usize, rows: u32) -> (World, KindId) {
    let (small, kinds) = ecs::world();
    let mut world = World::new(rows_per_page);
    world.registry = small.registry;
    world.watch(&BTreeSet::from([kinds.a]), &BTreeSet::new(), BTreeSet::new());
    ecs::spawn(&mut world, &[kinds.a, kinds.b], rows);
    (world, kinds.a)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Blocks are of 4096 rows, whatever the size of a page.
    #[test]
    fn rows_that_are_remembered_give_what_nothing_remembered_gives(
        steps in rows(),
        rows_per_page in prop::sample::select(vec![7, 64, 1000, 4096, 6000]),
    ) {
        let (mut world, kind) = with_rows(rows_per_page, 9000);
        let (mut hasher, mut remembered) = (StateHasher::default(), vec![world.clone()]);
        for step in &steps {
            let all: Vec<Entity> = world.values(kind).map(|(entity, _)| entity).collect();
            let single = |world: &World, edit, entity, value| {
                ecs::single(world, edit, 0, entity, None, value)
            };
            let commands = match *step {
                Rows::Spawn(count) => {
                    let archetype = world.archetype(ArchetypeId(0)).kinds().to_vec();
                    drop(ecs::spawn(&mut world, &archetype, count));
                    Vec::new()
                }
                Rows::Despawn(from, count) => {
                    let gone = all.iter().skip(from % all.len().max(1)).take(count);
                    gone.map(|entity| single(&world, Edit::Despawn, *entity, 0)).collect()
                }
                Rows::Write(at, value) => {
                    let entity = all.get(at % all.len().max(1));
                    let write = |entity: &Entity| single(&world, Edit::Insert(kind), *entity, value);
                    entity.into_iter().map(write).collect()
                }
                Rows::Remember => {
                    remembered.push(world.clone());
                    Vec::new()
                }
                Rows::GoBack(at) => {
                    world = remembered[at % remembered.len()].clone();
                    Vec::new()
                }
            };
            world.apply(in_order(commands), Stamp::commands(3));
            prop_assert_eq!(hasher.digest(&world), fresh(&world));
        }
    }
}

#[test]
fn whatever_changes_gives_another_hash() {
    for version in HashVersion::ALL {
        let mut world = with_edges(version);
        let mut seen = BTreeSet::from([fresh(&world)]);
        for step in [
            Step::Push(0, 700),
            Step::Pass(1),
            Step::Pass(256),
            Step::Pass(600),
            Step::Push(1, 1),
            Step::Relate(1, 450, 1),
            Step::Unrelate(0, 450),
            Step::Resource(3, 1),
            Step::Resource(3, 2),
            Step::Resource(4, 2),
            Step::Resource(3, 0),
        ] {
            carry_out(&mut world, &step);
            assert!(seen.insert(fresh(&world)), "{version:?} {step:?}");
        }
    }
}

/// Saves hold worlds against these: no version ever gives another value.
#[test]
fn each_version_stays_what_it_is() {
    let values = HashVersion::ALL.map(|version| {
        let mut world = with_edges(version);
        for step in [Step::Push(0, 700), Step::Pass(100), Step::Push(1, 20), Step::Resource(3, 1)] {
            carry_out(&mut world, &step);
        }
        hex(&fresh(&world))
    });
    let expected = [
        "cbab885efae5f9486dfa9cc939b8402afb365262f5af08bbdd78a0aaab0b6c8d",
        "6b70af572ace740cacdde8bb1316b3ed37e1d3e8617f3efb622367048662e9e4",
    ];
    assert_eq!(values, expected);
}
