//! How much memory SQLite has.
//!
//! What a statement sorts or groups lies in memory, and no limit of a connection
//! bounds it: a mod could fill the machine with one SELECT. rusqlite does not
//! offer the number, so that it is asked of SQLite itself.
#![allow(unsafe_code)]

/// Bytes that SQLite has allocated in this process.
pub(super) fn used() -> u64 {
    // SAFETY: the function takes nothing, changes nothing, and is safe to call
    // from any thread at any time.
    let bytes = unsafe { rusqlite::ffi::sqlite3_memory_used() };
    bytes.unsigned_abs()
}
