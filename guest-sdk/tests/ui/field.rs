//! Fields of types that do not cross the boundary.

use std::collections::HashMap;

use sandtable_sdk::prelude::*;

#[derive(Component, Clone)]
struct Counts {
    total: usize,
    by_name: HashMap<String, u32>,
}

#[derive(Component, Clone, Copy)]
#[component(packed)]
#[repr(C)]
struct Flags {
    open: bool,
}

#[derive(Value, Clone)]
enum Never {}

#[derive(Component)]
#[repr(C)]
struct NotCopy {
    x: f32,
}

fn main() {}
