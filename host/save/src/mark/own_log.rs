//! Whether the log beside a save is its own.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{Commit, Mark, sealed};
use crate::error::{Failure, SaveError};
use crate::lock::beside;
use crate::open::{file_bytes, unwritten};
use crate::schema;

/// How often, and how long apart, a save is looked at again: between the look at
/// the file and that at the log, the process that runs the world can have begun
/// others.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Checks that the log beside a save is its own, before anything of it is
/// believed. The connection must not tidy up when it is closed.
///
/// A file that cannot be read by itself is let through: a checkpoint that was cut
/// short leaves it so, and the log makes it whole.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), SaveError> {
    let log = beside(path, "-wal");
    for look in 0..LOOKS {
        if file_bytes(&log) == 0 {
            return Ok(());
        }
        if look > 0 {
            thread::sleep(PAUSE);
        }
        let Some(file) = alone(path) else { return Ok(()) };
        match known(connection) {
            Ok(Some(sealed)) if Mark::of(&sealed).is_some_and(|mark| mark.belongs_to(file)) => {
                return Ok(());
            }
            Err(error) if !is_nonsense(&error) => {
                return Err(Failure::from(error).of(path, "opened"));
            }
            _ => {}
        }
    }
    Err(SaveError::OtherLog { path: path.to_owned(), log })
}

/// What a file holds without its log. SQLite itself looks, because closing a
/// file that another part of the process opened would drop its locks.
fn alone(path: &Path) -> Option<Commit> {
    let connection = unwritten(path).ok()?;
    let sealed = known(&connection).ok().flatten()?;
    Mark::of(&sealed).map(|mark| mark.own)
}

/// The seal and the mark behind it, of what may be no save of ours.
fn known(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    if schema::has_world(connection)? { sealed(connection) } else { Ok(None) }
}

/// Whether there is an error because pages do not fit together.
fn is_nonsense(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}
