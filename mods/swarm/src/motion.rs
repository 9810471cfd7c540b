//! How bodies move, over slices that hold x, y and z of one body after another.
//!
//! No loop cares which of the three a number is, so that all vectorise.

/// How strongly the spring pulls, in 1/s²: a body swings once in 20 seconds.
const SPRING_PER_S2: f32 = 0.1;

/// From the middle of the box to each wall, in metres.
pub const WALL_M: f32 = 100.0;

/// Changes velocities by the spring's pull over `dt` seconds.
pub fn attract(positions: &[f32], velocities: &mut [f32], dt: f32) {
    let pull = SPRING_PER_S2 * dt;
    for (velocity, position) in velocities.iter_mut().zip(positions) {
        *velocity -= position * pull;
    }
}

/// Moves positions for `dt` seconds.
pub fn drift(positions: &mut [f32], velocities: &[f32], dt: f32) {
    for (position, velocity) in positions.iter_mut().zip(velocities) {
        *position += velocity * dt;
    }
}

/// Turns velocities inward where positions are beyond a wall.
pub fn bounce(positions: &[f32], velocities: &mut [f32]) {
    for (velocity, &position) in velocities.iter_mut().zip(positions) {
        let inward = velocity.abs().copysign(-position);
        *velocity = if position.abs() > WALL_M { inward } else { *velocity };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_fall_to_the_middle() {
        let mut velocities = [0.0, 0.0, 0.0];
        attract(&[10.0, -10.0, 0.0], &mut velocities, 0.5);
        assert_eq!(velocities, [-0.5, 0.5, 0.0]);
    }

    #[test]
    fn bodies_move() {
        let mut positions = [1.0, 2.0, 3.0];
        drift(&mut positions, &[2.0, 0.0, -2.0], 0.5);
        assert_eq!(positions, [2.0, 2.0, 2.0]);
    }

    #[test]
    fn walls_throw_back_only_those_who_leave() {
        let mut velocities = [3.0, 3.0, -3.0, -3.0, 3.0];
        bounce(&[101.0, -101.0, 101.0, -101.0, 99.0], &mut velocities);
        assert_eq!(velocities, [-3.0, 3.0, -3.0, 3.0, 3.0]);
    }

    #[test]
    fn nothing_escapes() {
        let mut positions = [90.0, -20.0, 60.0];
        let mut velocities = [50.0, 10.0, -30.0];
        for _ in 0..10_000 {
            attract(&positions, &mut velocities, 0.05);
            drift(&mut positions, &velocities, 0.05);
            bounce(&positions, &mut velocities);
            assert!(positions.iter().all(|position| position.abs() < 2.0 * WALL_M));
        }
    }
}
