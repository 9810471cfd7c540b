//! Adds a component to every entity in one tick and removes it in the next.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::count;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct A(f32);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct B(f32);

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for _ in 0..count(&assets)? {
        commands.spawn(A(0.0));
    }
    Ok(())
}

#[system]
fn add(rows: Query<Entity, (With<A>, Without<B>)>, mut commands: Commands) {
    for entity in rows.iter() {
        commands.insert(entity, B(0.0));
    }
}

#[system]
fn remove(rows: Query<Entity, (With<A>, With<B>)>, mut commands: Commands) {
    for entity in rows.iter() {
        commands.remove::<B>(entity);
    }
}

sandtable_sdk::export! {
    id: "toggle",
    systems: [populate, add, remove],
}
