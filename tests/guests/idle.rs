//! One entity, and a system that looks at it.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Here {
    value: u32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    commands.spawn(Here { value: 0 });
}

#[system]
fn look(rows: Query<&Here>) {
    std::hint::black_box(rows.len());
}

sandtable_sdk::export! {
    id: "idle",
    systems: [populate, look],
}
