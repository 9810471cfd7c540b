//! Reads relations from both ends and components of others.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct House {
    number: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Sums {
    out: f32,
    into: f32,
    numbers: u32,
    missing: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Landlord(Entity);

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Road {
    length: f32,
}

/// A street of ten houses: a road from each to the next, one landlord for all.
#[system(startup)]
fn build(mut commands: Commands) {
    let landlord = commands.spawn(House { number: 1000 });
    let mut last = None;
    for number in 0..10 {
        let sums = Sums { out: 0.0, into: 0.0, numbers: 0, missing: 0 };
        let house = commands.spawn((House { number }, sums, Landlord(landlord)));
        if let Some(last) = last {
            commands.relate(last, house, Road { length: number as f32 });
        }
        last = Some(house);
    }
}

#[system]
fn visit(
    mut houses: Query<(Entity, &mut Sums, &Landlord)>,
    roads: Relations<Road>,
    others: Lookup<&House>,
) {
    for (house, sums, landlord) in houses.iter_mut() {
        sums.out = roads.of(house).map(|(_, road)| road.length).sum();
        sums.into = roads.to(house).map(|(_, road)| road.length).sum();
        sums.numbers = roads
            .of(house)
            .filter_map(|(next, _)| others.get(next))
            .map(|house| house.number)
            .sum::<u32>()
            + others.get(landlord.0).map_or(0, |house| house.number);
        sums.missing = u32::from(others.get(Entity::NONE).is_none());
    }
}

sandtable_sdk::export! {
    id: "neighbours",
    systems: [build, visit],
}
