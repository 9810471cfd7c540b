//! SQL about a world that runs without a save.
//!
//! What a save would hold is put together in memory: a copy of the tables of
//! mods, the log, and the tables over the world that [`sql`] makes of any.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::ecs::{Entity, World};
use crate::record::TickRecord;
use crate::tables::Database;

use super::error::{Outcome, SaveError, damage};
use super::log::AllTotals;
use super::sql::{self, About, Table};
use super::{connect, log};

/// Answers about a world at one tick.
#[derive(Debug)]
pub struct Inquiry {
    connection: Connection,
    /// What the tables are called.
    tables: Vec<String>,
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
            let about = About { given: Some(names), ..About::default() };
            let tables = sql::set_up(&mut connection, &Arc::new(now.clone()), about)?;
            Ok(Self { connection, tables })
        };
        made().map_err(|failure| failure.of(Path::new(connect::NOWHERE), "read"))
    }

    /// Answers a SELECT, as [`Reader::query`](super::Reader::query) does.
    pub fn query(&self, sql: &str) -> Result<Table, SaveError> {
        sql::answer(&self.connection, &self.tables, sql, Path::new(connect::NOWHERE))
    }
}
