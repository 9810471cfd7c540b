//! Follows each change of a row.
//!
//! Temporary triggers on every table of a mod hand old and new rows to a
//! function of the host. They are the connection's, not the save's, and work
//! without SQLite's preupdate hook, whose bindings need libclang to build.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::Null;
use rusqlite::{Connection, Error, Result};

use super::digester::Digester;
use super::follower::{Change, FOLLOWER, TRIGGERS};
use super::gate::Gate;
use sandtable_world::ecs::TableState;

/// Teaches the connection to follow rows.
pub(super) fn register(connection: &Connection, gate: Gate) -> Result<()> {
    // A replaced row is a deleted one only with recursive triggers.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.create_scalar_function(FOLLOWER, -1, FunctionFlags::SQLITE_UTF8, move |context| {
        let number: i64 = context.get(0)?;
        let change = Change::ALL.into_iter().find(|change| *change as i64 == number);
        let table = context.get_raw(1).as_str().unwrap_or_default();
        let Some(change) = change else { return Ok(Null) };
        let values = (2..context.len()).map(|at| context.get_raw(at));
        gate.follow(change, table, values).map_err(|why| Error::UserFunctionError(why.into()))?;
        Ok(Null)
    })
}

/// The contents of a table, read row by row.
///
/// # Errors
///
/// SQLite cannot read the table.
pub fn of(connection: &Connection, table: &str) -> Result<TableState> {
    let mut select = connection.prepare(&format!("SELECT * FROM main.\"{table}\""))?;
    let columns = select.column_count();
    let mut rows = select.query([])?;
    let (mut state, mut digester) = (TableState::default(), Digester::default());
    while let Some(row) = rows.next()? {
        digester.begin(table);
        for at in 0..columns {
            digester.value(row.get_ref(at)?);
        }
        state = state.plus(digester.end());
    }
    Ok(state)
}

/// Takes away whatever follows rows.
///
/// # Errors
///
/// SQLite cannot drop a trigger.
pub fn unfollow(connection: &Connection) -> Result<()> {
    let names: Vec<String> = connection
        .prepare("SELECT name FROM temp.sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for name in names.iter().filter(|name| name.starts_with(TRIGGERS)) {
        connection.execute_batch(&format!("DROP TRIGGER temp.\"{name}\""))?;
    }
    Ok(())
}

/// Follows the rows of a table, whose name holds no quotes.
pub(super) fn follow(connection: &Connection, table: &str) -> Result<()> {
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let call = |change: Change, whose: &str| {
        let values: String = columns
            .iter()
            .map(|column| format!(", {whose}.\"{}\"", column.replace('"', "\"\"")))
            .collect();
        format!("SELECT {FOLLOWER}({}, '{table}'{values});", change as i64)
    };
    for (event, calls) in [
        ("INSERT", call(Change::Inserted, "new")),
        ("DELETE", call(Change::Deleted, "old")),
        ("UPDATE", call(Change::Left, "old") + &call(Change::Became, "new")),
    ] {
        connection.execute_batch(&format!(
            "CREATE TEMP TRIGGER \"{TRIGGERS}{event}_{table}\" AFTER {event} ON main.\"{table}\" \
             BEGIN {calls} END"
        ))?;
    }
    Ok(())
}
