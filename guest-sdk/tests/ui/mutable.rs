//! Ways to write that there are not.

use sandtable_sdk::prelude::*;

#[derive(Component)]
struct Name {
    text: String,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Total(f64);

/// A dynamic component is given as `Mut`, whose variable has to be `mut`.
#[system]
fn not_mut(mut names: Query<&mut Name>) {
    for name in &mut names {
        name.text.push('!');
    }
}

#[system]
fn not_flat(mut names: Query<&mut Name>) {
    for texts in names.flat_mut() {}
}

#[system]
fn looks_up(names: Lookup<&mut Name>) {}

#[system]
fn sets(mut total: Option<ResMut<Total>>) {}

#[system]
fn reads(total: Res<Total>) {
    total.0 = 1.0;
}

fn main() {}
