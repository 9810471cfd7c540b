//! The one connection to a save, and the transaction that a tick is.
//!
//! The transaction begins with the first statement of a mod and ends with the
//! commit of the tick. Within it a savepoint marks where the tick began, and
//! another where the run of a system did, so that either can be undone alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::functions::FunctionFlags;
use rusqlite::limits::Limit;
use rusqlite::types::{Null, Value};
use rusqlite::{Connection, Error, Result};

use super::gate::Gate;
use super::value::LENGTH_MAX;
use super::{digest, given, owner};
use sandtable_world::ecs::TableState;

/// How deep expressions may be, how many parts a compound SELECT may have, and
/// bytes of a pattern for LIKE and GLOB, which take them times the text.
const DEPTH_MAX: i32 = 100;

/// The one connection to a save.
#[derive(Debug)]
pub struct Database {
    inner: Mutex<Inner>,
    pub(super) gate: Gate,
}

/// The connection, and how far the transaction is.
#[derive(Debug)]
pub(super) struct Inner {
    pub connection: Connection,
    /// Whether the savepoint of the tick is set.
    in_tick: bool,
    length: [i32; 2],
}

/// What undoing a tick undid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The tick.
    Tick,
    /// Everything since the last commit: SQLite had given the transaction up.
    All,
}

/// The connection, for the host's own statements.
pub struct Guard<'a>(MutexGuard<'a, Inner>);

impl std::ops::Deref for Guard<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.connection
    }
}

impl std::ops::DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0.connection
    }
}

const TICK: &str = "st_tick";
const RUN: &str = "st_run";

impl Database {
    /// Takes a connection over, and follows the tables of mods that it has.
    ///
    /// # Errors
    ///
    /// SQLite refuses a setting or cannot read the tables.
    pub fn new(mut connection: Connection) -> Result<Self> {
        let gate = Gate::default();
        gate.install(&mut connection)?;
        digest::register(&connection, gate.clone())?;
        given::register(&connection, gate.given())?;
        for limit in [
            Limit::SQLITE_LIMIT_EXPR_DEPTH,
            Limit::SQLITE_LIMIT_COMPOUND_SELECT,
            Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH,
        ] {
            connection.set_limit(limit, DEPTH_MAX)?;
        }
        refuse_slow(&connection)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(256);
        let length = [
            connection.limit(Limit::SQLITE_LIMIT_LENGTH)?,
            connection.limit(Limit::SQLITE_LIMIT_SQL_LENGTH)?,
        ];
        let database =
            Self { inner: Mutex::new(Inner { connection, in_tick: false, length }), gate };
        database.follow()?;
        Ok(database)
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, for the host's own statements.
    pub fn lock(&self) -> Guard<'_> {
        Guard(self.inner())
    }

    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// SQLite cannot close it.
    pub fn close(self) -> Result<()> {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        inner.connection.close().map_err(|(_, error)| error)
    }

    /// Begins the transaction, unless it has begun.
    ///
    /// # Errors
    ///
    /// Another process writes for too long, or the disk fails.
    pub fn begin(&self) -> Result<()> {
        self.inner().begin()
    }

    /// Keeps what the tick did.
    ///
    /// # Errors
    ///
    /// SQLite cannot write. The tick can still be undone.
    pub fn end_tick(&self) -> Result<()> {
        let mut inner = self.inner();
        if std::mem::take(&mut inner.in_tick) {
            inner.connection.prepare_cached(&format!("RELEASE {TICK}"))?.raw_execute()?;
        }
        Ok(())
    }

    /// Undoes what the tick did so far.
    pub fn undo_tick(&self) -> Undone {
        let mut inner = self.inner();
        if !std::mem::take(&mut inner.in_tick) {
            return Undone::Tick;
        }
        let undo = format!("ROLLBACK TO {TICK}; RELEASE {TICK}");
        if inner.connection.is_autocommit() || inner.connection.execute_batch(&undo).is_err() {
            inner.roll_back();
            return Undone::All;
        }
        Undone::Tick
    }

    /// Undoes everything since the last commit.
    pub fn undo_all(&self) {
        self.inner().roll_back();
    }

