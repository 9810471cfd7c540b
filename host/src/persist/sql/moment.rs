//! An earlier tick, for a connection that shows the save as it is now.
//!
//! What that tick left of the tables of mods stands in temporary tables, which
//! hide those of the same names in the file.

use std::collections::BTreeSet;

use rusqlite::{Connection, Result, params, params_from_iter};

use crate::ecs::World;

/// An earlier tick, as it left the world.
pub(in crate::persist) struct Moment<'a> {
    /// Which.
    pub tick: u64,
    /// The tables of mods then.
    pub tables: &'a Connection,
}

impl Moment<'_> {
    /// Shows the tables of mods, and how mods stood, as they were.
    pub(super) fn show(&self, connection: &Connection, world: &World) -> Result<()> {
        for name in world.tables.keys() {
            let name = format!("\"{}\"", name.replace('"', "\"\""));
            let mut select = self.tables.prepare(&format!("SELECT * FROM main.{name}"))?;
            let columns: Vec<String> = select
                .column_names()
                .map(|column| format!("\"{}\"", column.replace('"', "\"\"")))
                .collect();
            connection
                .execute_batch(&format!("CREATE TEMP TABLE {name} ({})", columns.join(", ")))?;
            let marks = vec!["?"; columns.len()].join(", ");
            let mut insert =
                connection.prepare(&format!("INSERT INTO temp.{name} VALUES ({marks})"))?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let values: Vec<rusqlite::types::Value> =
                    (0..columns.len()).map(|at| row.get(at)).collect::<Result<_>>()?;
                insert.execute(params_from_iter(values))?;
            }
        }
        connection
            .execute_batch("CREATE TEMP TABLE st_mod_states (id, faults_in_a_row, suspended)")?;
        for (id, state) in world.mods.iter() {
            connection.execute(
                "INSERT INTO temp.st_mod_states VALUES (?1, ?2, ?3)",
                params![id, state.faults_in_a_row, state.suspended],
            )?;
        }
        Ok(())
    }
}

/// The tables of mods that the file has now.
pub(super) fn of_now(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut select = connection.prepare(
        "SELECT name FROM main.sqlite_schema
         WHERE type = 'table' AND name NOT GLOB 'st_*' AND name NOT GLOB 'sqlite_*'",
    )?;
    select.query_map([], |row| row.get(0))?.collect()
}
