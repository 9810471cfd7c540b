//! Three systems over four archetypes; two of them can run at the same time.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::count;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct A(f32);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct B(f32);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct C(f32);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct D(f32);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct E(f32);

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for _ in 0..count(&assets)? {
        commands.spawn((A(0.0), B(1.0)));
        commands.spawn((A(0.0), B(1.0), C(2.0)));
        commands.spawn((A(0.0), B(1.0), C(2.0), D(3.0)));
        commands.spawn((A(0.0), B(1.0), C(2.0), E(4.0)));
    }
    Ok(())
}

#[system]
fn swap_ab(mut rows: Query<(&mut A, &mut B)>) {
    for (a, b) in rows.iter_mut() {
        std::mem::swap(&mut a.0, &mut b.0);
    }
}

#[system]
fn swap_cd(mut rows: Query<(&mut C, &mut D)>) {
    for (c, d) in rows.iter_mut() {
        std::mem::swap(&mut c.0, &mut d.0);
    }
}

#[system]
fn swap_ce(mut rows: Query<(&mut C, &mut E)>) {
    for (c, e) in rows.iter_mut() {
        std::mem::swap(&mut c.0, &mut e.0);
    }
}

sandtable_sdk::export! {
    id: "trio",
    systems: [populate, swap_ab, swap_cd, swap_ce],
}
