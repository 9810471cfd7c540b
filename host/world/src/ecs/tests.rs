//! What commands do to a world, checked against a model that is too simple to
//! be wrong.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::hash::StateHasher;

const PAGE: usize = 4;

/// A world that knows the components `a` (4 bytes), `b` (tag), `c` (text), and
/// the relations `near` (detach) and `part` (cascade).
pub(crate) fn world() -> (World, Kinds) {
    let mut world = World::new(PAGE);
    let registry = std::sync::Arc::make_mut(&mut world.registry);
    let field = |ty: &str| Field {
        name: "value".to_owned(),
        ty: Type::parse(ty).expect("a type"),
        offset: 0,
    };
    let mut add = |name: &str, role, storage, size, fields, on_despawn| {
        let kind = Kind::new(format!("test/{name}"), role, storage, size, fields, on_despawn);
        registry.add(kind.expect("a kind"))
    };
    let (packed, dynamic) = (Storage::Packed, Storage::Dynamic);
    let (component, relation) = (Role::Component, Role::Relation);
    let (detach, cascade) = (OnDespawn::Detach, OnDespawn::Cascade);
    let kinds = Kinds {
        a: add("A", component, packed, 4, vec![field("u32")], detach),
        b: add("B", component, packed, 0, vec![], detach),
        c: add("C", component, dynamic, 0, vec![field("string")], detach),
        near: add("Near", relation, packed, 0, vec![], detach),
        part: add("Part", relation, packed, 0, vec![], cascade),
    };
    (world, kinds)
}

#[derive(Clone, Copy)]
pub(crate) struct Kinds {
    pub a: KindId,
    pub b: KindId,
    pub c: KindId,
    pub near: KindId,
    pub part: KindId,
}

/// One command on its own, at a place.
pub(crate) fn single(
    world: &World,
    edit: Edit,
    at: u64,
    entity: Entity,
    other: Option<Entity>,
    value: u32,
) -> Command {
    let column = |kind: &KindId| {
        let kind = world.registry.get(*kind);
        let mut values = Values::new(kind, PAGE);
        match &mut values {
            Values::Packed(rows) if kind.size == 0 => rows.grow(1, &[]),
            Values::Packed(rows) => rows.extend(&value.to_le_bytes()),
            Values::Dynamic(rows) => {
                let mut bytes = vec![0x91];
                rmp::encode::write_str(&mut bytes, &value.to_string()).expect("fits");
                rows.extend(&[bytes.into()]);
            }
        }
        values
    };
    let columns = match &edit {
        Edit::Spawn(kinds) => kinds.iter().map(column).collect(),
        Edit::Insert(kind) | Edit::Relate(kind) => vec![column(kind)],
        _ => Vec::new(),
    };
    Command {
        edit,
        at: vec![at],
        entities: vec![entity],
        others: other.into_iter().collect(),
        columns,
    }
}

/// Stands for the n-th spawn of the first call.
fn placeholder(n: u32) -> Entity {
    Entity::placeholder(0, n).expect("few enough")
}

/// Spawns entities with `a` from zero on, and returns them.
pub(crate) fn spawn(world: &mut World, kinds: &[KindId], count: u32) -> Vec<Entity> {
    let commands = (0..count)
        .map(|n| single(world, Edit::Spawn(kinds.to_vec()), 0, placeholder(n), None, n))
        .collect();
    let (applied, spawned) = world.apply(in_order(commands), Stamp::commands(1));
    assert_eq!(applied.spawned, u64::from(count));
    (0..count).map(|n| spawned.resolve(placeholder(n))).collect()
}

