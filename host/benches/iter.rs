//! Rows through a guest and back: `pos += vel`.

use std::time::{Duration, Instant};

use bevy_ecs::prelude as bevy;

use crate::compare::{Table, repeat};
use crate::mods;

#[derive(bevy::Component, Clone, Copy)]
struct Position(f32, f32, f32);

#[derive(bevy::Component, Clone, Copy)]
struct Velocity(f32, f32, f32);

fn body(n: usize) -> (Position, Velocity) {
    (Position(n as f32, 0.0, 0.0), Velocity(1.0, 0.5, 0.25))
}

/// Row 1: the whole path, columns to guest to columns, all limits on.
pub fn simple(table: &mut Table) {
    for (name, count) in
        [("simple_iter_10k", 10_000), ("simple_iter_100k", 100_000), ("simple_iter_1m", 1_000_000)]
    {
        if !table.wants(name) {
            continue;
        }
        let ticks = (1_000_000 / count as u32).max(1);
        for threads in [1, 2] {
            let mut rows = mods::world(vec![mods::guest("drift", count)], threads, |_| {});
            let mut flat = mods::world(vec![mods::guest("drift_flat", count)], threads, |_| {});
            let mut native = bevy::World::new();
            native.spawn_batch((0..count).map(body));
            let mut query = native.query::<(&mut Position, &Velocity)>();
            let mut hecs = hecs::World::new();
            hecs.spawn_batch((0..count).map(body));
            let systems = |world: &mut sandtable::Simulation| {
                let nanoseconds: u64 =
                    (0..ticks).map(|_| world.tick().expect("a tick").timings.systems).sum();
                Duration::from_nanos(nanoseconds) / ticks
            };
            table.compare(
                &format!("{name}, {threads} threads"),
                vec![
                    ("sandtable, flat slices", Box::new(|| systems(&mut flat))),
                    ("sandtable, rows", Box::new(|| systems(&mut rows))),
                    (
                        "bevy_ecs",
                        Box::new(|| {
                            repeat(ticks, || {
                                query.iter_mut(&mut native).for_each(|(mut position, velocity)| {
                                    position.0 += velocity.0;
                                    position.1 += velocity.1;
                                    position.2 += velocity.2;
                                });
                            })
                        }),
                    ),
                    (
                        "hecs",
                        Box::new(|| {
                            let started = Instant::now();
                            for _ in 0..ticks {
                                for (position, velocity) in
                                    hecs.query_mut::<(&mut Position, &Velocity)>()
                                {
                                    position.0 += velocity.0;
                                    position.1 += velocity.1;
                                    position.2 += velocity.2;
                                }
                            }
                            started.elapsed() / ticks
                        }),
                    ),
                ],
            );
        }
    }
}
