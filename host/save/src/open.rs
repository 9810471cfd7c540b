//! Connections as SQLite opens them, hardened before anything is read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::Failure;
use super::gather;

/// KiB of pages that SQLite keeps in memory. What a commit writes should fit, or
/// its pages go through the log twice.
const CACHE_KIB: i64 = 64 << 10;

/// How long a connection waits for the write lock of SQLite before giving up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Opens a file that no process writes as long as it is open.
pub(super) fn unwritten(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    harden(Connection::open_with_flags(immutable(&absolute(path)?), flags)?)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::Told(format!("cannot be found from here: {error}")))
}

/// The URI of a file that no process writes.
fn immutable(absolute: &Path) -> String {
    let mut uri = String::from("file://");
    let bytes = absolute.as_os_str().as_encoded_bytes();
    if !bytes.starts_with(b"/") {
        uri.push('/');
    }
    for &byte in bytes {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Failure> {
    let (path, flags) = (absolute(path)?, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    harden(match gather::vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_c_str())?,
        None => Connection::open_with_flags(path, flags)?,
    })
}

pub(super) fn harden(connection: Connection) -> Result<Connection, Failure> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Checkpoints are made by the process that runs the world, when it suits.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

/// Bytes of a file; none where there is no file.
pub(super) fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |about| about.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_process_writes_is_found_by_any_absolute_path() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["plain.db", "file:x.db", "a ?#%41&.db", "ö.db"] {
            let path = folder.path().join(name);
            let made = Connection::open(&path).expect("made");
            made.execute_batch("CREATE TABLE here (x)").expect("written");
            drop(made);
            let mut doubled = std::ffi::OsString::from("/");
            doubled.push(&path);
            let rooted = cfg!(unix).then(|| PathBuf::from(doubled));
            for path in rooted.into_iter().chain([path]) {
                let found = unwritten(&path).expect("opened");
                let tables = found.query_row("SELECT count(*) FROM here", [], |row| row.get(0));
                assert_eq!(tables, Ok(0), "{}", path.display());
            }
        }
    }
}
