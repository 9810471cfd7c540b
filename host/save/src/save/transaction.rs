//! The transaction that a commit is.

use std::ops::Deref;

use rusqlite::Connection;

/// A transaction, undone when it is dropped.
pub(crate) struct Transaction<'c>(&'c Connection);

/// Goes on with the transaction that mods' statements have begun, or begins one.
pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    if connection.is_autocommit() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
    }
    Ok(Transaction(connection))
}

impl Transaction<'_> {
    pub(crate) fn commit(self) -> rusqlite::Result<()> {
        self.0.execute_batch("COMMIT")
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // One that cannot even be undone ends with the connection.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}
