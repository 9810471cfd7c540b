//! Calls itself until the stack ends.

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

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn down(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    down(depth + 1) + frame[0]
}

#[system]
fn misbehave(mut marks: Query<(Entity, &mut Mark)>, mut commands: Commands) {
    for (entity, mark) in marks.iter_mut() {
        mark.ticks += 1;
        commands.insert(entity, *mark);
    }
    std::hint::black_box(down(0));
}

sandtable_sdk::export! {
    id: "recurses",
    systems: [populate, misbehave],
}
