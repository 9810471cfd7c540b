//! Moves every tenth entity, others in each tick; 48 bytes an entity.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::count;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Position {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Velocity {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Body {
    mass: f32,
    axis: [f32; 3],
    spin: f32,
    radius: f32,
}

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for n in 0..count(&assets)? {
        let x = n as f32;
        let body = Body { mass: 1.0 + x, axis: [0.0, 1.0, x], spin: 0.5, radius: 1.0 };
        let velocity = Velocity { x: 1.0 + x * 0.37, y: 0.5, z: 0.25 - x * 0.11 };
        commands.spawn((Position { x, y: 0.0, z: -x }, velocity, body));
    }
    Ok(())
}

#[system]
fn advance(mut bodies: Query<(&mut Position, &Velocity)>, tick: Tick) {
    let first = (tick.number() % 10) as usize;
    for (positions, velocities) in bodies.slices_mut() {
        for (position, velocity) in positions.iter_mut().zip(velocities).skip(first).step_by(10) {
            position.x += velocity.x;
            position.y += velocity.y;
            position.z += velocity.z;
        }
    }
}

sandtable_sdk::export! {
    id: "movers",
    systems: [populate, advance],
    kinds: [Body],
}
