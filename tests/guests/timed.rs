//! Runs in its phase, and while fields of resources say so.

use sandtable_sdk::prelude::*;

#[derive(Settings)]
struct Rules {
    #[settings(default = true)]
    open: bool,
    #[settings(default = "calm")]
    mood: String,
}

/// The wind goes 0, 10, 20, 30 and starts again.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Weather {
    wind: f32,
    ticks: u32,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Never {
    set: u8,
}

#[derive(Component, Clone, Default)]
struct Runs {
    phased: Vec<u64>,
    stormy: Vec<u64>,
    open: Vec<u64>,
    never: Vec<u64>,
    calls: Vec<String>,
}

#[derive(Input, Clone)]
struct Call {
    text: String,
}

#[system]
fn blow(mut weather: ResMut<Weather>) {
    weather.ticks += 1;
    weather.wind = (weather.ticks % 4 * 10) as f32;
}

#[system(every = 5, phase = 3)]
fn phased(mut runs: ResMut<Runs>, tick: Tick) {
    runs.phased.push(tick.number());
}

#[system(after = "blow", run_if = Weather.wind >= 30.0)]
fn storm(mut runs: ResMut<Runs>, tick: Tick) {
    runs.stormy.push(tick.number());
}

#[system(every = 2, run_if = Rules.open && Rules.mood == "calm")]
fn open(mut runs: ResMut<Runs>, tick: Tick) {
    runs.open.push(tick.number());
}

#[system(run_if = Never.set != 1)]
fn never(mut runs: ResMut<Runs>, tick: Tick) {
    runs.never.push(tick.number());
}

#[system(after = "blow", run_if = Weather.wind == 20.0)]
fn listen(mut runs: ResMut<Runs>, calls: EventReader<Call>, tick: Tick) {
    for call in &calls {
        runs.calls.push(format!("{} in tick {}", call.text, tick.number()));
    }
}

sandtable_sdk::export! {
    id: "timed",
    systems: [blow, phased, storm, open, never, listen],
}
