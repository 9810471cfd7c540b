//! Commands an entity that never was.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Mark {
    ticks: u32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for _ in 0..10 {
        commands.spawn(Mark { ticks: 0 });
    }
}

#[system]
fn misbehave(mut marks: Query<(Entity, &mut Mark)>, mut commands: Commands) {
    for (entity, mark) in marks.iter_mut() {
        mark.ticks += 1;
        commands.insert(entity, *mark);
    }
    commands.despawn(Entity::from_bits(7 << 32 | 4_000_000));
}

sandtable_sdk::export! {
    id: "ghosts",
    systems: [populate, misbehave],
}
