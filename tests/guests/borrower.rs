//! Uses what belongs to `drift`: its positions, a file of it, and with an asset
//! `meddle` its velocities, by command.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "drift")]
struct Position {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "drift")]
struct Velocity {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Component, Clone)]
struct Note {
    names: Vec<String>,
    count: String,
}

#[system(startup)]
fn note(mut commands: Commands, assets: Assets) {
    let count = assets.text("drift:count").unwrap_or_default();
    commands.spawn(Note { names: assets.names(), count });
}

#[system]
fn meddle(bodies: Query<(Entity, &Position)>, mut commands: Commands, assets: Assets) {
    if assets.bytes("meddle").is_ok() {
        for (entity, _) in bodies.iter() {
            commands.insert(entity, Velocity { x: 9.0, y: 9.0, z: 9.0 });
        }
    }
}

sandtable_sdk::export! {
    id: "borrower",
    systems: [note, meddle],
    kinds: [Note, Velocity],
}
