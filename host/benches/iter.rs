//! Rows through guests and back, beside the same loops in bevy_ecs and hecs.
//!
//! Ours is the whole of the systems stage: columns to guests, fuel, checks,
//! columns back. Guests are fresh instances.

use std::hint::black_box;
use std::time::Duration;

use bevy_ecs::prelude as bevy;
use sandtable::Simulation;

use crate::compare::{Table, repeat, shown};
use crate::mods;

#[path = "../../tests/guests/matrix.rs"]
mod matrix;

#[derive(bevy::Component, Clone, Copy)]
struct Position(f32, f32, f32);

#[derive(bevy::Component, Clone, Copy)]
struct Velocity(f32, f32, f32);

fn body(n: usize) -> (Position, Velocity) {
    (Position(n as f32, 0.0, 0.0), Velocity(1.0, 0.5, 0.25))
}

/// The mean time of the systems stage over some ticks.
fn systems(world: &mut Simulation, ticks: u32) -> Duration {
    let stage = |_| world.tick().expect("a tick").timings.systems;
    Duration::from_nanos((0..ticks).map(stage).sum::<u64>()) / ticks
}

/// Row 1: `pos += vel`.
pub fn simple(table: &mut Table) {
    for (name, count) in
        [("simple_iter_10k", 10_000), ("simple_iter_100k", 100_000), ("simple_iter_1m", 1_000_000)]
    {
        if !table.wants(name) {
            continue;
        }
        let ticks = (1_000_000 / count as u32).max(1);
        let mut rows = mods::world(vec![mods::guest("drift", count)], 1);
        let mut flat = mods::world(vec![mods::guest("drift_flat", count)], 1);
        let mut flat_2 = mods::world(vec![mods::guest("drift_flat", count)], 2);
        let mut native = bevy::World::new();
        native.spawn_batch((0..count).map(body));
        let mut query = native.query::<(&mut Position, &Velocity)>();
        let mut hecs = hecs::World::new();
        hecs.spawn_batch((0..count).map(body));
        let step = |position: &mut Position, velocity: &Velocity| {
            position.0 += velocity.0;
            position.1 += velocity.1;
            position.2 += velocity.2;
        };
        table.compare(
            name,
            [
                ("sandtable, flat", Box::new(|| systems(&mut flat, ticks))),
                ("sandtable, flat, 2 threads", Box::new(|| systems(&mut flat_2, ticks))),
                ("sandtable, rows", Box::new(|| systems(&mut rows, ticks))),
                (
                    "bevy_ecs",
                    Box::new(|| {
                        repeat(ticks, || {
                            for (mut position, velocity) in query.iter_mut(&mut native) {
                                step(&mut position, velocity);
                            }
                        })
                    }),
                ),
                (
                    "hecs",
                    Box::new(|| {
                        repeat(ticks, || {
                            for (position, velocity) in
                                hecs.query_mut::<(&mut Position, &Velocity)>()
                            {
                                step(position, velocity);
                            }
                        })
                    }),
                ),
            ],
        );
    }
}

macro_rules! letters {
    ($world:ident: $($letter:ident)+) => {
        $(
            #[derive(bevy::Component)]
            #[expect(dead_code, reason = "only its type counts")]
            struct $letter(f32);
            $world.spawn_batch((0..20).map(|_| ($letter(0.0), Data(1.0))));
        )+
    };
}

