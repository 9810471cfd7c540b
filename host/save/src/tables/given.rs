//! Rows of parameters as a table, which SQLite reads while it inserts them.
//!
//! An INSERT of one row of parameters that is made for many costs the beginning
//! and the end of a statement for each of them, and most of all the copies of pages
//! by which SQLite could undo it. As one INSERT … SELECT from this table it costs
//! them once. No mod reads the table: it may be read while the host lends it rows,
//! and then the host's statement is the only one.
//!
//! The `unsafe` in here is the promise that the two structures below start with
//! SQLite's own, and are laid out as C would. They do and are.
#![expect(unsafe_code, reason = "rusqlite's virtual tables are unsafe traits")]

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::vtab::{
    Context, Filters, IndexInfo, Module, VTab, VTabConfig, VTabConnection, VTabCursor,
    sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Result};

use super::value::{self, LENGTH_MAX};

/// The table.
pub(super) const GIVEN: &str = "st_given";

/// How many parameters it has columns for.
pub(super) const PLACES: usize = 64;

/// Rows that one statement takes. SQLite sets them all aside before it inserts the
/// first, because a trigger follows them.
const AT_ONCE: u32 = 16 << 10;

/// The column that holds the parameter with this number.
pub(super) fn column(number: usize) -> String {
    format!("p{number}")
}

/// Makes the table of a connection.
pub(super) fn register(connection: &Connection, given: Given) -> Result<()> {
    const MODULE: Module<'_, GivenTable> = Module::eponymous_only_module();
    connection.create_module(GIVEN, &MODULE, Some(given))
}

/// What is lent to the table of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(Arc<Mutex<Lent>>);

#[derive(Debug, Default)]
struct Lent {
    is_open: bool,
    rows: Option<Rows>,
}

impl Given {
    /// Whether rows are lent.
    pub fn is_open(&self) -> bool {
        self.lent().is_open
    }

    /// Lends rows, until [`take_back`](Self::take_back). Gives how many statements
    /// must read the table until all rows were read.
    pub fn lend(&self, rows: Rows) -> u32 {
        let statements = rows.left.div_ceil(AT_ONCE);
        *self.lent() = Lent { is_open: true, rows: Some(rows) };
        statements
    }

    /// Ends the loan, and says what is wrong with the rows, as far as they were
    /// read.
    ///
    /// # Errors
    ///
    /// They are no rows of as many parameters as were announced, which is told to
    /// the mod. Rows from before were read.
    pub fn take_back(&self) -> Result<(), String> {
        let rows = std::mem::take(&mut *self.lent()).rows;
        rows.map_or(Ok(()), |rows| match rows.wrong {
            Some(told) => Err(told),
            None => value::ended(&rows.bytes[rows.at..]),
        })
    }

    fn lent(&self) -> MutexGuard<'_, Lent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows of parameters, read one by one. Where one is wrong they end, so that those
/// before it are inserted first, and fail first.
#[derive(Debug)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    /// How far they are read.
    at: usize,
    left: u32,
    /// What is left when the statement at work has read its share.
    left_then: u32,
    parameters: usize,
    row: Vec<Field>,
    wrong: Option<String>,
}

/// A value of a row: a number, or where it lies.
#[derive(Debug)]
enum Field {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

impl Rows {
    /// So many rows of so many parameters, one after another.
    pub fn new(bytes: &[u8], count: u32, parameters: usize) -> Self {
        let row = Vec::with_capacity(parameters);
        let bytes = bytes.to_vec();
        Self { bytes, at: 0, left: count, left_then: 0, parameters, row, wrong: None }
    }

    /// Goes to the next row of the statement at work. Says whether there is one.
    fn advance(&mut self) -> bool {
        if self.left == self.left_then || self.wrong.is_some() {
            return false;
        }
        self.left -= 1;
        self.wrong = self.read().err();
        self.wrong.is_none()
    }

