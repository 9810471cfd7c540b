//! The statements of a migration, one by one.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, Error};

/// Runs the statements of a migration one by one.
pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), String> {
    // The authorizer cannot tell what SQLite itself reads of the schema while it
    // alters a table from what a migration reads.
    let small = sql.to_ascii_lowercase();
    if let Some(word) = ["rollback", "sqlite_", "pragma_"].into_iter().find(|it| small.contains(it))
    {
        return Err(format!("holds `{word}`, which is refused wherever it stands"));
    }
    let told = |error: Error| match error {
        Error::SqlInputError { msg, sql, offset, .. } => {
            let line = sql.get(..offset.max(0) as usize).unwrap_or("").lines().count().max(1);
            let first = sql.lines().next().unwrap_or_default();
            format!("is refused: {msg}, in line {line} of the statement that begins `{first}`")
        }
        Error::SqliteFailure(_, Some(message)) => format!("is refused: {message}"),
        error => format!("is refused: {error}"),
    };
    let mut statements = Batch::new(connection, sql);
    while let Some(mut statement) = statements.next().map_err(told)? {
        if statement.is_explain() != 0 || (statement.readonly() && statement.column_count() > 0) {
            return Err("only changes: take the question away".to_owned());
        }
        statement.raw_execute().map_err(told)?;
    }
    Ok(())
}
