//! Commands, random numbers, events and relations over several archetypes.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Age {
    ticks: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Weight {
    kilograms: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Sleepy;

#[derive(Component, Clone)]
struct Name {
    text: String,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(on_despawn = "cascade")]
struct ChildOf;

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Likes {
    much: f32,
}

#[derive(Event, Clone)]
struct Born {
    who: Entity,
    name: String,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Census {
    born: u64,
    died: u64,
    weight: f64,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for n in 0..500 {
        let animal = commands.spawn((Age { ticks: n % 40 }, Weight { kilograms: f64::from(n) }));
        if n % 3 == 0 {
            commands.insert(animal, Name { text: format!("animal {n}") });
        }
        if n % 5 == 0 {
            commands.insert(animal, Sleepy);
        }
    }
}

#[system]
fn live(
    mut animals: Query<(Entity, &mut Age, &mut Weight), Without<Sleepy>>,
    rng: Rng,
    mut commands: Commands,
    mut born: EventWriter<Born>,
) {
    for (entity, age, weight) in animals.iter_mut() {
        let mut dice = rng.of(entity);
        age.ticks += 1;
        weight.kilograms += dice.f64() - 0.4;
        if age.ticks > 60 && dice.chance(0.2) {
            commands.despawn(entity);
        } else if age.ticks > 20 && dice.chance(0.02) {
            let child = commands.spawn((Age { ticks: 0 }, Weight { kilograms: 1.0 }));
            commands.relate(child, entity, ChildOf);
            born.send(Born { who: child, name: format!("child of {}", entity.index()) });
        } else if dice.chance(0.05) {
            commands.insert(entity, Sleepy);
        }
    }
}

#[system(every = 3)]
fn wake(sleepers: Query<Entity, With<Sleepy>>, rng: Rng, mut commands: Commands) {
    for entity in sleepers.iter() {
        if rng.of(entity).chance(0.5) {
            commands.remove::<Sleepy>(entity);
        }
    }
}

#[system(every = 2)]
fn name_children(births: EventReader<Born>, mut commands: Commands) {
    let mut last = None;
    for birth in births.iter() {
        commands.insert(birth.who, Name { text: birth.name.clone() });
        if let Some(sibling) = last {
            commands.relate(birth.who, sibling, Likes { much: 0.5 });
        }
        last = Some(birth.who);
    }
}

#[system(every = 5, whole = "world")]
fn count(
    animals: Query<&Weight>,
    births: EventReader<Born>,
    deaths: EventReader<Despawned>,
    mut census: ResMut<Census>,
) {
    census.born += births.iter().count() as u64;
    census.died += deaths.iter().count() as u64;
    census.weight = animals.iter().map(|weight| weight.kilograms).sum();
}

sandtable_sdk::export! {
    id: "menagerie",
    systems: [populate, live, wake, name_children, count],
    kinds: [Name, ChildOf, Likes],
}
