//! Every row rolls dice of the standard library.

use std::hash::{BuildHasher, RandomState};

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Rolled {
    number: u64,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for _ in 0..600 {
        commands.spawn(Rolled { number: 0 });
    }
}

#[system]
fn roll(mut rolled: Query<&mut Rolled>) {
    for rolled in &mut rolled {
        rolled.number = RandomState::new().hash_one(0);
    }
}

sandtable_sdk::export! {
    id: "dice",
    systems: [populate, roll],
}
