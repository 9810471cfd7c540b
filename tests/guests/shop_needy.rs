//! A later version of `shop` that no save can follow: it does not say what the
//! purses of old get for their new field.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    gold: u8,
    silver: [u8; 3],
    debt: u32,
}

#[system]
fn look(purses: Query<&Purse>) {
    let _ = purses.iter().map(|purse| purse.debt + u32::from(purse.gold)).sum::<u32>();
}

sandtable_sdk::export! {
    id: "shop",
    systems: [look],
}
