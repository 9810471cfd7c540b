//! Every type that a field may have beyond numbers and texts, packed and
//! dynamic; a resource that is never set; rows that are told apart by `Has`.

use std::collections::{BTreeMap, BTreeSet};

use sandtable_sdk::glam::{IVec2, Quat, Vec3};
use sandtable_sdk::prelude::*;

#[derive(Value, Clone, Copy)]
#[value(packed)]
struct Lock {
    key: u16,
    open: bool,
    rusty: bool,
}

#[derive(Component, Clone, Copy)]
#[component(packed)]
struct Door {
    leads_to: Entity,
    at: Vec3,
    turned: Quat,
    locks: [Lock; 2],
    painted: [bool; 4],
}

#[derive(Component, Clone)]
struct Tile {
    letter: char,
    count: usize,
    pair: (u8, String),
    cells: Vec<IVec2>,
    names: BTreeMap<String, (bool, u32)>,
    seen: BTreeSet<u16>,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Wet;

/// Never set.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Weather {
    degrees: f32,
}

/// Cannot be set.
#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Season {
    number: u32,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Told {
    wet: u32,
    dry: u32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    let mut before = Entity::NONE;
    for number in 0..10 {
        let lock = |open| Lock { key: number, open, rusty: number % 2 == 0 };
        let door = Door {
            leads_to: before,
            at: Vec3::new(f32::from(number), 0.5, -1.0),
            turned: Quat::IDENTITY,
            locks: [lock(false), lock(true)],
            painted: [true, false, number > 4, false],
        };
        let tile = Tile {
            letter: char::from(b'a' + number as u8),
            count: number.into(),
            pair: (1, "one".to_owned()),
            cells: vec![IVec2::new(-1, number.into())],
            names: BTreeMap::from([("z".to_owned(), (true, 1)), ("b".to_owned(), (false, 2))]),
            seen: BTreeSet::from([9, number]),
        };
        before = commands.spawn((door, tile));
        if number % 2 == 0 {
            commands.insert(before, Wet);
        }
    }
}

#[system]
fn unlock(mut doors: Query<(&mut Door, &mut Tile)>) {
    for (door, mut tile) in &mut doors {
        for lock in &mut door.locks {
            lock.open = !lock.open;
        }
        door.at += Vec3::Y;
        tile.names.insert("a".to_owned(), (door.locks[0].open, 3));
        tile.seen.insert(1);
    }
}

#[system(whole = "world")]
fn tell(rows: Query<(Has<Wet>, &Door)>, weather: Res<Weather>, mut told: ResMut<Told>) {
    assert_eq!(weather.degrees, 0.0);
    told.wet = rows.iter().filter(|(is_wet, _)| *is_wet).count() as u32;
    told.dry = rows.len() as u32 - told.wet;
}

#[system(every = 5)]
fn turn(season: Res<Season>) {
    info!("season {}", season.number);
}

sandtable_sdk::export! {
    id: "mosaic",
    systems: [populate, unlock, tell, turn],
}