fn number(world: &World, entity: Entity, kind: KindId) -> Option<u32> {
    let bytes = world.component(entity, kind)?;
    Some(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
}

#[test]
fn a_despawned_end_takes_edges_and_parts_along() {
    let (mut world, kinds) = world();
    let all = spawn(&mut world, &[kinds.a], 4);
    let [whole, part, part_of_part, other] = all[..] else { panic!("four") };
    world.watch(
        &BTreeSet::new(),
        &BTreeSet::new(),
        BTreeSet::from([Topic::Despawned, Topic::Removed(kinds.a)]),
    );
    let relate = |kind, from, to| single(&world, Edit::Relate(kind), 0, from, Some(to), 0);
    let commands = vec![
        relate(kinds.part, part, whole),
        relate(kinds.part, part_of_part, part),
        relate(kinds.near, other, whole),
        single(&world, Edit::Despawn, 0, whole, None, 0),
        single(&world, Edit::Insert(kinds.b), 0, part, None, 0),
    ];
    let (applied, _) = world.apply(commands, Stamp::commands(2));
    assert_eq!(applied, Applied { spawned: 0, despawned: 3, stale: 1 });
    assert!(world.relations.is_empty());
    assert_eq!(world.entities.alive(), 1);
    assert_eq!(number(&world, other, kinds.a), Some(3));
    assert_eq!(world.events.last(Topic::Despawned), 3);
    assert_eq!(world.events.last(Topic::Removed(kinds.a)), 3);
}

#[test]
fn spawns_are_told_apart_as_far_as_they_can_be() {
    let last = (Entity::CALLS_MAX - 1, Entity::SPAWNS_PER_CALL_MAX - 1);
    let all = [(0, 0), (0, 1), (1, 0), (0, last.1), (last.0, 0), last];
    let distinct: BTreeSet<_> =
        all.iter().map(|(call, n)| Entity::placeholder(*call, *n).expect("within")).collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(Entity::placeholder(last.0 + 1, 0), None);
    assert_eq!(Entity::placeholder(0, last.1 + 1), None);
    assert_eq!(Entity::placeholder(u32::MAX, u32::MAX), None);
}

#[test]
fn commands_may_name_what_the_same_call_spawns() {
    let (mut world, kinds) = world();
    let child = placeholder(0);
    let parent = placeholder(1);
    let commands = vec![
        single(&world, Edit::Relate(kinds.part), 3, child, Some(parent), 0),
        single(&world, Edit::Spawn(vec![kinds.a]), 4, child, None, 10),
        single(&world, Edit::Spawn(vec![kinds.a]), 5, parent, None, 20),
        single(&world, Edit::Insert(kinds.a), 6, child, None, 11),
    ];
    let (applied, spawned) = world.apply(in_order(commands), Stamp::commands(1));
    assert_eq!(applied, Applied { spawned: 2, despawned: 0, stale: 0 });
    let (child, parent) = (spawned.resolve(child), spawned.resolve(parent));
    assert_eq!(number(&world, child, kinds.a), Some(11));
    assert_eq!(number(&world, parent, kinds.a), Some(20));
    let parents: Vec<_> = world.relations.outgoing(kinds.part, child).map(|(to, _)| to).collect();
    assert_eq!(parents, [parent]);
}

#[test]
fn only_rows_whose_bytes_differ_are_stamped() {
    let (mut world, kinds) = world();
    world.watch(&BTreeSet::from([kinds.a]), &BTreeSet::new(), BTreeSet::new());
    let all = spawn(&mut world, &[kinds.a], 6);
    let commands = (0..6)
        .map(|n| {
            single(
                &world,
                Edit::Insert(kinds.a),
                0,
                all[n],
                None,
                if n == 4 { 99 } else { n as u32 },
            )
        })
        .collect();
    world.apply(commands, Stamp::commands(2));
    let archetype = &world.archetypes()[0];
    let query = Query {
        terms: vec![Term { kind: kinds.a, access: Access::Changed }],
        alternatives: Vec::new(),
        entities: false,
    };
    let mask = |page, last_run| query.mask(archetype, page, last_run);
    assert_eq!(mask(0, None), RowMask::All);
    assert_eq!(mask(0, Some(Stamp::commands(1))), RowMask::None);
    assert_eq!(mask(1, Some(Stamp::commands(1))), RowMask::Some(vec![0b01]));
    assert_eq!(mask(0, Some(Stamp::system(1, 0))), RowMask::All);
}

#[test]
fn a_clone_is_an_undo_point() {
    let (mut world, kinds) = world();
    let all = spawn(&mut world, &[kinds.a, kinds.c], 9);
    let before = world.clone();
    let hash = StateHasher::default().digest(&before);
    let commands =
        all.iter().map(|&entity| single(&world, Edit::Despawn, 0, entity, None, 0)).collect();
    world.apply(in_order(commands), Stamp::commands(2));
    assert_eq!(world.entities.alive(), 0);
    assert_ne!(StateHasher::default().digest(&world), hash);
    assert_eq!(StateHasher::default().digest(&before), hash);
}

#[derive(Clone, Debug)]
enum Step {
    Spawn(u8, u32),
    Despawn(usize),
    Insert(usize, u8, u32),
    Remove(usize, u8),
    Relate(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_u8, any::<u32>()).prop_map(|(kinds, value)| Step::Spawn(kinds, value)),
        (0..20_usize).prop_map(Step::Despawn),
        (0..20_usize, 0..3_u8, any::<u32>())
            .prop_map(|(who, kind, value)| Step::Insert(who, kind, value)),
        (0..20_usize, 0..3_u8).prop_map(|(who, kind)| Step::Remove(who, kind)),
        (0..20_usize, 0..20_usize).prop_map(|(from, to)| Step::Relate(from, to)),
    ]
}

/// What each living entity has: the model.
type Model = BTreeMap<Entity, BTreeMap<KindId, u32>>;

