//! Writes numbers that are none, with bits of its own choice.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Mixed {
    wide: f64,
    count: u32,
    narrow: f32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Flat {
    x: f32,
    y: f32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    commands.spawn((Mixed { wide: 1.0, count: u32::MAX, narrow: 1.0 }, Flat { x: 1.0, y: 2.0 }));
}

#[system]
fn spoil(mut rows: Query<(&mut Mixed, &mut Flat)>) {
    for (mixed, flat) in rows.iter_mut() {
        mixed.wide = f64::from_bits(0xfff8_dead_beef_0001);
        mixed.narrow = f32::from_bits(0xffc0_0042);
        flat.y = f32::from_bits(0x7fa0_0001);
    }
}

sandtable_sdk::export! {
    id: "nan",
    systems: [populate, spoil],
}
