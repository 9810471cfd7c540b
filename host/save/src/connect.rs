//! Connections to a save: how they are opened, hardened and told apart.
//!
//! A save can come from anywhere, so no connection runs triggers or views or
//! trusts functions in the schema of the file, and none lets SQL write
//! SQLite's own tables.
//!
//! SQLite takes some names for other things than files: `file:…` for a URI,
//! `:memory:` for none. It is only ever handed absolute paths, which are neither,
//! byte for byte as the operating system has them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::SaveError;
use super::error::Failure;
use super::format::{APPLICATION_ID, format};
use super::lock::beside;
use super::mark;
use super::open::{BUSY_TIMEOUT, file_bytes, harden, open, unwritten};
use super::schema::{self, FORMAT};
use crate::tables::Database;
use sandtable_world::names::{self, WORLD_FILE};

/// Bytes in a page of SQLite. Dense commits like larger ones and small worlds
/// smaller ones; the numbers are in the documentation of [`super`].
pub(super) const PAGE_BYTES: u32 = 8192;

/// The file behind a path, which must have no other name: symbolic links lead to
/// the one name, and with it to its lock and its log; of two names in folders
/// each would have its own.
pub(super) fn find(path: &Path) -> Result<PathBuf, SaveError> {
    let missing = |_| SaveError::Missing { path: path.to_owned() };
    let about = std::fs::symlink_metadata(path).map_err(missing)?;
    let found = match about.is_symlink() {
        true => path.canonicalize().map_err(missing)?,
        false => path.to_owned(),
    };
    let about = std::fs::metadata(&found).map_err(missing)?;
    // A pipe without a writer would be waited for.
    if !about.is_file() && !about.is_dir() {
        return Err(SaveError::NotSqlite { path: found });
    }
    match names(&about) {
        names if about.is_file() && names > 1 => Err(SaveError::Linked { path: found, names }),
        _ => Ok(found),
    }
}

/// How many names in folders a file has.
#[cfg(unix)]
fn names(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(about)
}

/// Elsewhere the standard library does not tell.
#[cfg(not(unix))]
fn names(_: &std::fs::Metadata) -> u64 {
    1
}

/// Opens an existing file to be written, if the log beside it is its own.
pub(super) fn writing(path: &Path) -> Result<Connection, SaveError> {
    let opened = existing(path);
    let connection = opened.map_err(|failure| diagnose(path, failure))?;
    if connection.is_readonly("main").unwrap_or(false) {
        return Err(SaveError::ReadOnly { path: path.to_owned() });
    }
    mark::check(&connection, path)?;
    let tidied = tidy_up(&connection, true).map(|()| connection);
    tidied.map_err(|failure| failure.of(path, "opened"))
}

/// Opens a file that may have a log that is not its own: closing the connection
/// leaves both as they are, until it is told otherwise.
fn existing(path: &Path) -> Result<Connection, Failure> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    tidy_up(&connection, false)?;
    Ok(connection)
}

/// Whether the last connection takes the log over into the file and removes it.
fn tidy_up(connection: &Connection, does: bool) -> Result<(), Failure> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !does)?;
    Ok(())
}

/// Makes a new file.
pub(super) fn creating(path: &Path) -> Result<Connection, SaveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let made = open(path, flags).and_then(|connection| {
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        Ok(connection)
    });
    made.map_err(|failure| failure.of(path, "made"))
}

/// The tables of mods of a world that has no save.
///
/// # Errors
///
/// SQLite has no memory for them.
pub fn in_memory() -> Result<Database, SaveError> {
    empty_tables().map_err(|failure| failure.of(Path::new(NOWHERE), "made"))
}

/// As [`in_memory`].
pub(super) fn empty_tables() -> Result<Database, Failure> {
    let mut connection = nowhere()?;
    schema::migrate(&mut connection)?;
    Ok(Database::new(connection)?)
}

/// What SQLite calls a file that is none.
pub(super) const NOWHERE: &str = ":memory:";

/// An empty connection to no file.
pub(super) fn nowhere() -> Result<Connection, Failure> {
    let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    harden(Connection::open_in_memory_with_flags(flags)?)
}

/// Opens an existing file to be read. It is opened for writing where that is
/// allowed, because a process that reads after a crash must recover the log, and
/// the one that closes last must tidy it up. The log must be its own.
pub(super) fn reading(path: &Path) -> Result<Connection, SaveError> {
    let opened = existing(path).and_then(|connection| {
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    });
    if let Ok(connection) = &opened {
        mark::check(connection, path)?;
    }
    let opened = opened.and_then(|connection| {
        format(&connection)?;
        tidy_up(&connection, true)?;
        Ok(connection)
    });
    match opened {
        Err(_) if path.exists() && !beside(path, "-wal").exists() => {
            // In a folder that cannot be written there is no place for a log,
            // so no process can be writing.
            unwritten(path).map_err(|failure| diagnose(path, failure))
        }
        opened => opened.map_err(|failure| diagnose(path, failure)),
    }
}

