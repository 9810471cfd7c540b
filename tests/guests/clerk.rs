//! Writes or reads many rows of a table, as its assets `insert` and `sell` say.

use sandtable_sdk::prelude::*;

const ROWS: u64 = 100_000;

/// Sales of the first tick, and of each that follows.
const SOLD: u64 = 450_000;
const SALES: u64 = 10_000;

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Sum {
    value: f64,
}

#[system]
fn work(
    assets: Assets,
    mut sum: ResMut<Sum>,
    mut tables: Tables,
    tick: Tick,
) -> Result<(), TableError> {
    if assets.bytes("sell").is_ok() {
        return sell(&mut tables, tick.number());
    }
    let first = tick.number() * ROWS;
    if tick.number() == 1 || assets.bytes("insert").is_ok() {
        let rows = (first..first + ROWS).map(|id| (id, id as f64 * 0.5, "a name"));
        tables.execute_many("INSERT INTO clerk__rows VALUES (?1, ?2, ?3)", rows)?;
    } else {
        let rows: Vec<(u64, f64, String)> =
            tables.query("SELECT id, value, name FROM clerk__rows ORDER BY id", ())?;
        sum.value = rows.iter().map(|(_, value, _)| value).sum();
    }
    Ok(())
}

/// Sells at places all over the index: much in the first tick, then some.
fn sell(tables: &mut Tables, tick: u64) -> Result<(), TableError> {
    let sold =
        if tick == 1 { 0..SOLD } else { SOLD + (tick - 2) * SALES..SOLD + (tick - 1) * SALES };
    let rows = sold.map(|id| (id, id * 2_654_435_761 % 4096, id as f64 * 0.5, "a name"));
    tables.execute_many("INSERT INTO clerk__sales VALUES (?1, ?2, ?3, ?4)", rows)?;
    Ok(())
}

sandtable_sdk::export! {
    id: "clerk",
    systems: [work],
    migrations: ["migrations/0001_rows.sql", "migrations/0002_sales.sql"],
}
