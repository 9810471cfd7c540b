//! Components that are not what a component must be.

use sandtable_sdk::prelude::*;

#[derive(Component)]
enum Mood {
    Calm,
    Angry,
}

#[derive(Component, Clone, Copy)]
struct NeedsRepr {
    x: f32,
}

#[derive(Component, Clone, Copy)]
#[repr(C, packed)]
struct WrongRepr {
    x: f32,
}

#[derive(Component, Clone)]
struct Generic<T> {
    value: T,
}

#[derive(Component, Clone)]
struct Borrows<'a> {
    text: &'a str,
}

#[derive(Component, Clone)]
struct Node {
    children: Vec<Node>,
    Name: String,
    again: Option<Option<u8>>,
}

#[derive(Component, Clone, Copy)]
#[component(off = "economy", packed, dynamic, packed, of = "The Economy", name = "gold")]
#[repr(C)]
struct Treasury {
    gold: f64,
}

#[derive(Event, Clone)]
#[event(packed, of = 3)]
struct Paid {
    gold: f64,
}

#[derive(Relation, Clone, Copy)]
#[relation(on_despawn = "explode")]
#[repr(C)]
struct Border;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct lower_case;

fn main() {}
