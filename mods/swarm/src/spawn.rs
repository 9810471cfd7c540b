//! Where the bodies come from.

use sandtable_sdk::prelude::*;

use crate::{Position, Velocity};

/// How many bodies there are.
const BODIES: u32 = 100_000;

/// The sphere that they start on, in metres.
const RADIUS_M: f32 = 80.0;

/// How fast they swirl around the vertical axis, in radians a second, and the
/// largest speed that each has besides, in metres a second.
const SWIRL_PER_S: f32 = 0.2;
const SCATTER_M_PER_S: f32 = 2.0;

/// The angle from one point of the sphere to the next: no direction repeats.
const GOLDEN_ANGLE_RAD: f32 = 2.399_963_3;

/// Spawns all bodies.
#[system(startup)]
pub fn spawn(mut commands: Commands, rng: Rng) {
    let mut dice = rng.world();
    for number in 0..BODIES {
        let position = on_sphere(number);
        let mut scatter = || (dice.f32() * 2.0 - 1.0) * SCATTER_M_PER_S;
        let velocity = Velocity {
            x: -position.y * SWIRL_PER_S + scatter(),
            y: position.x * SWIRL_PER_S + scatter(),
            z: scatter(),
        };
        commands.spawn((position, velocity));
    }
}

/// Points that cover a sphere evenly, from its north pole to its south pole (a
/// Fibonacci lattice).
fn on_sphere(number: u32) -> Position {
    let height = 1.0 - (2.0 * number as f32 + 1.0) / BODIES as f32;
    let girth = (1.0 - height * height).max(0.0).sqrt();
    let (sine, cosine) = (number as f32 * GOLDEN_ANGLE_RAD).sin_cos();
    Position { x: RADIUS_M * girth * cosine, y: RADIUS_M * girth * sine, z: RADIUS_M * height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_start_on_the_sphere() {
        for number in (0..BODIES).step_by(997) {
            let Position { x, y, z } = on_sphere(number);
            assert!(((x * x + y * y + z * z).sqrt() - RADIUS_M).abs() < 0.01);
        }
    }
}
