//! Who sees what when: columns within the tick, commands and events after it.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Step {
    tick: u64,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Seen {
    column: u64,
    lookup: u64,
    own_lookup: u64,
    spawned: u64,
    events: u64,
    late_events: u64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Newborn;

#[derive(Event, Clone)]
struct Rang {
    tick: u64,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    commands.spawn(Step { tick: 0 });
}

#[system(whole = "world")]
fn first(
    mut steps: Query<(Entity, &mut Step)>,
    before: Lookup<&Step>,
    mut seen: ResMut<Seen>,
    tick: Tick,
    mut commands: Commands,
    mut rang: EventWriter<Rang>,
) {
    for (entity, step) in steps.iter_mut() {
        step.tick = tick.number();
        seen.own_lookup = before.get(entity).map_or(0, |step| step.tick);
    }
    commands.spawn(Newborn);
    rang.send(Rang { tick: tick.number() });
}

#[system(after = "first", whole = "world")]
fn second(
    steps: Query<(Entity, &Step)>,
    newborn: Query<Entity, With<Newborn>>,
    looked: Lookup<&Step>,
    rang: EventReader<Rang>,
    mut seen: ResMut<Seen>,
) {
    for (entity, step) in steps.iter() {
        seen.column = step.tick;
        seen.lookup = looked.get(entity).map_or(0, |step| step.tick);
    }
    seen.spawned = newborn.iter().count() as u64;
    seen.events = rang.iter().next_back().map_or(0, |rang| rang.tick);
}

#[system(every = 4, whole = "world")]
fn rarely(rang: EventReader<Rang>, mut seen: ResMut<Seen>) {
    seen.late_events += rang.iter().count() as u64;
}

sandtable_sdk::export! {
    id: "visibility",
    systems: [populate, first, second, rarely],
}
