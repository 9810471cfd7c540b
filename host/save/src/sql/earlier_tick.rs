//! An earlier tick, for a connection that shows the save as it is now.
//!
//! What that tick left of the tables of mods stands in temporary tables, which
//! hide those of the same names in the file.

use std::collections::BTreeSet;

use rusqlite::{Connection, Result, params, params_from_iter};

use crate::tables;
use sandtable_world::ecs::World;

use super::names::quoted;

/// How mods stood then, in the place of how they stand.
pub(super) const MOD_STATES: &str = "st_mod_states";

/// An earlier tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlierTick {
    /// Which.
    pub tick: u64,
}

impl EarlierTick {
    /// Whether the tables of mods were others than now, and not only their rows.
    pub(crate) fn had_other_tables(self, connection: &Connection) -> Result<bool> {
        connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM st_migrations WHERE tick >= ?1)
                 OR EXISTS (SELECT 1 FROM st_table_copies WHERE tick >= ?1)",
            [self.tick.max(1) as i64],
            |row| row.get(0),
        )
    }

    /// Hides how mods stand now.
    pub(super) fn begin(self, connection: &Connection) -> Result<()> {
        connection.execute_batch(&format!(
            "CREATE TEMP TABLE {MOD_STATES} (id, faults_in_a_row, suspended)"
        ))
    }

    /// Shows the tables of mods as they were, which another connection has.
    pub(crate) fn show_tables(self, connection: &Connection, then: &Connection) -> Result<()> {
        writing(connection, || {
            for name in tables::names(then)? {
                // As it is declared, for its types say how its values compare.
                let declared =
                    "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
                let declared: String = then.query_row(declared, [&name], |row| row.get(0))?;
                let body = declared.get("CREATE TABLE".len()..).unwrap_or_default();
                connection.execute_batch(&format!("CREATE TEMP TABLE{body}"))?;
                let name = quoted(&name);
                let mut select = then.prepare(&format!("SELECT * FROM main.{name}"))?;
                let columns = select.column_count();
                let marks = vec!["?"; columns].join(", ");
                let mut insert =
                    connection.prepare(&format!("INSERT INTO temp.{name} VALUES ({marks})"))?;
                let mut rows = select.query([])?;
                while let Some(row) = rows.next()? {
                    let values: Vec<rusqlite::types::Value> =
                        (0..columns).map(|at| row.get(at)).collect::<Result<_>>()?;
                    insert.execute(params_from_iter(values))?;
                }
            }
            Ok(())
        })
    }

    /// Shows how mods stood in the world as it was.
    pub(crate) fn show_mods(self, connection: &Connection, then: &World) -> Result<()> {
        writing(connection, || {
            let sql = format!("INSERT INTO temp.{MOD_STATES} VALUES (?1, ?2, ?3)");
            for (id, state) in then.mods.iter() {
                connection.execute(&sql, params![id, state.faults_in_a_row, state.suspended])?;
            }
            Ok(())
        })
    }
}

/// Writes to temporary tables of a connection that else only reads.
fn writing(connection: &Connection, write: impl FnOnce() -> Result<()>) -> Result<()> {
    let only_reads: bool = connection.pragma_query_value(None, "query_only", |row| row.get(0))?;
    connection.pragma_update(None, "query_only", false)?;
    let written = write();
    connection.pragma_update(None, "query_only", only_reads)?;
    written
}

/// The tables of mods that the file has now.
pub(super) fn of_now(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut select = connection.prepare(
        "SELECT name FROM main.sqlite_schema
         WHERE type = 'table' AND name NOT GLOB 'st_*' AND name NOT GLOB 'sqlite_*'",
    )?;
    select.query_map([], |row| row.get(0))?.collect()
}
