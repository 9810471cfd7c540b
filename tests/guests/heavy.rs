//! Inverts each entity's matrix ten times.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::{count, matrix};

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Transform {
    cells: [f32; 16],
}

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for n in 0..count(&assets)? {
        commands.spawn(Transform { cells: matrix::numbered(n) });
    }
    Ok(())
}

#[system]
fn invert(mut rows: Query<&mut Transform>) {
    for transform in rows.iter_mut() {
        for _ in 0..10 {
            transform.cells = matrix::inverse(&transform.cells);
        }
    }
}

sandtable_sdk::export! {
    id: "heavy",
    systems: [populate, invert],
}
