//! Conditions that `run_if` refuses.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Default)]
struct Weather {
    wind: f64,
    name: String,
    calm: bool,
}

#[derive(Event, Clone)]
struct Storm {
    wind: f64,
}

struct Clock {
    hours: u32,
}

#[system(run_if = Weather.wnd >= 30.0)]
fn field() {}

#[system(run_if = Weather.wind >= "strong")]
fn text_for_a_number() {}

#[system(run_if = Weather.wind == 30)]
fn whole_for_a_fraction() {}

#[system(run_if = Weather.wind)]
fn number_for_a_bool() {}

#[system(run_if = Weather.name < "b" && !Weather.calm)]
fn order_of_text() {}

#[system(run_if = Storm.wind > 3.0)]
fn event() {}

#[system(run_if = Clock.hours == 3)]
fn plain() {}

#[system(run_if = Weather)]
fn resource_alone() {}

#[system(run_if = Weather.calm || Weather.wind < 1.0)]
fn either() {}

#[system(run_if = Weather.wind + 1.0)]
fn sum() {}

#[system(run_if = 3.0 < Weather.wind)]
fn reversed() {}

fn main() {}
