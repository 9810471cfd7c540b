//! SQL about a world at one tick, whether a save has it or none.
//!
//! For a world that runs without a save, what one would hold is put together in
//! memory: a copy of the tables of mods, the log, and the tables over the world
//! that [`sql`] makes of any.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::limits::Limit;

use crate::tables::Database;
use sandtable_world::ecs::{Entity, World};
use sandtable_world::record::TickRecord;

use super::error::{Failure, Fallible, SaveError, damage};
use super::history::HistoryReader;
use super::log::AllTotals;
use super::save::Restored;
use super::sql::{self, About, EarlierTick, Need, Needs, SelectRows, Table, quoted};
use super::table_shape::{BINARY, ColumnShape, TableShape};
use super::{connect, log};

/// Answers about a world at one tick.
#[derive(Debug)]
pub struct Inquiry {
    pub(super) connection: Connection,
    /// What the tables are called.
    pub(super) tables: Vec<String>,
    /// The shapes of those that are not the file's own.
    pub(super) shapes: BTreeMap<String, TableShape>,
    /// What the world is in.
    pub(super) path: PathBuf,
    pub(super) tick: u64,
    /// Whether that is an earlier tick of a save.
    pub(super) is_past: bool,
    pub(super) needs: Arc<Needs>,
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
    ///
    /// # Errors
    ///
    /// The tables of mods are being written, or SQLite has no memory for a copy of
    /// them.
    pub fn about(running: Running<'_>) -> Result<Self, SaveError> {
        Self::in_memory(running, Some(running.names))
    }

    /// About a world alone: without tables of mods, and without what led to it.
    ///
    /// # Errors
    ///
    /// As [`Inquiry::about`].
    pub fn over(world: &World) -> Result<Self, SaveError> {
        let (tables, names) = (connect::in_memory()?, BTreeMap::new());
        let (before, now) = (world, world);
        let running = Running { before, now, tables: &tables, records: &[], names: &names };
        Self::in_memory(running, None)
    }

    fn in_memory(
        running: Running<'_>,
        given: Option<&BTreeMap<String, Entity>>,
    ) -> Result<Self, SaveError> {
        let Running { before, now, tables, records, .. } = running;
        let made = || -> Fallible<Self> {
            let mut connection = connect::nowhere()?;
            if Backup::new(&tables.lock(), &mut connection)?.step(-1)? != StepResult::Done {
                return damage("its tables are being written");
            }
            log::write(&connection, records, before, now, &AllTotals::new(), 0)?;
            log::write_logged(&connection, records, u64::MAX)?;
            let about = About { given, ..About::default() };
            let needs = Arc::new(Needs::with(Arc::new(now.clone())));
            let (tables, shapes) = sql::set_up(&mut connection, &now.registry, &needs, about)?;
            let (path, tick) = (connect::NOWHERE.into(), now.tick());
            Ok(Self { connection, tables, shapes, path, tick, is_past: false, needs })
        };
        made().map_err(|failure| failure.of(Path::new(connect::NOWHERE), "read"))
    }

    /// The tick that is asked about.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// Whether that is an earlier tick of a save.
    pub fn is_past(&self) -> bool {
        self.is_past
    }

