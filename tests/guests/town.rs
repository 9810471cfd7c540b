//! A busy town: people who live spread over places, of whom about every sixth pays
//! for something in a tick, all of it in a ledger that is found by place.

use sandtable_sdk::prelude::*;
use sandtable_test_guests::count;

const PLACES: u32 = 4096;
const WARES: [&str; 4] = ["bread", "firewood", "rent", "a new coat"];

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Person {
    number: u32,
    place: u32,
    gold: f64,
}

#[system(startup)]
fn settle(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for number in 0..count(&assets)? {
        let place = number.wrapping_mul(2_654_435_761) % PLACES;
        commands.spawn(Person { number, place, gold: 1000.0 });
    }
    Ok(())
}

#[system(whole = "world")]
fn pay(mut people: Query<&mut Person>, mut tables: Tables, tick: Tick) -> Result<(), TableError> {
    let mut paid = Vec::new();
    for person in &mut people {
        let turn = (u64::from(person.number) * 7 + tick.number()) % 64;
        if turn < 10 {
            let gold = 1.0 + turn as f64 / 4.0;
            person.gold -= gold;
            let ware = WARES[(turn % 4) as usize];
            paid.push((tick.number(), person.number, person.place, gold, ware));
        }
    }
    tables.execute_many("INSERT INTO town__ledger VALUES (?1, ?2, ?3, ?4, ?5)", paid)?;
    Ok(())
}

sandtable_sdk::export! {
    id: "town",
    systems: [settle, pay],
    migrations: ["migrations/0001_town.sql"],
}
