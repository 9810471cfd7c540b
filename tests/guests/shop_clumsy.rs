//! A later version of `shop`, whose conversion fails on some rows.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[component(name = "Purse")]
#[repr(C)]
struct OldPurse {
    gold: u32,
    silver: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    ratio: u32,
}

#[conversion(name = "0001_ratio")]
fn ratio(purse: OldPurse) -> Purse {
    assert!(purse.silver < 50, "too much silver");
    Purse { ratio: purse.gold }
}

#[system]
fn look(purses: Query<&Purse>) {
    let _ = purses.iter().map(|purse| purse.ratio).sum::<u32>();
}

sandtable_sdk::export! {
    id: "shop",
    systems: [look],
    conversions: [ratio],
}
