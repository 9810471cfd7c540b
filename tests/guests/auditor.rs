//! Counts the rows of another mod's table, which it must be granted.

use sandtable_sdk::prelude::*;

#[system(after = "ledger/book")]
fn count(mut tables: Tables, tick: Tick) -> Result<(), TableError> {
    let count = tables.query_one::<(u64,)>("SELECT count(*) FROM ledger__entries", ())?;
    let entries = count.map_or(0, |row| row.0);
    tables.execute("INSERT INTO auditor__counts VALUES (?1, ?2)", (tick.number(), entries))?;
    Ok(())
}

sandtable_sdk::export! {
    id: "auditor",
    systems: [count],
    migrations: ["migrations/0001_counts.sql"],
}
