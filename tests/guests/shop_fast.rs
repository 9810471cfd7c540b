//! A later version of `shop` with the same kinds, which earns more.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    gold: u32,
    silver: u32,
}

#[derive(Input, Clone)]
struct Gift {
    gold: u32,
}

#[system(every = 1)]
fn earn(mut purses: Query<&mut Purse>, gifts: EventReader<Gift>) {
    let gifts: u32 = gifts.iter().map(|gift| gift.gold).sum();
    for purse in purses.iter_mut() {
        purse.gold += 10 + gifts;
    }
}

sandtable_sdk::export! {
    id: "shop",
    systems: [earn],
}
