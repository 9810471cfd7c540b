//! The log of SQLite, written in few large calls.
//!
//! SQLite writes each page of its log with two calls, one of them for the 24 bytes
//! of the page's header, and for the system a call costs more than the bytes.
//! Between SQLite and its VFS lies a layer that lets them wait, and writes what
//! follows on each other at once.
//!
//! What waits is never part of a commit that was reported, nor seen by a reader:
//!
//! - The header of the page that ends a transaction says so. With it everything
//!   that waits is written, its page goes right through, and an error of either is
//!   one of the commit. Only then does SQLite tell readers of the pages, and nothing
//!   is called between.
//! - Whatever else is asked of the log first has what waits written, except to read
//!   what is written already.
//! - What could not be written goes on waiting, so that a transaction which goes on
//!   after the error has no hole in the log.
//! - With the lock to write, the right to what follows the last commit goes to
//!   others. What waits when it is let go was undone, and is dropped.
//!
//! On a device of which SQLite does not take for granted that a write changes no
//! bytes beside it, it fills the log up to sectors and splits pages for that. There
//! nothing waits.

use std::ffi::{CString, c_int};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;
use sandtable_vfs::{Below, File, Layer, Opened, Reply, WRITE_MAX, over_default};

/// Bytes of the header of a page in the log. The header of the log has more, and
/// so has every page.
const HEADER_BYTES: usize = 24;
/// Where it says how many pages the database has after the transaction that this
/// page ends; zeros in all others.
const SIZE_AFTER: std::ops::Range<usize> = 4..8;
/// The first lock of a log is the one to write.
const WRITE_LOCK: c_int = 0;

/// The name of the VFS with this layer; nothing where there can be none.
pub(super) fn vfs() -> Option<CString> {
    over_default::<Gathering>("gathering", false)
}

struct Gathering;

impl Layer for Gathering {
    type File = Part;

    fn opened(file: Opened<'_, '_, Part>) -> Option<Part> {
        if let Some(Part::Database(known)) = file.database {
            *known = Arc::default();
            return Some(Part::Log(known.clone()));
        }
        let is_database = file.flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
        let keeps_others =
            file.below.characteristics() & ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE != 0;
        (is_database && keeps_others).then(|| Part::Database(Arc::default()))
    }
}

/// The files of one connection, which know what waits for the log.
enum Part {
    Database(Arc<Mutex<Waiting>>),
    Log(Arc<Mutex<Waiting>>),
}

/// Neighbouring bytes that are not written yet.
#[derive(Default)]
struct Waiting {
    at: i64,
    bytes: Vec<u8>,
}

impl Waiting {
    fn end(&self) -> i64 {
        self.at + self.bytes.len() as i64
    }

    fn has_any_of(&self, length: usize, at: i64) -> bool {
        at < self.end() && self.at < at + length as i64
    }

    fn write_out(&mut self, below: &Below<'_>) -> Reply {
        if !self.bytes.is_empty() {
            below.write(&self.bytes, self.at)?;
            self.bytes.clear();
        }
        Ok(())
    }

    fn take(&mut self, below: &Below<'_>, bytes: &[u8], at: i64) -> Reply {
        if self.end() != at {
            self.write_out(below)?;
            self.at = at;
        }
        let before = self.bytes.len();
        let is_header = bytes.len() == HEADER_BYTES;
        if before == 0 && !is_header {
            return below.write(bytes, at);
        }
        self.bytes.extend_from_slice(bytes);
        let is_due = match is_header {
            true => bytes[SIZE_AFTER] != [0; 4],
            // Another such page would be too much.
            false => self.bytes.len() + HEADER_BYTES + bytes.len() > WRITE_MAX,
        };
        if is_due {
            self.write_out(below).inspect_err(|_| self.bytes.truncate(before))?;
        }
        Ok(())
    }
}

impl Part {
    /// What waits, where this is the log.
    fn waiting(&self) -> Option<MutexGuard<'_, Waiting>> {
        match self {
            Self::Database(_) => None,
            Self::Log(waiting) => Some(locked(waiting)),
        }
    }

    fn write_out(&self, below: &Below<'_>) -> Reply {
        self.waiting().map_or(Ok(()), |mut waiting| waiting.write_out(below))
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl File for Part {
    fn reading(&mut self, below: &Below<'_>, length: usize, at: i64) -> Reply {
        match self.waiting() {
            Some(mut waiting) if waiting.has_any_of(length, at) => waiting.write_out(below),
            _ => Ok(()),
        }
    }

    fn sizing(&mut self, below: &Below<'_>) -> Reply {
        self.write_out(below)
    }

    fn write(&mut self, below: &Below<'_>, bytes: &[u8], at: i64) -> Reply {
        match self.waiting() {
            Some(mut waiting) => waiting.take(below, bytes, at),
            None => below.write(bytes, at),
        }
    }

    fn truncate(&mut self, below: &Below<'_>, length: i64) -> Reply {
        self.write_out(below)?;
        below.truncate(length)
    }

    fn sync(&mut self, below: &Below<'_>, flags: c_int) -> Reply {
        self.write_out(below)?;
        below.sync(flags)
    }

    fn share_locking(&mut self, first: c_int, flags: c_int) {
        if let Self::Database(waiting) = self
            && first == WRITE_LOCK
            && flags & ffi::SQLITE_SHM_UNLOCK != 0
        {
            locked(waiting).bytes.clear();
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
