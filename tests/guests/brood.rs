//! Every row spawns a child and keeps its entity, in a component and an event.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::count;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Parent {
    number: u64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Child {
    number: u64,
    parent: Entity,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Bore {
    child: Entity,
}

#[derive(Event, Clone)]
struct Born {
    number: u64,
    child: Entity,
}

#[system(startup)]
fn populate(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for number in 0..u64::from(count(&assets)?) {
        commands.spawn(Parent { number });
    }
    Ok(())
}

#[system]
fn bear(
    parents: Query<(Entity, &Parent), Without<Bore>>,
    mut commands: Commands,
    mut born: EventWriter<Born>,
) {
    for (parent, &Parent { number }) in &parents {
        let child = commands.spawn(Child { number, parent });
        commands.insert(parent, Bore { child });
        born.send(Born { number, child });
    }
}

sandtable_sdk::export! {
    id: "brood",
    systems: [populate, bear],
    kinds: [Child],
}
