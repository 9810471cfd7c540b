//! Systems that read events beside a query of many rows, or of none.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Ear {
    heard: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Absent;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Answer;

#[derive(Input, Clone)]
struct Call {
    number: u32,
}

#[derive(Event, Clone)]
struct Echo {
    number: u32,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Counts {
    echoes: u64,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for _ in 0..1000 {
        commands.spawn(Ear { heard: 0 });
    }
}

#[system]
fn answer(
    ears: Query<&Ear>,
    calls: EventReader<Call>,
    mut commands: Commands,
    mut echoes: EventWriter<Echo>,
) {
    for call in &calls {
        info!("{} ears, call {}", ears.len(), call.number);
        commands.spawn(Answer);
        echoes.send(Echo { number: call.number });
    }
}

#[system]
fn answer_without_rows(absent: Query<&Absent>, calls: EventReader<Call>, mut commands: Commands) {
    assert!(absent.is_empty());
    for _ in &calls {
        commands.spawn(Answer);
    }
}

#[system(whole = "shard")]
fn hear(mut ears: Query<&mut Ear>, calls: EventReader<Call>) {
    for ear in &mut ears {
        ear.heard += calls.len() as u32;
    }
}

#[system]
fn count(echoes: EventReader<Echo>, mut counts: ResMut<Counts>) {
    counts.echoes += echoes.len() as u64;
}

sandtable_sdk::export! {
    id: "herald",
    systems: [populate, answer, answer_without_rows, hear, count],
    kinds: [Answer],
}
