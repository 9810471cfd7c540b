//! As `shop_fragile`, but purses lose their silver when it comes.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    gold: u32,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Age {
    ticks: u64,
    last: u64,
}

#[system(whole = "world")]
fn earn(mut purses: Query<&mut Purse>, mut age: ResMut<Age>, tick: Tick) {
    let is_next = age.last + 1 == tick.number();
    let ticks = if is_next { age.ticks + 1 } else { 1 };
    *age = Age { ticks, last: tick.number() };
    assert!(ticks < 3, "the third tick is one too many");
    for purse in purses.iter_mut() {
        purse.gold += 1000;
    }
}

sandtable_sdk::export! {
    id: "shop",
    systems: [earn],
}
