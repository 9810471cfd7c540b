//! What tables may be: those of mods as a migration makes them, those of no mod
//! without anything that computes. A save can come from anywhere.

use std::collections::BTreeMap;

use rusqlite::{Connection, Error, OptionalExtension};

use super::batch::batch;
use super::database::is_plain;
use super::error::TableError;
use super::gate::{Allowance, Gate, Principal};
use super::owner;
use sandtable_world::config::Limits;

/// Gives every table that is not the host's and has not the form that it must
/// have, with what is wrong with it.
///
/// What of a schema SQLite computes by itself, in CHECK constraints, defaults
/// and indices, was let in by the gate when a migration made it. So whatever is
/// there of a mod must get through the gate again, word for word.
///
/// # Errors
///
/// SQLite cannot read the schema.
pub fn check(connection: &Connection) -> Result<Vec<TableError>, Error> {
    let mut scratch = Connection::open_in_memory()?;
    let gate = Gate::default();
    gate.install(&mut scratch)?;
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    let mut select = connection.prepare(
        "SELECT type, tbl_name, sql FROM main.sqlite_schema
         WHERE type IN ('table', 'index') AND lower(substr(tbl_name, 1, 3)) <> 'st_'
         ORDER BY type = 'index', name",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, table): (String, String) = (row.get(0)?, row.get(1)?);
        let sql: Option<String> = row.get(2)?;
        let checked = match owner(&table) {
            Some(_) if !is_plain(&table) => Err("has a name that no mod can give it".to_owned()),
            Some(id) => again(&scratch, &gate, id, sql.as_deref().unwrap_or_default())
                .and_then(|()| if kind == "table" { form(connection, &table) } else { Ok(()) }),
            None => plain(connection, &table),
        };
        if let Err(what) = checked {
            refused.entry(table).or_insert(what);
        }
    }
    let told = |(table, what)| TableError::Form { table, what };
    Ok(refused.into_iter().map(told).collect())
}

/// Makes a table or an index as a migration of a mod would.
fn again(scratch: &Connection, gate: &Gate, mod_id: &str, sql: &str) -> Result<(), String> {
    let allowance = Allowance { rows: u64::MAX, bytes_max: u64::MAX, ..Allowance::default() };
    gate.begin_statement(
        Principal::Migration(mod_id.to_owned()),
        allowance,
        &Limits::default(),
        false,
    );
    let made = batch(scratch, sql);
    gate.end_statement();
    made.map_err(|what| format!("could not be made by a migration: it {what}"))
}

/// Checks that nothing is computed for a table of no mod.
fn plain(connection: &Connection, table: &str) -> Result<(), String> {
    let computes: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE hidden <> 0)
                 OR EXISTS (SELECT 1 FROM pragma_index_list(?1) AS list
                     WHERE partial OR EXISTS (
                         SELECT 1 FROM pragma_index_xinfo(list.name) WHERE cid = -2))
                 OR EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = ?1 AND rootpage = 0)",
            [table],
            |row| row.get(0),
        )
        .map_err(|error| format!("cannot be looked at: {error}"))?;
    match computes {
        true => Err("is no mod's, and computes what is in it: drop it".to_owned()),
        false => Ok(()),
    }
}

/// Checks that a table has the form that mods' tables have.
pub(super) fn form(connection: &Connection, table: &str) -> Result<(), String> {
    let told = |error: Error| format!("cannot be looked at: {error}");
    let (strict, without_rowid): (bool, bool) = connection
        .query_row(
            "SELECT strict, wr FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table'",
            [table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(told)?
        .unwrap_or_default();
    if !strict || !without_rowid {
        return Err("must end in `STRICT, WITHOUT ROWID`, and so have a primary key".to_owned());
    }
    let mut select = connection
        .prepare("SELECT name, dflt_value, hidden FROM pragma_table_xinfo(?1)")
        .map_err(told)?;
    let mut columns = select.query([table]).map_err(told)?;
    while let Some(column) = columns.next().map_err(told)? {
        let name: String = column.get(0).map_err(told)?;
        let default: Option<String> = column.get(1).map_err(told)?;
        let hidden: i64 = column.get(2).map_err(told)?;
        if hidden != 0 {
            return Err(format!("has a generated column `{name}`; store it as any other"));
        }
        if default.is_some_and(|default| !is_literal(&default)) {
            return Err(format!("has a default for `{name}` that is no plain number or text"));
        }
    }
    let keys: i64 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_list(?1)", [table], |row| row.get(0))
        .map_err(told)?;
    if keys > 0 {
        return Err("has a foreign key, which would not be enforced: leave it away".to_owned());
    }
    Ok(())
}

/// Whether a default is the same on every machine and at any time.
fn is_literal(default: &str) -> bool {
    let word = default.trim();
    let unsigned = word.trim_start_matches(['-', '+']);
    let quoted = |text: &str| {
        text.len() >= 2
            && text.starts_with('\'')
            && text.ends_with('\'')
            && !text[1..text.len() - 1].replace("''", "").contains('\'')
    };
    ["null", "true", "false"].iter().any(|known| known.eq_ignore_ascii_case(word))
        || unsigned.parse::<f64>().is_ok_and(f64::is_finite)
        || quoted(word)
        || word.strip_prefix(['x', 'X']).is_some_and(quoted)
}
