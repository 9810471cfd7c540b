//! What fields and conversions say of older saves, and say wrong.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    #[component(was = "Gold coins")]
    coins: u64,
    #[component(was = 3, default)]
    debt: f64,
    #[component(before = "silver")]
    total: u64,
}

#[derive(Event, Clone)]
struct Sold {
    #[event(default = 5)]
    to: String,
}

#[derive(Component, Clone)]
#[component(name = "Name")]
struct OldName {
    text: String,
}

#[derive(Component)]
struct First {
    text: String,
}

#[conversion]
fn nameless(old: OldName) -> First {
    First { text: old.text }
}

#[conversion(name = "split")]
fn unnumbered(old: &OldName) -> First {
    First { text: old.text.clone() }
}

#[conversion(name = "0001_nothing")]
fn nothing(old: OldName) {}

#[conversion(name = "0002_number")]
fn number(old: OldName) -> u32 {
    old.text.len() as u32
}

#[conversion(name = "0003_from_nothing")]
fn from_nothing() -> First {
    First { text: String::new() }
}

#[system]
fn plain() {}

sandtable_sdk::export! {
    id: "names",
    systems: [plain],
    conversions: [plain],
}

fn main() {}
