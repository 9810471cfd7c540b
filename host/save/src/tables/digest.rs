//! Follows each change of a row.
//!
//! Temporary triggers on every table of a mod hand old and new rows to a
//! function of the host. They are the connection's, not the save's, and work
//! without SQLite's preupdate hook, whose bindings need libclang to build.

use blake3::Hasher;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Error, Result};

use super::follower::{Change, FOLLOWER, TRIGGERS};
use super::gate::Gate;
use super::rows;
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
        let values = || (2..context.len()).map(|at| context.get_raw(at));
        let is_text = |value: ValueRef<'_>| match value {
            ValueRef::Text(text) => std::str::from_utf8(text).is_ok(),
            _ => true,
        };
        if !values().all(is_text) {
            let why = "a text that is no UTF-8 cannot be kept: keep it as a blob";
            return Err(Error::UserFunctionError(why.into()));
        }
        let state = row(table, values());
        let write = |gone, into: &mut Vec<u8>| rows::write(gone, values(), into);
        gate.follow(change, table, state, write)
            .map_err(|why| Error::UserFunctionError(why.into()))?;
        Ok(Null)
    })
}

/// A row as a table of one.
pub(super) fn row<'a>(table: &str, values: impl Iterator<Item = ValueRef<'a>>) -> TableState {
    let mut into = Hasher::new();
    let mut sized = |kind: u8, bytes: &[u8]| {
        into.update(&[kind]);
        into.update(&(bytes.len() as u32).to_le_bytes());
        into.update(bytes);
        bytes.len() as u64
    };
    sized(0, table.as_bytes());
    let bytes = values
        .map(|value| match value {
            ValueRef::Null => sized(1, &[]),
            ValueRef::Integer(number) => sized(2, &number.to_le_bytes()),
            ValueRef::Real(number) => sized(3, &number.to_bits().to_le_bytes()),
            ValueRef::Text(text) => sized(4, text),
            ValueRef::Blob(bytes) => sized(5, bytes),
        })
        .sum();
    let digest = into.finalize();
    let lane = |lane: usize| {
        let bytes = &digest.as_bytes()[lane * 8..lane * 8 + 8];
        bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    };
    TableState { rows: 1, bytes, sum: std::array::from_fn(lane) }
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
    let mut state = TableState::default();
    while let Some(values) = rows.next()? {
        let values: Vec<ValueRef<'_>> =
            (0..columns).map(|at| values.get_ref(at)).collect::<Result<_>>()?;
        state = state.plus(row(table, values.into_iter()));
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