    /// Answers a SELECT over the world and what led to it; `SELECT * FROM
    /// tables` says what there is.
    ///
    /// # Errors
    ///
    /// It is no single SELECT, asks for what is not there, or the save cannot be read.
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
    ///
    /// # Errors
    ///
    /// As [`Inquiry::query`], but for what goes wrong in a row, which
    /// [`SelectRows::next`] says.
    pub fn rows(&self, sql: &str) -> Result<SelectRows<'_>, SaveError> {
        loop {
            let prepared = SelectRows::of(&self.connection, &self.tables, &self.path, sql);
            match self.needs.take().filter(|_| prepared.is_err()) {
                Some(need) => self.fetch(need)?,
                None => return prepared,
            }
        }
    }

    /// Makes what a question was the first to ask for.
    pub(super) fn fetch(&self, need: Need) -> Result<(), SaveError> {
        let (past, moment) =
            (HistoryReader::new(&self.connection), EarlierTick { tick: self.tick });
        let fetch = || -> Fallible<()> {
            match need {
                Need::World if self.is_past => {
                    let world = past.world(self.tick)?.0;
                    moment.show_mods(&self.connection, &world)?;
                    self.needs.set_world(Arc::new(world));
                }
                Need::World => {
                    let world = Restored::without_rows(&self.connection)?.world;
                    self.needs.set_world(Arc::new(world));
                }
                Need::Tables => {
                    let tables = past.tables(self.tick, false)?;
                    moment.show_tables(&self.connection, &tables.lock())?;
                    self.needs.set_tables();
                }
            }
            Ok(())
        };
        // What is made for a question is the host's, and may be longer than its answers.
        let length = self.connection.limit(Limit::SQLITE_LIMIT_LENGTH);
        let limited = |bytes| self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes);
        let fetched = limited(i32::MAX).map_err(Failure::from).and_then(|_| {
            let fetched = self.needs.making(fetch);
            limited(length?)?;
            fetched
        });
        fetched.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// Holds the questions that follow to values and statements of a mebibyte, and to
    /// what SQLite can be stopped in: for questions from elsewhere.
    ///
    /// # Errors
    ///
    /// SQLite refuses it.
    pub fn confine(&self) -> Result<(), SaveError> {
        const LIMITS: [(Limit, i32); 5] = [
            (Limit::SQLITE_LIMIT_LENGTH, 1 << 20),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
        ];
        let confine = || -> Fallible<()> {
            for (limit, most) in LIMITS {
                self.connection.set_limit(limit, most)?;
            }
            Ok(())
        };
        confine().map_err(|failure| failure.of(&self.path, "read"))
    }

    /// Has questions that are not answered by a moment fail then, as those that cannot be
    /// answered.
    ///
    /// # Errors
    ///
    /// SQLite refuses it.
    pub fn until(&mut self, moment: Instant) -> Result<(), SaveError> {
        // Some microseconds of work.
        const STEPS_BETWEEN_LOOKS: i32 = 1_000;
        let is_late = move || Instant::now() >= moment;
        let set = self.connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_late));
        set.map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// What ends the question that is being answered, from another thread: it then
    /// fails as one that cannot be answered.
    pub fn interrupter(&self) -> impl Fn() + Send + Sync + use<> {
        let handle = self.connection.get_interrupt_handle();
        move || handle.interrupt()
    }

    /// Every table there is, with its columns.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn tables(&self) -> Result<Vec<TableShape>, SaveError> {
        let of_file = |name: &String| {
            let sql = format!("SELECT * FROM {}", quoted(name));
            let rows = SelectRows::of(&self.connection, &self.tables, &self.path, &sql)?;
            let types = sql::types_of_view(name).unwrap_or_else(|| rows.types());
            let columns = rows.columns().into_iter().zip(types);
            let columns = columns.map(|(column, ty)| {
                let collation = self.collation(name, &column);
                ColumnShape { name: column, ty, collation }
            });
            Ok(TableShape { name: name.clone(), columns: columns.collect() })
        };
        let shape = |name: &String| match self.shapes.get(name) {
            Some(shape) => Ok(shape.clone()),
            None => of_file(name),
        };
        self.needs.making(|| self.tables.iter().map(shape).collect())
    }

    /// How a column of a mod's table compares texts; all else compares bytes.
    fn collation(&self, table: &str, column: &str) -> String {
        let about = self.connection.column_metadata(Some("main"), table, column);
        let collation = about.ok().and_then(|(_, collation, ..)| collation);
        collation.map_or_else(|| BINARY.to_owned(), |it| it.to_string_lossy().into_owned())
    }
}
