//! What became of rows, written down so that it can be undone.
//!
//! An entry is whether the row is gone, and its values: MessagePack, one after
//! the other. A row that became another is one that is gone and one that came.

use rmp::{decode, encode};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, Result};

use super::value;

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowChange {
    /// Whether it is gone; otherwise it came.
    pub is_gone: bool,
    /// Its values, in the order of the columns.
    pub values: Vec<Value>,
}

/// Appends the head of an entry, which so many values follow.
pub(super) fn begin(is_gone: bool, values: usize, into: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = encode::write_bool(into, is_gone);
    let _ = encode::write_array_len(into, values as u32);
}

/// Reads entries, oldest first; nothing where they are none.
pub fn read(mut bytes: &[u8]) -> Option<Vec<RowChange>> {
    let mut changes = Vec::new();
    while !bytes.is_empty() {
        let is_gone = decode::read_bool(&mut bytes).ok()?;
        let count = value::array(&mut bytes).ok()?;
        let mut values = Vec::with_capacity(count as usize);
        for _ in 0..count {
            values.push(value::value(&mut bytes).ok()?.try_into().ok()?);
        }
        changes.push(RowChange { is_gone, values });
    }
    Some(changes)
}

/// Undoes changes of a table's rows, the last first. Says whether each row was
/// as it should have been.
///
/// # Errors
///
/// SQLite cannot write, or a rule of the table refuses a row.
pub fn undo(connection: &Connection, table: &str, changes: &[RowChange]) -> Result<bool> {
    let columns: Vec<String> = connection
        .prepare_cached("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get::<_, String>(0))?
        .map(|name| name.map(|name| format!("\"{}\"", name.replace('"', "\"\""))))
        .collect::<Result<_>>()?;
    let table = format!("main.\"{}\"", table.replace('"', "\"\""));
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT INTO {table} VALUES ({marks})");
    let same: Vec<String> = columns.iter().map(|column| format!("{column} IS ?")).collect();
    let delete = format!("DELETE FROM {table} WHERE {}", same.join(" AND "));
    for change in changes.iter().rev() {
        if change.values.len() != columns.len() {
            return Ok(false);
        }
        let sql = if change.is_gone { &insert } else { &delete };
        let values = change.values.iter().map(|value| ToSqlOutput::Borrowed(value.into()));
        let done = connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?;
        if done != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
