//! Sends a million commands.

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
    for _ in 0..1_000_000 {
        commands.spawn(Mark { ticks: 0 });
    }
}

sandtable_sdk::export! {
    id: "floods",
    systems: [populate, misbehave],
}
