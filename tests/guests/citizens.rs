//! People with names, two of them with the same: one dies, one takes another
//! name, and all of that is logged.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone)]
struct Citizen {
    name: String,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Wealth {
    gold: u32,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Knows;

#[system(startup)]
fn settle(mut commands: Commands) {
    let mut before = None;
    for (gold, name) in ["Ada", "Twin", "Twin", "Mortal"].into_iter().enumerate() {
        let citizen = Citizen { name: name.to_owned() };
        let citizen = commands.spawn((citizen, Wealth { gold: gold as u32 }));
        if let Some(before) = before.replace(citizen) {
            commands.relate(citizen, before, Knows);
        }
    }
    info!("four settle");
}

#[system]
fn earn(mut purses: Query<&mut Wealth>) {
    for purse in purses.iter_mut() {
        purse.gold += 10;
    }
}

#[system]
fn live(citizens: Query<(Entity, &Citizen)>, tick: Tick, mut commands: Commands) {
    debug!("tick {}", tick.number());
    for (entity, citizen) in citizens.iter() {
        match (tick.number(), citizen.name.as_str()) {
            (4, "Mortal") => {
                warn!("{} dies", citizen.name);
                commands.despawn(entity);
            }
            (6, "Ada") => commands.insert(entity, Citizen { name: "Countess".to_owned() }),
            _ => {}
        }
    }
}

sandtable_sdk::export! {
    id: "citizens",
    systems: [settle, earn, live],
    kinds: [Knows],
}
