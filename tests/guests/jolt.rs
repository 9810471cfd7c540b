//! Changes two components of every entity, or of one in a hundred when it has
//! the asset `sparse`.

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

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for n in 0..count(&assets)? {
        let x = n as f32;
        commands.spawn((Position { x, y: 0.0, z: -x }, Velocity { x: 1.0, y: 0.5, z: 0.25 }));
    }
    Ok(())
}

#[system]
fn jolt(mut bodies: Query<(&mut Position, &mut Velocity)>, assets: Assets) {
    let step = if assets.names().iter().any(|name| name == "sparse") { 100 } else { 1 };
    for (positions, velocities) in bodies.slices_mut() {
        for (position, velocity) in positions.iter_mut().zip(velocities).step_by(step) {
            velocity.x += 0.5;
            velocity.y -= 0.25;
            velocity.z += 0.125;
            position.x += velocity.x;
            position.y += velocity.y;
            position.z += velocity.z;
        }
    }
}

sandtable_sdk::export! {
    id: "jolt",
    systems: [populate, jolt],
}
