//! Depends on what it must not depend on, where there are rows to do so.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Winner {
    number: u64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Place {
    number: u64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Friend {
    other: Entity,
    strength: f64,
}

#[derive(Relation, Clone)]
struct Knows {
    since: String,
}

#[derive(Input, Clone)]
struct Panic {
    text: String,
}

/// Takes the first of rows that come in no order.
#[system]
fn draw(tables: Tables, mut winner: ResMut<Winner>) -> Result<(), TableError> {
    let tickets = tables.query::<(u64,)>("SELECT number FROM careless__tickets", ())?;
    winner.number = tickets.first().map_or(0, |ticket| ticket.0);
    Ok(())
}

/// Counts on from row to row.
#[system]
fn line_up(mut places: Query<&mut Place>) {
    for (number, place) in places.iter_mut().enumerate() {
        place.number = number as u64;
    }
}

#[system]
fn fail(panics: EventReader<Panic>) {
    if let Some(panic) = panics.iter().next() {
        panic!("{}", panic.text);
    }
}

sandtable_sdk::export! {
    id: "careless",
    systems: [draw, line_up, fail],
    kinds: [Friend, Knows],
    migrations: ["migrations/0001_careless.sql"],
}
