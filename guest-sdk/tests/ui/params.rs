//! Parameters whose types are not what a system can take.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Gold(f64);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Silver(f64);

#[derive(Input, Clone)]
struct Decree {
    rate: f64,
}

struct Plain;

#[system]
fn unknown(thing: Plain) {}

#[system]
fn no_reference(rows: Query<Gold>) {}

#[system]
fn no_component(rows: Query<&Plain>) {}

#[system]
fn no_filter(rows: Query<&Gold, Gold>) {}

#[system]
fn no_alternatives(rows: Query<&Gold, Or<()>>) {}

#[system]
fn one_alternative(rows: Query<&Gold, Or<With<Silver>>>) {}

#[system]
fn ships_in_an_alternative(rows: Query<&Gold, Or<(&Silver, With<Silver>)>>) {}

#[system]
fn sends_input(out: EventWriter<Decree>) {}

#[system]
fn reads_component(events: EventReader<Gold>) {}

#[system]
fn looks_up_value(lookup: Lookup<Gold>) {}

#[system]
fn not_default(gold: ResMut<Gold>) {}

#[system]
fn returns_number() -> u32 {
    1
}

#[system]
fn spawns(mut commands: Commands) {
    commands.spawn((Gold(1.0), Plain));
}

fn main() {}
