//! The tables that mods keep in a save, as they are declared.

use sandtable_world::identity::WorldId;

use super::Reader;
use crate::error::SaveError;
use crate::identity;
use crate::tables;

/// A table that a mod keeps, as it is declared now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTable {
    /// What it is called.
    pub name: String,
    /// Its columns in order, each with its type.
    pub columns: Vec<(String, String)>,
    /// The columns by which its rows are told apart, in order.
    pub key: Vec<String>,
}

impl Reader {
    /// By which name the world is known outside; a save that an older version ran last has
    /// none yet.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn world_id(&self) -> Result<Option<WorldId>, SaveError> {
        self.read(|connection| Ok(identity::read(connection)?))
    }

    /// The tables that mods keep, as they are declared now.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn kept_tables(&self) -> Result<Vec<KeptTable>, SaveError> {
        self.read(|connection| {
            let sql = "SELECT name, type, pk FROM pragma_table_info(?1)";
            let mut select = connection.prepare(sql)?;
            let mut kept = Vec::new();
            for name in tables::names(connection)? {
                let (mut columns, mut key) = (Vec::new(), Vec::new());
                let mut rows = select.query([&name])?;
                while let Some(row) = rows.next()? {
                    let (column, place): (String, i64) = (row.get(0)?, row.get(2)?);
                    if place > 0 {
                        key.push((place, column.clone()));
                    }
                    columns.push((column, row.get(1)?));
                }
                key.sort();
                let key = key.into_iter().map(|(_, column)| column).collect();
                kept.push(KeptTable { name, columns, key });
            }
            Ok(kept)
        })
    }
}