/// Opens an existing file for a glance. Where there is no log beside it no process has it
/// open, and none is begun.
pub(super) fn glancing(path: &Path) -> Result<Connection, SaveError> {
    match beside(path, "-wal").exists() {
        true => reading(path),
        false => unwritten(path).map_err(|failure| diagnose(path, failure)),
    }
}

/// Makes a checkpoint, as far as it comes, and says whether it came to its end.
/// Why not does not matter: what is left in the log is as safe there.
pub(super) fn checkpoint(connection: &Connection, mode: &str, patience: Duration) -> bool {
    let _ = connection.busy_timeout(patience);
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let is_busy = connection.query_row(&sql, [], |row| row.get::<_, bool>(0));
    let _ = connection.busy_timeout(BUSY_TIMEOUT);
    is_busy == Ok(false)
}

/// Checks that an opened file is a save, and makes it readable as it is: one of
/// an older format gets what it lacks beside it.
pub(super) fn recognise_as_it_is(connection: &Connection, path: &Path) -> Result<(), SaveError> {
    recognise(connection, path)?;
    schema::add_missing_tables(connection).map_err(|error| Failure::from(error).of(path, "read"))
}

/// As [`recognise_as_it_is`], of what was copied from a save. The save itself is
/// not looked at.
pub(super) fn recognise_copy(copy: &Connection, save: &Path) -> Result<(), SaveError> {
    let failed = |failure: Failure| failure.of(save, "read");
    Marks::read(copy).map_err(failed)?.format(save)?;
    schema::add_missing_tables(copy).map_err(|error| failed(error.into()))
}

/// Checks that an opened file is a save, whole, and of a format that is known.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<i64, SaveError> {
    let marks = Marks::read(connection).map_err(|failure| diagnose(path, failure))?;
    let found = marks.format(path)?;
    // SQLite takes the missing rest of the last page for zeros.
    let expected = marks.bytes;
    if file_bytes(&beside(path, "-wal")) == 0 && file_bytes(path) < expected {
        let path = path.to_owned();
        return Err(SaveError::Truncated { found: file_bytes(&path), path, expected });
    }
    Ok(found)
}

/// What a file says of itself.
struct Marks {
    application: i64,
    format: i64,
    tables: i64,
    bytes: u64,
}

impl Marks {
    fn read(connection: &Connection) -> Result<Self, Failure> {
        let number =
            |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let sql = "SELECT count(*) FROM sqlite_schema";
        let pages = number("page_count")?.unsigned_abs();
        Ok(Self {
            application: number("application_id")?,
            format: number("user_version")?,
            tables: connection.query_row(sql, [], |row| row.get(0))?,
            bytes: pages * number("page_size")?.unsigned_abs(),
        })
    }

    /// The format, where that is one that is known.
    fn format(&self, path: &Path) -> Result<i64, SaveError> {
        let (path, found) = (path.to_owned(), self.format);
        if self.application == 0 && found == 0 && self.tables == 0 {
            return Err(SaveError::NotSqlite { path });
        }
        if self.application != APPLICATION_ID {
            return Err(SaveError::OtherApplication { path });
        }
        if found > FORMAT {
            return Err(SaveError::Newer { path, found, known: FORMAT });
        }
        if found < 1 {
            return Err(SaveError::Damaged { path, what: "it says no format".to_owned() });
        }
        Ok(found)
    }
}

/// Says why a file could not be opened, better than SQLite does.
///
/// Looks into the file past SQLite, which is harmless now: closing it drops
/// SQLite's locks in this process, but no connection gets anything out of this file.
fn diagnose(path: &Path, failure: Failure) -> SaveError {
    let owned = path.to_owned();
    let Ok(about) = std::fs::metadata(path) else { return SaveError::Missing { path: owned } };
    if is_world(path) {
        return SaveError::IsWorld { path: owned };
    }
    if !about.is_file() {
        return SaveError::NotSqlite { path: owned };
    }
    let header = match header(path) {
        Ok(header) if header.starts_with(MAGIC) && header.len() >= 32 => header,
        Ok(_) => return SaveError::NotSqlite { path: owned },
        Err(cause) => return SaveError::Io { path: owned, doing: "opened", cause },
    };
    let page_bytes = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65536,
        bytes => bytes,
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    let expected = page_bytes * u64::from(pages);
    if about.len() < expected && file_bytes(&beside(path, "-wal")) == 0 {
        return SaveError::Truncated { path: owned, found: about.len(), expected };
    }
    failure.of(path, "opened")
}

/// Whether a file looks like a save, without opening it as one. Not for a file
/// that this process has open.
pub fn is_save(path: &Path) -> bool {
    let application = u32::try_from(APPLICATION_ID).unwrap_or_default().to_be_bytes();
    header(path)
        .is_ok_and(|header| header.starts_with(MAGIC) && header.get(68..72) == Some(&application))
}

/// What every file of SQLite begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

fn header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::new();
    std::fs::File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header)
}

/// Whether a path is that of a world, from which a save is made.
fn is_world(path: &Path) -> bool {
    let is_file = path.file_name().is_some_and(|name| name == WORLD_FILE);
    is_file || path.join(WORLD_FILE).is_file() || names::is_pack(path)
}
