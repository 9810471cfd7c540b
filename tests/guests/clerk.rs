//! Writes or reads many rows of a table, as its asset `work` says.

use sandtable_sdk::prelude::*;

const ROWS: u64 = 100_000;

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

sandtable_sdk::export! {
    id: "clerk",
    systems: [work],
    migrations: ["migrations/0001_rows.sql"],
}
