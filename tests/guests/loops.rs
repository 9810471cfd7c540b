//! Never returns.

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
    loop {
        std::hint::black_box(());
    }
}

sandtable_sdk::export! {
    id: "loops",
    systems: [populate, misbehave],
}
