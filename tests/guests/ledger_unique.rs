//! A later version of `ledger`, whose migration the rows of a save may not allow.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Default)]
struct Told {
    words: Vec<String>,
}

#[system]
fn look(_: Res<Told>, tables: Tables) -> Result<(), TableError> {
    tables.query::<(i64,)>("SELECT count(*) FROM ledger__entries", ())?;
    Ok(())
}

sandtable_sdk::export! {
    id: "ledger",
    systems: [look],
    migrations: ["migrations/0001_ledger.sql", "migrations/0002_unique.sql"],
}
