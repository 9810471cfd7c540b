//! The outer SQLite: the connection that loaded the extension.
//!
//! This module and what is below it is the only place of the extension with
//! `unsafe`, because SQLite is C. What it relies on: SQLite calls back with
//! pointers that it got here or that live as long as the call, uses a
//! connection from one thread at a time, and frees what it was told to own. No
//! panic leaves a callback. Everything else sees values of Rust.
#![expect(unsafe_code, reason = "SQLite is loaded as C, and loads the extension as C")]

mod load;
mod routines;
mod table;

use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::ptr;

use rusqlite::ffi::{
    SQLITE_DONE, SQLITE_ERROR, SQLITE_FLOAT, SQLITE_INTEGER, SQLITE_NULL, SQLITE_OK,
    SQLITE_OPEN_CREATE, SQLITE_OPEN_READWRITE, SQLITE_ROW, SQLITE_TEXT, SQLITE_TRANSIENT,
    SQLITE_UTF8, sqlite3, sqlite3_context, sqlite3_value,
};
use rusqlite::types::Value;

use routines::{Malloc, Routines};

/// Keeps a panic on this side.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err("the extension failed, which is a mistake in it: report it with the query".to_owned())
    })
}

/// The connection that loaded the extension.
#[derive(Clone, Copy)]
pub struct Outer {
    routines: Routines,
    db: *mut sqlite3,
}

