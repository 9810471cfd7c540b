//! SQL about a world at one tick, whether a save has it or none.
//!
//! For a world that runs without a save, what one would hold is put together in
//! memory: a copy of the tables of mods, the log, and the tables over the world
//! that [`sql`] makes of any.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::ecs::{Entity, World};
use crate::record::TickRecord;
use crate::tables::Database;

use super::error::{Outcome, SaveError, damage};
use super::log::AllTotals;
use super::sql::{self, About, Rows, Table, quoted};
use super::{connect, log};

/// Answers about a world at one tick.
#[derive(Debug)]
pub struct Inquiry {
    pub(super) connection: Connection,
    /// What the tables are called.
    pub(super) tables: Vec<String>,
    /// What the world is in.
    pub(super) path: PathBuf,
    pub(super) tick: u64,
}

/// A table that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// What it is called.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// What it is called.
    pub name: String,
    /// The type it is declared with; nothing where it has none.
    pub ty: String,
    /// How its texts are compared.
    pub collation: String,
}

/// A world that runs without a save.
#[derive(Clone, Copy)]
pub struct Running<'a> {
    /// The world before the first tick.
    pub before: &'a World,
    /// The world now.
    pub now: &'a World,
    /// The tables of mods, now.
    pub tables: &'a Database,
    /// What every tick did.
    pub records: &'a [TickRecord],
    /// Entities that have names: those are the table `given`.
    pub names: &'a BTreeMap<String, Entity>,
}

impl Inquiry {
    /// About a world as it is now.
    pub fn about(running: Running<'_>) -> Result<Self, SaveError> {
        let Running { before, now, tables, records, names } = running;
        let made = || -> Outcome<Self> {
            let mut connection = connect::nowhere()?;
            if Backup::new(&tables.lock(), &mut connection)?.step(-1)? != StepResult::Done {
                return damage("its tables are being written");
            }
            log::write(&connection, records, before, now, &AllTotals::new(), 0)?;
            log::write_logged(&connection, records, u64::MAX)?;
            let about = About { given: Some(names), ..About::default() };
            let tables = sql::set_up(&mut connection, &Arc::new(now.clone()), about)?;
            Ok(Self { connection, tables, path: connect::NOWHERE.into(), tick: now.tick() })
        };
        made().map_err(|failure| failure.of(Path::new(connect::NOWHERE), "read"))
    }

    /// The tick that is asked about.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// Answers a SELECT over the world and what led to it; `SELECT * FROM
    /// tables` says what there is.
    pub fn query(&self, sql: &str) -> Result<Table, SaveError> {
        let mut rows = self.rows(sql)?;
        let columns = rows.columns();
        let mut table = Table { columns, rows: Vec::new() };
        while let Some(row) = rows.next()? {
            table.rows.push(row);
        }
        Ok(table)
    }

    /// Answers a SELECT row by row.
    pub fn rows(&self, sql: &str) -> Result<Rows<'_>, SaveError> {
        Rows::of(&self.connection, &self.tables, &self.path, sql)
    }

    /// Every table there is, with its columns.
    pub fn tables(&self) -> Result<Vec<TableShape>, SaveError> {
        let shape = |name: &String| {
            let rows = self.rows(&format!("SELECT * FROM {}", quoted(name)))?;
            let columns = rows.columns().into_iter().zip(rows.types());
            let columns = columns.map(|(column, ty)| {
                let collation = self.collation(name, &column);
                ColumnShape { name: column, ty, collation }
            });
            Ok(TableShape { name: name.clone(), columns: columns.collect() })
        };
        self.tables.iter().map(shape).collect()
    }

    /// How a column of a mod's table compares texts; all else compares bytes.
    fn collation(&self, table: &str, column: &str) -> String {
        let about = self.connection.column_metadata(Some("main"), table, column);
        let collation = about.ok().and_then(|(_, collation, ..)| collation);
        collation.map_or_else(|| "BINARY".to_owned(), |it| it.to_string_lossy().into_owned())
    }
}
