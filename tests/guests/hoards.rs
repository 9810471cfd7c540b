//! Takes memory until there is none.

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
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
    }
}

sandtable_sdk::export! {
    id: "hoards",
    systems: [populate, misbehave],
}
