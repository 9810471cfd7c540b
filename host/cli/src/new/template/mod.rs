//! Walkers on a square field, and wind that blows them about.
//!
//! All that a mod knows lives in components, resources and events: a system
//! starts with fresh memory every time it is called.

use sandtable_sdk::prelude::*;

/// How far the field reaches from its middle, in metres.
const REACH: f32 = 50.0;
/// How many walkers there are at first.
const WALKERS: usize = 100;

/// Where a walker is, in metres from the middle of the field.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Position {
    x: f32,
    y: f32,
}

/// Where a walker is going, in metres a second.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Velocity {
    x: f32,
    y: f32,
}

/// A walker came to the edge of the field and turned back.
#[derive(Event, Clone)]
pub struct Turned {
    walker: Entity,
}

/// How often walkers have turned back. There is one of it: a resource.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Turns {
    count: u64,
}

/// Wind, in metres a second. It comes from outside, through `sandtable send`.
#[derive(Input, Clone)]
pub struct Gust {
    x: f32,
    y: f32,
}

/// What a world file may say under `[mods.{{id}}.settings]`, also while the world
/// runs under `sandtable dev`.
#[derive(Settings)]
pub struct Settings {
    /// How fast walkers walk, as a multiple of their velocity.
    #[settings(default = 1.0)]
    pace: f32,
}

/// Puts the walkers on the field, in the world's first tick.
#[system(startup)]
fn settle(mut commands: Commands, rng: Rng) {
    let mut dice = rng.world();
    let mut within = |reach: f32| (dice.f32() * 2.0 - 1.0) * reach;
    for _ in 0..WALKERS {
        let position = Position { x: within(REACH), y: within(REACH) };
        let velocity = Velocity { x: within(2.0), y: within(2.0) };
        commands.spawn((position, velocity));
    }
}

/// Every gust pushes every walker.
#[system]
fn blow(mut walkers: Query<&mut Velocity>, gusts: EventReader<Gust>) {
    for gust in gusts.iter() {
        for velocity in walkers.iter_mut() {
            velocity.x += gust.x;
            velocity.y += gust.y;
        }
    }
}

/// Walkers walk.
#[system(after = "blow")]
fn walk(mut walkers: Query<(&mut Position, &Velocity)>, settings: Res<Settings>, tick: Tick) {
    let seconds = tick.dt() as f32 * settings.pace;
    for (position, velocity) in walkers.iter_mut() {
        position.x += velocity.x * seconds;
        position.y += velocity.y * seconds;
    }
}

/// Walkers that have left the field head back into it.
#[system(after = "walk")]
fn turn(
    mut walkers: Query<(Entity, &Position, &mut Velocity)>,
    mut turned: EventWriter<Turned>,
) {
    for (walker, position, velocity) in walkers.iter_mut() {
        let x = headed_back(position.x, velocity.x);
        let y = headed_back(position.y, velocity.y);
        if x != velocity.x || y != velocity.y {
            *velocity = Velocity { x, y };
            turned.send(Turned { walker });
        }
    }
}

/// Counts the turns of the tick before.
#[system]
fn tally(turned: EventReader<Turned>, mut turns: ResMut<Turns>) {
    turns.count += turned.iter().count() as u64;
}

/// The speed at this place, turned towards the middle when it is off the field.
fn headed_back(place: f32, speed: f32) -> f32 {
    if place.abs() > REACH && place.signum() == speed.signum() { -speed } else { speed }
}

sandtable_sdk::export! {
    id: "{{id}}",
    systems: [settle, blow, walk, turn, tally],
}

#[cfg(test)]
mod tests {
    use super::headed_back;

    #[test]
    fn walkers_turn_at_the_edge() {
        assert_eq!(headed_back(0.0, 1.0), 1.0);
        assert_eq!(headed_back(51.0, 1.0), -1.0);
        assert_eq!(headed_back(-51.0, 1.0), 1.0);
    }
}