/// Row 2: 26 archetypes of 20 rows.
pub fn frag(table: &mut Table) {
    if !table.wants("frag_iter") {
        return;
    }
    #[derive(bevy::Component)]
    struct Data(f32);
    let mut native = bevy::World::new();
    letters!(native: A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut query = native.query::<&mut Data>();
    let mut ours = mods::world(vec![mods::guest("frag", 0)], 1);
    table.compare(
        "frag_iter",
        [
            ("sandtable", Box::new(|| systems(&mut ours, 100))),
            (
                "bevy_ecs",
                Box::new(|| {
                    repeat(1000, || query.iter_mut(&mut native).for_each(|mut data| data.0 *= 2.0))
                }),
            ),
        ],
    );
}

/// Row 3: 4×4 inverses, the same source natively.
pub fn heavy(table: &mut Table) {
    if !table.wants("heavy_compute_10k") {
        return;
    }
    let count = 10_000;
    let mut ours = mods::world(vec![mods::guest("heavy", count)], 1);
    let mut native: Vec<matrix::Matrix> = (0..count as u32).map(matrix::numbered).collect();
    table.compare(
        "heavy_compute_10k",
        [
            ("sandtable", Box::new(|| systems(&mut ours, 2))),
            (
                "native loop",
                Box::new(|| {
                    repeat(2, || {
                        for matrix in &mut native {
                            for _ in 0..10 {
                                *matrix = matrix::inverse(black_box(matrix));
                            }
                        }
                    })
                }),
            ),
        ],
    );
}

/// Row 4: three systems over 4×10k entities on two threads.
pub fn schedule(table: &mut Table) {
    if !table.wants("schedule") {
        return;
    }
    #[derive(bevy::Component)]
    struct A(f32);
    #[derive(bevy::Component)]
    struct B(f32);
    #[derive(bevy::Component)]
    struct C(f32);
    #[derive(bevy::Component)]
    struct D(f32);
    #[derive(bevy::Component)]
    struct E(f32);
    let mut native = bevy::World::new();
    let count = 10_000;
    native.spawn_batch((0..count).map(|_| (A(0.0), B(1.0))));
    native.spawn_batch((0..count).map(|_| (A(0.0), B(1.0), C(2.0))));
    native.spawn_batch((0..count).map(|_| (A(0.0), B(1.0), C(2.0), D(3.0))));
    native.spawn_batch((0..count).map(|_| (A(0.0), B(1.0), C(2.0), E(4.0))));
    fn ab(mut query: bevy::Query<(&mut A, &mut B)>) {
        query.iter_mut().for_each(|(mut one, mut two)| std::mem::swap(&mut one.0, &mut two.0));
    }
    fn cd(mut query: bevy::Query<(&mut C, &mut D)>) {
        query.iter_mut().for_each(|(mut one, mut two)| std::mem::swap(&mut one.0, &mut two.0));
    }
    fn ce(mut query: bevy::Query<(&mut C, &mut E)>) {
        query.iter_mut().for_each(|(mut one, mut two)| std::mem::swap(&mut one.0, &mut two.0));
    }
    let mut systems_of_bevy = bevy::Schedule::default();
    systems_of_bevy.add_systems((ab, cd, ce));
    bevy_tasks_threads();
    let mut ours = mods::world(vec![mods::guest("trio", count)], 2);
    table.compare(
        "schedule, 2 threads",
        [
            ("sandtable", Box::new(|| systems(&mut ours, 20))),
            ("bevy_ecs", Box::new(|| repeat(20, || systems_of_bevy.run(&mut native)))),
        ],
    );
}

/// Gives bevy's scheduler the two threads that ours has.
fn bevy_tasks_threads() {
    use bevy_tasks::{ComputeTaskPool, TaskPoolBuilder};
    ComputeTaskPool::get_or_init(|| TaskPoolBuilder::new().num_threads(2).build());
}

/// Row 5: a component added to 10k entities, then removed.
pub fn add_remove(table: &mut Table) {
    if !table.wants("add_remove_10k") {
        return;
    }
    #[derive(bevy::Component)]
    #[expect(dead_code, reason = "it is only moved")]
    struct A(f32);
    #[derive(bevy::Component)]
    #[expect(dead_code, reason = "it is only moved")]
    struct B(f32);
    let count = 10_000;
    let mut native = bevy::World::new();
    let entities: Vec<_> = (0..count).map(|_| native.spawn(A(0.0)).id()).collect();
    let mut hecs = hecs::World::new();
    let hecs_entities: Vec<_> = hecs.spawn_batch((0..count).map(|n| (n as f32,))).collect();
    let mut ours = mods::world(vec![mods::guest("toggle", count)], 1);
    table.compare(
        "add_remove_10k",
        [
            (
                "sandtable, systems + commands",
                Box::new(|| {
                    let stages = |_| {
                        let timings = ours.tick().expect("a tick").timings;
                        timings.systems + timings.deferred
                    };
                    Duration::from_nanos((0..10).map(stages).sum::<u64>()) / 5
                }),
            ),
            (
                "bevy_ecs",
                Box::new(|| {
                    repeat(5, || {
                        for entity in &entities {
                            native.entity_mut(*entity).insert(B(0.0));
                        }
                        for entity in &entities {
                            native.entity_mut(*entity).remove::<B>();
                        }
                    })
                }),
            ),
            (
                "hecs",
                Box::new(|| {
                    repeat(5, || {
                        for entity in &hecs_entities {
                            hecs.insert_one(*entity, true).expect("alive");
                        }
                        for entity in &hecs_entities {
                            hecs.remove_one::<bool>(*entity).expect("there");
                        }
                    })
                }),
            ),
        ],
    );
}

/// Row 6: a tick with nothing to do, stage by stage.
pub fn empty(table: &mut Table) {
    if !table.wants("empty_system") {
        return;
    }
    let mut ours = mods::world(vec![mods::guest("idle", 0)], 1);
    let ticks = 2000;
    table.compare(
        "empty_system",
        [(
            "sandtable, whole tick",
            Box::new(|| {
                repeat(ticks, || {
                    black_box(ours.tick().expect("a tick"));
                })
            }),
        )],
    );
    let mut sums = [0; 4];
    for _ in 0..ticks {
        let timings = ours.tick().expect("a tick").timings;
        let stages = [timings.inputs, timings.systems, timings.deferred, timings.hash];
        sums.iter_mut().zip(stages).for_each(|(sum, stage)| *sum += stage);
    }
    for (name, sum) in ["inputs", "systems", "deferred", "hash"].into_iter().zip(sums) {
        println!("{:<34} of which {name:<17} {:>10}", "", shown(Duration::from_nanos(sum) / ticks));
    }
}
