//! Fields of types that do not cross the boundary.

use std::collections::HashMap;

use sandtable_sdk::prelude::*;

#[derive(Component, Clone)]
struct Counts {
    total: u128,
    by_name: HashMap<String, u32>,
}

#[derive(Component, Clone)]
#[component(packed)]
struct Flags {
    open: bool,
    name: String,
}

#[derive(Value, Clone, Copy)]
struct Loose {
    open: bool,
}

#[derive(Component, Clone, Copy)]
#[component(packed)]
struct HoldsLoose {
    loose: Loose,
}

#[derive(Value, Clone, Copy)]
#[value(packed)]
struct Gap {
    open: bool,
    width: u32,
}

#[derive(Value, Clone, Copy)]
#[value(packed)]
struct Inner {
    open: bool,
    rank: u16,
    spare: u8,
}

#[derive(Value, Clone, Copy)]
#[value(packed)]
enum Direction {
    North,
}

#[derive(Value, Clone)]
enum Never {}

#[derive(Component)]
#[repr(C)]
struct NotCopy {
    x: f32,
}

fn main() {}