fn contents(world: &World, kinds: Kinds) -> Model {
    let mut model = Model::new();
    for archetype in world.archetypes() {
        for row in 0..archetype.len() {
            let entity = archetype.entities().row(row)[0];
            assert_eq!(
                world
                    .entities
                    .locate(entity)
                    .map(|(home, row)| (world.archetype(home).kinds(), row)),
                Some((archetype.kinds(), row)),
                "the index finds every row"
            );
            let values = archetype.columns().iter().map(|column| {
                let bytes = column.values.row(row);
                let value = match column.kind {
                    kind if kind == kinds.a => u32::from_le_bytes(bytes.try_into().expect("four")),
                    kind if kind == kinds.b => 0,
                    _ => {
                        let shown = to_json(world.registry.get(column.kind), bytes);
                        shown["value"].as_str().expect("text").parse().expect("a number")
                    }
                };
                (column.kind, value)
            });
            assert!(model.insert(entity, values.collect()).is_none(), "an entity has one row");
        }
    }
    model
}

proptest! {
    /// Batches do what their commands would do one by one, and what was sent
    /// in other pieces has the same bytes in the end.
    #[test]
    fn batches_do_what_single_commands_do(
        ticks in prop::collection::vec(prop::collection::vec(step(), 0..30), 1..6),
        cut in 1..7_usize,
    ) {
        let (mut world, kinds) = world();
        let (mut pieces, _) = self::world();
        let by_number = [kinds.a, kinds.b, kinds.c];
        let mut model = Model::new();
        let mut known: Vec<Entity> = Vec::new();
        for (tick, steps) in ticks.iter().enumerate() {
            let pick = |who: usize| known.get(who % known.len().max(1)).copied();
            let mut spawns = 0;
            let mut commands = Vec::new();
            for (at, step) in steps.iter().enumerate() {
                let at = at as u64;
                let command = match *step {
                    Step::Spawn(set, value) => {
                        let set = (0..3).filter(|bit| set >> bit & 1 == 1).map(|bit| by_number[bit]);
                        spawns += 1;
                        single(&world, Edit::Spawn(set.collect()), at, placeholder(spawns - 1), None, value)
                    }
                    Step::Despawn(who) => match pick(who) {
                        Some(entity) => single(&world, Edit::Despawn, at, entity, None, 0),
                        None => continue,
                    },
                    Step::Insert(who, kind, value) => match pick(who) {
                        Some(entity) => single(&world, Edit::Insert(by_number[kind as usize]), at, entity, None, value),
                        None => continue,
                    },
                    Step::Remove(who, kind) => match pick(who) {
                        Some(entity) => single(&world, Edit::Remove(by_number[kind as usize]), at, entity, None, 0),
                        None => continue,
                    },
                    Step::Relate(from, to) => match (pick(from), pick(to)) {
                        (Some(from), Some(to)) => single(&world, Edit::Relate(kinds.near), at, from, Some(to), 0),
                        _ => continue,
                    },
                };
                commands.push(command);
            }
            let now = Stamp::commands(tick as u64 + 1);

            let mut shuffled = commands.clone();
            let cut = cut.min(shuffled.len());
            shuffled.rotate_left(cut);
            pieces.apply(in_order(shuffled), now);

            let (_, spawned) = world.apply(in_order(commands.clone()), now);
            for command in &commands {
                if let Edit::Spawn(set) = &command.edit {
                    let entity = spawned.resolve(command.entities[0]);
                    let values = set.iter().zip(&command.columns).map(|(kind, column)| (*kind, value_of(&world, *kind, column, kinds)));
                    model.insert(entity, values.collect());
                    known.push(entity);
                }
            }
            for command in &commands {
                let entity = command.entities[0];
                match &command.edit {
                    Edit::Despawn => { model.remove(&entity); }
                    Edit::Insert(kind) => if let Some(values) = model.get_mut(&entity) {
                        values.insert(*kind, value_of(&world, *kind, &command.columns[0], kinds));
                    },
                    Edit::Remove(kind) => if let Some(values) = model.get_mut(&entity) {
                        values.remove(kind);
                    },
                    _ => {}
                }
            }
            prop_assert_eq!(&contents(&world, kinds), &model);
            prop_assert_eq!(StateHasher::default().digest(&world), StateHasher::default().digest(&pieces));
            for (_, from, to, _) in world.relations.iter() {
                prop_assert!(model.contains_key(&from) && model.contains_key(&to));
            }
        }
    }
}

fn value_of(world: &World, kind: KindId, column: &Values, kinds: Kinds) -> u32 {
    let bytes = column.row(0);
    if kind == kinds.a {
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    } else if kind == kinds.b {
        0
    } else {
        to_json(world.registry.get(kind), bytes)["value"]
            .as_str()
            .expect("text")
            .parse()
            .expect("a number")
    }
}
