//! Gives new nations what diplomacy keeps about them.

use sandtable_sdk::prelude::*;

use crate::foreign::Nation;
use crate::kinds::{Outlook, Power, Stance};

/// Founds foreign offices. Outlooks are drawn, not taken from any real nation.
#[system]
pub fn found(
    nations: Query<Entity, (With<Nation>, Without<Stance>)>,
    mut commands: Commands,
    rng: Rng,
) {
    for nation in &nations {
        let openness = rng.of(nation).f64();
        commands.insert(
            nation,
            (Power { share: 0.0 }, Outlook { openness }, Stance { wars: 0, treaties: 0 }),
        );
    }
}
