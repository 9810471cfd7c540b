//! The first version of `ledger`, which saves were made with.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Default)]
struct Told {
    words: Vec<String>,
}

#[system]
fn book(mut told: ResMut<Told>, mut tables: Tables, tick: Tick) -> Result<(), TableError> {
    told.words.push(format!("tick {}", tick.number()));
    let rows = (0..3).map(|place| (tick.number(), place, "old"));
    tables.execute_many("INSERT INTO ledger__entries VALUES (?1, ?2, ?3)", rows)?;
    Ok(())
}

sandtable_sdk::export! {
    id: "ledger",
    systems: [book],
    migrations: ["migrations/0001_ledger.sql"],
}
