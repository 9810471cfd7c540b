//! What a file says of itself: that it is a save, and of which format.

use rusqlite::Connection;

/// What `application_id` says: `Sand` in ASCII.
pub const APPLICATION_ID: i64 = 0x5361_6e64;

/// The format of a save.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
