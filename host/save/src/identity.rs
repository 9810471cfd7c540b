//! By which name a world is known outside, kept in its save.

use std::hash::{BuildHasher, RandomState};

use rusqlite::{Connection, OptionalExtension};

use sandtable_world::identity::WorldId;

/// A name that no other world has: the standard library begins its hashes with what the
/// operating system has of random numbers.
fn draw() -> WorldId {
    let hashes = RandomState::new();
    let [high, low] = [0, 1].map(|half| u128::from(hashes.hash_one(half)));
    WorldId((high << 64 | low).to_be_bytes())
}

/// The name of the world of a save; none in a save of an older format that was not opened
/// to go on.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<WorldId>> {
    let mut select = connection.prepare("SELECT world FROM st_identity")?;
    select.query_row([], |row| row.get(0)).map(WorldId).optional()
}

/// The name of the world of a save, which gets one where it has none.
pub(super) fn ensure(connection: &Connection) -> rusqlite::Result<WorldId> {
    if let Some(known) = read(connection)? {
        return Ok(known);
    }
    renew(connection)
}

/// Gives the world of a save another name.
pub(super) fn renew(connection: &Connection) -> rusqlite::Result<WorldId> {
    let id = draw();
    let sql = "INSERT OR REPLACE INTO main.st_identity (id, world) VALUES (1, ?1)";
    connection.execute(sql, [id.0])?;
    Ok(id)
}