    /// Commits, where there is something to commit.
    ///
    /// # Errors
    ///
    /// SQLite cannot write. The transaction is still open, unless SQLite undid it.
    pub fn commit(&self) -> Result<()> {
        let mut inner = self.inner();
        inner.in_tick = false;
        if !inner.connection.is_autocommit() {
            inner.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Puts a row into a table of a mod, as one that no mod wrote: values by column. The
    /// transaction is begun and stays open.
    ///
    /// # Errors
    ///
    /// There is no such table or column, or its rules refuse the row. The transaction
    /// is open all the same.
    pub fn insert(&self, table: &str, row: &[(&str, Value)]) -> Result<()> {
        self.begin()?;
        digest::unfollow(&self.lock())?;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let columns: Vec<String> = row.iter().map(|(column, _)| quoted(column)).collect();
        let sql = format!(
            "INSERT INTO main.{} ({}) VALUES ({})",
            quoted(table),
            columns.join(", "),
            vec!["?"; row.len()].join(", ")
        );
        let values = rusqlite::params_from_iter(row.iter().map(|(_, value)| value));
        let inserted = self.lock().execute(&sql, values);
        self.follow()?;
        inserted.map(drop)
    }

    /// Gives rows that no ORDER BY sorts the other way round, on which nothing
    /// may depend.
    ///
    /// # Errors
    ///
    /// SQLite refuses the setting.
    pub fn read_backwards(&self) -> Result<()> {
        self.lock().pragma_update(None, "reverse_unordered_selects", true)
    }

    /// Every table of a mod, with its contents.
    ///
    /// # Errors
    ///
    /// SQLite cannot read a table.
    pub fn tables(&self) -> Result<BTreeMap<String, TableState>> {
        let connection = &self.inner().connection;
        let of = |name: String| digest::of(connection, &name).map(|state| (name, state));
        names(connection)?.into_iter().map(of).collect()
    }

    /// Follows the rows of every table of a mod.
    ///
    /// # Errors
    ///
    /// SQLite cannot read the tables or make a trigger.
    pub fn follow(&self) -> Result<()> {
        let inner = self.inner();
        self.gate.note_readable(&inner.connection)?;
        digest::unfollow(&inner.connection)?;
        names(&inner.connection)?
            .iter()
            .try_for_each(|name| digest::follow(&inner.connection, name))
    }
}

impl Inner {
    fn begin(&mut self) -> Result<()> {
        if self.connection.is_autocommit() {
            self.connection.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
        }
        Ok(())
    }

    /// Begins the run of a system, and the tick where it has not begun.
    pub fn begin_run(&mut self) -> Result<()> {
        self.begin()?;
        if !self.in_tick {
            self.connection.prepare_cached(&format!("SAVEPOINT {TICK}"))?.raw_execute()?;
            self.in_tick = true;
        }
        self.connection.prepare_cached(&format!("SAVEPOINT {RUN}"))?.raw_execute().map(drop)
    }

    /// Keeps what the run did, or undoes it.
    pub fn end_run(&mut self, keep: bool) -> Result<()> {
        if !keep {
            self.connection.prepare_cached(&format!("ROLLBACK TO {RUN}"))?.raw_execute()?;
        }
        self.connection.prepare_cached(&format!("RELEASE {RUN}"))?.raw_execute().map(drop)
    }

    /// Sets how long values and statements may be: for mods, or for the host.
    pub fn confine(&self, confined: bool) -> Result<()> {
        let limits = [Limit::SQLITE_LIMIT_LENGTH, Limit::SQLITE_LIMIT_SQL_LENGTH];
        for (limit, free) in limits.into_iter().zip(self.length) {
            self.connection.set_limit(limit, if confined { LENGTH_MAX } else { free })?;
        }
        Ok(())
    }

    fn roll_back(&mut self) {
        self.in_tick = false;
        if !self.connection.is_autocommit() {
            // A transaction that cannot even be undone ends with the connection.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// Puts an error in the place of forms of functions that compare every letter of
/// one text with every letter of another: no guard is looked at meanwhile.
fn refuse_slow(connection: &Connection) -> Result<()> {
    for name in ["trim", "ltrim", "rtrim"] {
        connection.create_scalar_function(name, 2, FunctionFlags::SQLITE_UTF8, move |_| {
            let what = format!("{name} takes one argument here");
            Err::<Null, _>(Error::UserFunctionError(what.into()))
        })?;
    }
    Ok(())
}

/// The names of every table of a mod.
///
/// # Errors
///
/// SQLite cannot read the schema.
pub fn names(connection: &Connection) -> Result<Vec<String>> {
    let mut select = connection
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names = select.query_map([], |row| row.get(0))?;
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.retain(|name| owner(name).is_some());
    Ok(names)
}

/// Whether a name needs no quotes.
pub(super) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
