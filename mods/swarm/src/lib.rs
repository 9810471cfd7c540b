//! Swarm: 100,000 bodies in a box, for speed.
//!
//! All is packed and all numbers are `f32`, so every system runs over flat
//! slices that the compiler turns into SIMD.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Position` | bodies | metres from the middle of the box |
//! | `Velocity` | bodies | metres a second |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `spawn` | once | places the bodies on a sphere, swirling |
//! | `attract` | every tick | a spring pulls every body to the middle |
//! | `drift` | every tick | bodies move |
//! | `bounce` | every tick | the walls of the box throw them back |

mod motion;
mod spawn;

use sandtable_sdk::prelude::*;

/// Where a body is, in metres from the middle of the box.
#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Position {
    x: f32,
    y: f32,
    z: f32,
}

/// How fast a body moves, in metres a second.
#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Velocity {
    x: f32,
    y: f32,
    z: f32,
}

/// Pulls every body to the middle.
#[system]
fn attract(mut bodies: Query<(&Position, &mut Velocity)>, tick: Tick) {
    for (positions, velocities) in bodies.flat_mut() {
        motion::attract(positions, velocities, tick.dt() as f32);
    }
}

/// Moves every body.
#[system(after = "attract")]
fn drift(mut bodies: Query<(&mut Position, &Velocity)>, tick: Tick) {
    for (positions, velocities) in bodies.flat_mut() {
        motion::drift(positions, velocities, tick.dt() as f32);
    }
}

/// Turns those around that would leave the box.
#[system(after = "drift")]
fn bounce(mut bodies: Query<(&Position, &mut Velocity)>) {
    for (positions, velocities) in bodies.flat_mut() {
        motion::bounce(positions, velocities);
    }
}

sandtable_sdk::export! {
    systems: [spawn::spawn, attract, drift, bounce],
}
