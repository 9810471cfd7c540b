//! Padding that only the types of fields tell of.

use sandtable_sdk::prelude::*;

#[derive(Value, Clone, Copy)]
#[value(packed)]
struct Lock {
    open: bool,
}

#[derive(Component)]
#[component(packed)]
struct Door {
    lock: Lock,
    leads_to: Entity,
}

fn main() {}
