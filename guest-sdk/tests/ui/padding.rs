//! Packed rows that would have padding.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Middle {
    level: u8,
    owner: Entity,
    size: [f32; 3],
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct End {
    length: f64,
    lanes: u16,
}

type Short = u8;

#[derive(Component, Clone, Copy)]
#[component(packed)]
#[repr(C)]
struct Hidden {
    level: Short,
    size: f32,
}

fn main() {}
