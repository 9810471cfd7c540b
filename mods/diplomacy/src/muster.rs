//! Counts wars and treaties, for those who only need the numbers.

use sandtable_sdk::prelude::*;

use crate::kinds::{Stance, Treaty, War};

/// Counts the wars and treaties of each nation.
#[system(every = 7)]
pub fn muster(
    mut nations: Query<(Entity, &mut Stance)>,
    wars: Relations<War>,
    treaties: Relations<Treaty>,
) {
    for (nation, stance) in &mut nations {
        stance.wars = (wars.of(nation).len() + wars.to(nation).len()) as u32;
        stance.treaties = (treaties.of(nation).len() + treaties.to(nation).len()) as u32;
    }
}