    fn read(&mut self) -> Result<(), String> {
        let mut from = &self.bytes[self.at..];
        value::count(&mut from, self.parameters)?;
        self.row.clear();
        for _ in 0..self.parameters {
            let value = value::value(&mut from)?;
            let end = self.bytes.len() - from.len();
            let place = |bytes: &[u8]| match bytes.len() > LENGTH_MAX as usize {
                true => Err("string or blob too big".to_owned()),
                false => Ok(end - bytes.len()..end),
            };
            self.row.push(match value {
                ValueRef::Null => Field::Null,
                ValueRef::Integer(number) => Field::Integer(number),
                ValueRef::Real(number) => Field::Real(number),
                ValueRef::Text(text) => Field::Text(place(text)?),
                ValueRef::Blob(bytes) => Field::Blob(place(bytes)?),
            });
        }
        self.at = self.bytes.len() - from.len();
        Ok(())
    }

    /// A value of the row that it is at.
    fn field(&self, place: usize) -> ValueRef<'_> {
        match self.row.get(place) {
            None | Some(Field::Null) => ValueRef::Null,
            Some(Field::Integer(number)) => ValueRef::Integer(*number),
            Some(Field::Real(number)) => ValueRef::Real(*number),
            Some(Field::Text(range)) => ValueRef::Text(&self.bytes[range.clone()]),
            Some(Field::Blob(range)) => ValueRef::Blob(&self.bytes[range.clone()]),
        }
    }
}

#[repr(C)]
struct GivenTable {
    base: sqlite3_vtab,
    given: Given,
}

unsafe impl<'vtab> VTab<'vtab> for GivenTable {
    type Aux = Given;
    type Cursor = GivenCursor<'vtab>;

    fn connect(
        connection: &mut VTabConnection,
        aux: Option<&Given>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        connection.config(VTabConfig::DirectOnly)?;
        let columns: Vec<String> = (1..=PLACES).map(column).collect();
        let declared = CString::new(format!("CREATE TABLE x({})", columns.join(", ")))?;
        let given = aux.cloned().unwrap_or_default();
        Ok((Cow::Owned(declared), Self { base: sqlite3_vtab::default(), given }))
    }

    fn best_index(&self, _: &mut IndexInfo) -> Result<bool> {
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<GivenCursor<'vtab>> {
        let (base, given) = (sqlite3_vtab_cursor::default(), &self.given);
        Ok(GivenCursor { base, given, rows: None, is_at_end: true })
    }
}

/// Reads the rows of one statement, and has them meanwhile.
#[repr(C)]
struct GivenCursor<'vtab> {
    base: sqlite3_vtab_cursor,
    given: &'vtab Given,
    rows: Option<Rows>,
    is_at_end: bool,
}

unsafe impl VTabCursor for GivenCursor<'_> {
    fn filter(&mut self, _: c_int, _: Option<&str>, _: &Filters<'_>) -> Result<()> {
        self.rows = self.given.lent().rows.take();
        if let Some(rows) = &mut self.rows {
            rows.left_then = rows.left.saturating_sub(AT_ONCE);
        }
        self.next()
    }

    fn next(&mut self) -> Result<()> {
        self.is_at_end = !self.rows.as_mut().is_some_and(Rows::advance);
        Ok(())
    }

    fn eof(&self) -> bool {
        self.is_at_end
    }

    fn column(&self, context: &mut Context, place: c_int) -> Result<()> {
        let field = self.rows.as_ref().map_or(ValueRef::Null, |rows| rows.field(place as usize));
        context.set_result(ToSqlOutput::Borrowed(field))
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.rows.as_ref().map_or(0, |rows| i64::from(rows.left)))
    }
}

impl Drop for GivenCursor<'_> {
    fn drop(&mut self) {
        if let Some(rows) = self.rows.take() {
            self.given.lent().rows = Some(rows);
        }
    }
}
