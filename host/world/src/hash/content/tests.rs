use super::*;
use crate::ecs::{Edit, Stamp, in_order, tests as ecs};

fn of(world: &World) -> Digest {
    let chosen = Chosen::of(world, &["*".to_owned()]).expect("there are kinds");
    digest(world, &chosen).digest
}

/// Five entities with `a` from zero on, in a ring of edges from each to the next but one,
/// after so many others were there and went.
fn ring(before: u32, order: &[usize]) -> World {
    let (mut world, kinds) = ecs::world();
    let gone = ecs::spawn(&mut world, &[kinds.a], before);
    let mut entities = ecs::spawn(&mut world, &[kinds.a], 5);
    let mut commands: Vec<_> = gone
        .into_iter()
        .map(|entity| ecs::single(&world, Edit::Despawn, 0, entity, None, 0))
        .collect();
    // The entity at each place gets the value that belongs there.
    entities = order.iter().map(|at| entities[*at]).collect();
    for (at, entity) in (0..).zip(&entities) {
        commands.push(ecs::single(&world, Edit::Insert(kinds.a), 0, *entity, None, at));
    }
    for at in 0..5 {
        let (from, to) = (entities[at], entities[(at + 2) % 5]);
        let relate = Edit::Relate(kinds.near);
        commands.push(ecs::single(&world, relate, 0, from, Some(to), at as u32));
    }
    world.apply(in_order(commands), Stamp::commands(2));
    world
}

#[test]
fn entities_may_be_numbered_anew_and_ticks_pass() {
    let one = ring(0, &[0, 1, 2, 3, 4]);
    let mut other = ring(3, &[3, 1, 4, 0, 2]);
    other.set_tick(77);
    assert_eq!(of(&one), of(&other));
}

#[test]
fn a_value_an_edge_and_what_it_leads_to_count() {
    let whole = ring(0, &[0, 1, 2, 3, 4]);
    let (_, kinds) = ecs::world();
    let entities: Vec<Entity> = whole.values(kinds.a).map(|(entity, _)| entity).collect();
    let [first, second, third, ..] = entities[..] else { panic!("five") };
    for (edit, entity, other, value) in [
        (Edit::Insert(kinds.a), first, None, 9),
        (Edit::Unrelate(kinds.near), first, Some(third), 0),
        (Edit::Relate(kinds.near), first, Some(second), 0),
        (Edit::Despawn, first, None, 0),
    ] {
        let mut changed = whole.clone();
        let command = ecs::single(&changed, edit.clone(), 0, entity, other, value);
        changed.apply(vec![command], Stamp::commands(3));
        assert_ne!(of(&changed), of(&whole), "{edit:?}");
    }
}

#[test]
fn a_pattern_that_names_nothing_is_refused() {
    let (world, _) = ecs::world();
    let none = Chosen::of(&world, &["other/*".to_owned()]);
    assert!(none.is_err_and(|why| why.contains("names no component")));
}
