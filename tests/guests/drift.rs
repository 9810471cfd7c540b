//! Spawns bodies and moves them: the smallest world that moves.

use sandtable_sdk::prelude::*;

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

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    let count: usize = match assets.names().is_empty() {
        true => 100,
        false => assets
            .text("count")
            .map_err(|error| error.to_string())?
            .trim()
            .parse()
            .map_err(|_| "count")?,
    };
    for n in 0..count {
        let n = n as f32;
        commands.spawn((Position { x: n, y: 0.0, z: -n }, Velocity { x: 1.0, y: 0.5, z: 0.25 }));
    }
    Ok(())
}

#[system]
fn drift(mut bodies: Query<(&mut Position, &Velocity)>) {
    for (position, velocity) in bodies.iter_mut() {
        position.x += velocity.x;
        position.y += velocity.y;
        position.z += velocity.z;
    }
}

sandtable_sdk::export! {
    id: "drift",
    systems: [populate, drift],
}
