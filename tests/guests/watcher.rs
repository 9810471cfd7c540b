//! Counts what its filters let through, and what was removed.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Value {
    number: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Tag;

#[derive(Input, Clone)]
struct Poke {
    number: u32,
    to: u32,
}

#[derive(Input, Clone)]
struct Untag {
    number: u32,
}

#[derive(Input, Clone)]
struct Kill {
    number: u32,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Counts {
    changed: u32,
    added: u32,
    removed: u32,
    despawned: u32,
    runs: u32,
    changed_numbers: u32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for number in 0..100 {
        commands.spawn((Value { number }, Tag));
    }
}

/// Writes every row, and changes few.
#[system]
fn poke(mut values: Query<&mut Value>, pokes: EventReader<Poke>) {
    for value in values.iter_mut() {
        let to = pokes.iter().find(|poke| poke.number == value.number).map(|poke| poke.to);
        value.number = to.unwrap_or(value.number);
    }
}

#[system]
fn obey(
    values: Query<(Entity, &Value)>,
    untags: EventReader<Untag>,
    kills: EventReader<Kill>,
    mut commands: Commands,
) {
    for (entity, value) in values.iter() {
        if untags.iter().any(|untag| untag.number == value.number) {
            commands.remove::<Tag>(entity);
        }
        if kills.iter().any(|kill| kill.number == value.number) {
            commands.despawn(entity);
        }
    }
}

#[system(after = "poke", whole = "world")]
fn count(
    changed: Query<&Value, Changed<Value>>,
    added: Query<Entity, Added<Tag>>,
    removed: EventReader<Removed<Tag>>,
    despawned: EventReader<Despawned>,
    mut counts: ResMut<Counts>,
) {
    *counts = Counts {
        changed: changed.iter().count() as u32,
        added: added.iter().count() as u32,
        removed: removed.iter().count() as u32,
        despawned: despawned.iter().count() as u32,
        runs: counts.runs + 1,
        changed_numbers: changed.iter().map(|value| value.number).sum(),
    };
}

sandtable_sdk::export! {
    id: "watcher",
    systems: [populate, poke, obey, count],
}
