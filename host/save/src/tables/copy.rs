//! All tables of mods as bytes: their schema, and every row.

use std::collections::BTreeMap;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Error, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::database::{self, Database};
use super::error::TableError;
use super::migration::Migration;
use super::{digest, owner, rows, value};

/// One table.
#[derive(Serialize, Deserialize)]
struct Copied {
    name: String,
    /// What made it and its indices.
    sql: Vec<String>,
    rows: ByteBuf,
}

/// Copies every table of a mod.
///
/// # Errors
///
/// SQLite cannot read a table.
pub fn copy(connection: &Connection) -> Result<Vec<u8>, Error> {
    let mut copied = Vec::new();
    for name in database::names(connection)? {
        let sql = connection
            .prepare(
                "SELECT sql FROM main.sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL
                 ORDER BY type = 'table' DESC, name",
            )?
            .query_map([&name], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut select = connection.prepare(&format!("SELECT * FROM main.\"{name}\""))?;
        let columns = select.column_count();
        let mut found = select.query([])?;
        let mut bytes = Vec::new();
        while let Some(row) = found.next()? {
            rows::begin(false, columns, &mut bytes);
            for at in 0..columns {
                value::write(row.get_ref(at)?, &mut bytes);
            }
        }
        copied.push(Copied { name, sql, rows: bytes.into() });
    }
    // These are texts and bytes, for which there are words.
    Ok(rmp_serde::to_vec(&copied).unwrap_or_default())
}

impl Database {
    /// Puts the tables of a copy in the place of all that are there. The
    /// transaction is begun and stays open.
    ///
    /// # Errors
    ///
    /// They are no such bytes, or SQLite cannot write. The transaction is to be undone
    /// then.
    pub fn restore(&self, copied: &[u8]) -> Result<(), TableError> {
        let broken = |table: &str| TableError::Form {
            table: table.to_owned(),
            what: "cannot be read from the copy that was kept of it".to_owned(),
        };
        let copied: Vec<Copied> = rmp_serde::from_slice(copied).map_err(|_| broken("of a mod"))?;
        self.begin()?;
        {
            let connection = self.lock();
            digest::unfollow(&connection)?;
            for name in database::names(&connection)? {
                connection.execute_batch(&format!("DROP TABLE main.\"{name}\""))?;
            }
        }
        let mut statements: BTreeMap<&str, String> = BTreeMap::new();
        for table in &copied {
            let owner = owner(&table.name).ok_or_else(|| broken(&table.name))?;
            let of_owner = statements.entry(owner).or_default();
            table.sql.iter().for_each(|sql| of_owner.extend([sql.as_str(), ";\n"]));
        }
        for (owner, sql) in statements {
            self.run(owner, &Migration { name: "that once ran".to_owned(), sql })?;
        }
        for table in &copied {
            let all = rows::read(&table.rows).ok_or_else(|| broken(&table.name))?;
            let Some(first) = all.first() else { continue };
            let marks = vec!["?"; first.values.len()].join(", ");
            let sql = format!("INSERT INTO main.\"{}\" VALUES ({marks})", table.name);
            let connection = self.lock();
            let mut insert = connection.prepare(&sql)?;
            for row in &all {
                let values = row.values.iter().map(|value| ToSqlOutput::Borrowed(value.into()));
                insert.execute(params_from_iter(values))?;
            }
        }
        self.follow()?;
        Ok(())
    }
}
