//! Keyframes as rows of a save: written apart from history, and deleted.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use sandtable_world::ecs::World;

use super::anchor::APART;
use super::frames::frame_id;
use super::keyframe;

/// Writes one frame of a keyframe.
pub(super) fn write_frame(
    connection: &Connection,
    number: i64,
    frame: usize,
    data: &[u8],
) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO st_keyframe_frames (id, data) VALUES (?1, ?2)")?;
    insert.execute(params![frame_id(number, frame as u16), data]).map(drop)
}

/// Deletes a keyframe.
pub(super) fn delete_keyframe(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM st_keyframe_frames WHERE id >= ?1 AND id < ?2",
        [frame_id(number, 0), frame_id(number + 1, 0)],
    )?;
    connection.execute("DELETE FROM st_keyframes WHERE number = ?1", [number]).map(drop)
}

/// Writes a keyframe that no group is about, for a snapshot. Gives its number.
pub(super) fn write_apart(
    connection: &Connection,
    world: &World,
    omitted: &BTreeSet<u32>,
) -> rusqlite::Result<i64> {
    let frames = keyframe::encode(world, &|kind| !omitted.contains(&kind.0));
    let number = connection.query_row(
        "SELECT max(ifnull(max(number), 0), ?1) + 1 FROM st_keyframes",
        [APART],
        |row| row.get(0),
    )?;
    for (at, data) in frames.iter().enumerate() {
        write_frame(connection, number, at, data)?;
    }
    let bytes: usize = frames.iter().map(Vec::len).sum();
    connection.execute(
        "INSERT INTO st_keyframes (number, tick, adopted, total, bytes) VALUES (?1, ?2, 0, 0, ?3)",
        params![number, world.tick() as i64, bytes as i64],
    )?;
    Ok(number)
}
