//! Inverts each entity's matrix ten times, or as often as a file of its says.

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
fn invert(mut rows: Query<&mut Transform>, assets: Assets) -> Result<(), String> {
    let times = assets.text("times").ok().map_or(Ok(10), |times| times.trim().parse::<u32>());
    let times = times.map_err(|error| error.to_string())?;
    for transform in rows.iter_mut() {
        for _ in 0..times {
            transform.cells = matrix::inverse(&transform.cells);
        }
    }
    Ok(())
}

sandtable_sdk::export! {
    id: "heavy",
    systems: [populate, invert],
}