impl Outer {
    /// The file of the main database, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        // SAFETY: what SQLite returns is NULL or a text that lives as long as
        // the connection.
        let name = unsafe {
            let name = (self.routines.db_filename)(self.db, c"main".as_ptr());
            (!name.is_null()).then(|| CStr::from_ptr(name))?
        };
        (!name.is_empty()).then(|| path_of(name))
    }

    /// Runs statements that answer nothing.
    pub fn execute(&self, sql: &str) -> Result<(), String> {
        let sql = c(sql)?;
        // SAFETY: the text lives until the call returns.
        let done = unsafe {
            (self.routines.exec)(self.db, sql.as_ptr(), None, ptr::null_mut(), ptr::null_mut())
        };
        self.checked(self.db, done)
    }

    /// Asks for one number.
    pub fn number(&self, sql: &str) -> Result<i64, String> {
        let sql = c(sql)?;
        let mut statement = ptr::null_mut();
        // SAFETY: the statement is finalized before it can be used again; a
        // column of a statement without a row is zero.
        unsafe {
            let (at, rest) = (&raw mut statement, ptr::null_mut());
            let prepared = (self.routines.prepare_v2)(self.db, sql.as_ptr(), -1, at, rest);
            self.checked(self.db, prepared)?;
            let row = (self.routines.step)(statement) == SQLITE_ROW;
            let number = (self.routines.column_int64)(statement, 0);
            let ended = (self.routines.finalize)(statement);
            self.checked(self.db, ended)?;
            if row { Ok(number) } else { Err("there is no answer".to_owned()) }
        }
    }

    /// Copies the main database, as one commit left it, into a new file.
    pub fn copy_main(&self, into: &Path) -> Result<(), String> {
        // What is absolute is no URI.
        let path = std::path::absolute(into).map_err(|error| error.to_string())?;
        let path = c(path.as_os_str().as_encoded_bytes())?;
        let main = c"main".as_ptr();
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        let mut copy = ptr::null_mut();
        // SAFETY: the copy is closed on every way out, and a backup is finished
        // before.
        unsafe {
            let opened = (self.routines.open_v2)(path.as_ptr(), &mut copy, flags, ptr::null());
            let copied = self.checked(copy, opened).and_then(|()| {
                // No process needs half of it.
                Self { db: copy, ..*self }
                    .execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
                let backup = (self.routines.backup_init)(copy, main, self.db, main);
                if backup.is_null() {
                    return self.checked(copy, SQLITE_ERROR);
                }
                let done = (self.routines.backup_step)(backup, -1);
                let ended = (self.routines.backup_finish)(backup);
                self.checked(copy, ended)?;
                match done {
                    SQLITE_DONE => Ok(()),
                    _ => Err("it is being written; try again".to_owned()),
                }
            });
            (self.routines.close)(copy);
            copied
        }
    }

    fn checked(&self, db: *mut sqlite3, code: c_int) -> Result<(), String> {
        if code == SQLITE_OK {
            return Ok(());
        }
        // SAFETY: SQLite has a text for every connection, also for none; it is
        // copied at once.
        Err(unsafe { CStr::from_ptr((self.routines.errmsg)(db)) }.to_string_lossy().into_owned())
    }

    /// # Safety
    ///
    /// The value must be one that SQLite passed to the current callback.
    unsafe fn value(&self, value: *mut sqlite3_value) -> Value {
        let of = &self.routines;
        // SAFETY: the bytes live until the callback returns and are copied; they
        // are asked for after they were converted.
        unsafe {
            let bytes = |start: *const u8| match (of.value_bytes)(value) as usize {
                0 => Vec::new(),
                _ if start.is_null() => Vec::new(),
                length => std::slice::from_raw_parts(start, length).to_vec(),
            };
            match (of.value_type)(value) {
                SQLITE_NULL => Value::Null,
                SQLITE_INTEGER => Value::Integer((of.value_int64)(value)),
                SQLITE_FLOAT => Value::Real((of.value_double)(value)),
                SQLITE_TEXT => {
                    let text = bytes((of.value_text)(value));
                    Value::Text(String::from_utf8_lossy(&text).into_owned())
                }
                _ => Value::Blob(bytes((of.value_blob)(value).cast())),
            }
        }
    }

    /// # Safety
    ///
    /// The context must be that of the current callback.
    unsafe fn answer(&self, context: *mut sqlite3_context, value: &Value) {
        let of = &self.routines;
        // SAFETY: SQLite copies the bytes before it returns.
        unsafe {
            match value {
                Value::Null => (of.result_null)(context),
                Value::Integer(number) => (of.result_int64)(context, *number),
                Value::Real(number) => (of.result_double)(context, *number),
                Value::Text(text) => {
                    let (start, length) = (text.as_ptr().cast(), text.len() as u64);
                    let kept = SQLITE_TRANSIENT();
                    (of.result_text64)(context, start, length, kept, SQLITE_UTF8 as u8);
                }
                Value::Blob(bytes) => {
                    let (start, length) = (bytes.as_ptr().cast(), bytes.len() as c_int);
                    (of.result_blob)(context, start, length, SQLITE_TRANSIENT());
                }
            }
        }
    }

    /// # Safety
    ///
    /// The context must be that of the current callback.
    unsafe fn refuse(&self, context: *mut sqlite3_context, what: &str) {
        // SAFETY: SQLite copies the text before it returns.
        unsafe {
            (self.routines.result_error)(context, what.as_ptr().cast(), what.len() as c_int);
        }
    }
}

/// A text that SQLite frees.
///
/// # Safety
///
/// It must be freed by the SQLite whose `malloc` it is.
unsafe fn owned(malloc: Malloc, text: &str) -> *mut c_char {
    let bytes = text.as_bytes().split(|byte| *byte == 0).next().unwrap_or_default();
    // SAFETY: there is room for the bytes and a zero, or none at all.
    unsafe {
        let room: *mut u8 = malloc(bytes.len() as c_int + 1).cast();
        if !room.is_null() {
            ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len());
            *room.add(bytes.len()) = 0;
        }
        room.cast()
    }
}

/// What SQLite calls a file: its bytes, or UTF-8 where names are not bytes.
#[cfg(unix)]
fn path_of(name: &CStr) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(name.to_bytes()).into()
}

#[cfg(not(unix))]
fn path_of(name: &CStr) -> PathBuf {
    name.to_string_lossy().into_owned().into()
}

/// A text for C.
fn c(text: impl AsRef<[u8]>) -> Result<CString, String> {
    CString::new(text.as_ref())
        .map_err(|_| "a name with a zero in it is none for SQLite".to_owned())
}
