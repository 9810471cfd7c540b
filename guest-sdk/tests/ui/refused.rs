//! A refused item is reported once, and not again wherever it is used.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
struct NoRepr {
    x: f32,
}

#[derive(Component, Clone)]
enum Mood {
    Calm,
}

#[derive(Event, Clone)]
#[event(off = "economy")]
struct Paid {
    gold: f64,
}

#[derive(Value, Clone)]
enum Never {}

#[derive(Component, Clone)]
struct Holds {
    never: Never,
}

#[system(every = 0)]
fn uses(
    mut rows: Query<(&mut NoRepr, &Mood, &Holds), Changed<Mood>>,
    paid: EventReader<Paid>,
    mut commands: Commands,
) {
    for (row, ..) in &mut rows {
        row.x += paid.len() as f32;
        commands.spawn((*row, Mood::Calm));
    }
}

#[conversion(name = "split")]
fn split(old: NoRepr) -> Mood {
    let _ = old;
    Mood::Calm
}

sandtable_sdk::export! {
    id: "refused",
    systems: [uses],
    conversions: [split],
}

fn main() {}
