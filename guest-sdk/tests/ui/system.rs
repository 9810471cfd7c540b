//! Systems that the attribute refuses.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Gold(f64);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Rate(f64);

#[derive(Input, Clone)]
struct Call;

#[derive(Event, Clone)]
struct Heard;

#[system(evry = 3, startup, startup, whole = "galaxy", after = "Grow", before = ["a/b/c"])]
fn keys() {}

#[system(every = 0)]
fn never() {}

#[system(startup, every = 2)]
fn once() {}

#[system]
async unsafe fn modified<T>(value: u32, gold: &Gold, name: String) {}

#[system]
fn BadName(self) {}

#[system]
fn two(first: Query<&Gold>, second: Query<&Rate>) {}

#[system]
fn twice(rows: Query<(&Gold, &mut Rate, Option<&mut Gold>)>) {}

#[system]
fn nothing(rows: Query<&Gold, (With<Rate>, Without<Gold>)>) {}

#[system]
fn never_so(rows: Query<&Gold, (With<Rate>, Or<(Changed<Rate>, (With<Rate>, Without<Gold>))>)>) {}

#[system]
fn plain(rows: Query<(f32, Option<Gold>)>) {}

#[system(whole = "archetype")]
fn sets(rows: Query<&Rate>, total: ResMut<Gold>, again: Res<Gold>) {}

#[system(whole = "archetype")]
fn empty(tick: Tick) {}

#[system(whole = "shard")]
fn answers(rows: Query<&Rate>, calls: EventReader<Call>, out: Commands) {}

#[system(whole = "archetype")]
fn passes_on(calls: EventReader<Removed<Rate>>, rows: Query<&Rate>, out: EventWriter<Heard>) {}

#[system]
fn many(
    a: Tick, b: Tick, c: Tick, d: Tick, e: Tick, f: Tick, g: Tick, h: Tick, i: Tick,
    j: Tick, k: Tick, l: Tick, m: Tick, n: Tick, o: Tick, p: Tick, q: Tick,
) {}

#[system]
struct NotAFunction;

fn main() {}
