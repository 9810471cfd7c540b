//! What has to be derived anew.

use sandtable_sdk::prelude::*;

use crate::accept::KINDS;

/// What one feels for another, as a kind of what is pending; the others are the places
/// in [`KINDS`].
pub const PAIR: u8 = 3;

/// What a tick derives anew, by id.
#[derive(Default)]
pub struct Batch {
    pub places: Vec<String>,
    pub people: Vec<String>,
    pub items: Vec<String>,
    pub pairs: Vec<(String, String)>,
}

/// The number of a kind.
pub fn number(kind: &str) -> u8 {
    KINDS.iter().position(|known| *known == kind).map_or(PAIR, |at| at as u8)
}

/// How much there is.
pub fn count(tables: &Tables) -> Result<u64, TableError> {
    let count: Option<(u64,)> = tables.query_one("SELECT count(*) FROM story__pending", ())?;
    Ok(count.map_or(0, |row| row.0))
}

/// Adds to it: kinds, ids, and for whom.
pub fn add<'t>(
    tables: &mut Tables,
    subjects: impl IntoIterator<Item = (u8, &'t str, &'t str)>,
) -> Result<(), TableError> {
    let sql = "INSERT INTO story__pending VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    tables.execute_many(sql, subjects)?;
    Ok(())
}

/// The first of it: places before those who are there, and people before what they feel.
pub fn first(tables: &Tables, most: u32) -> Result<Batch, TableError> {
    let rows: Vec<(u8, String, String)> = tables.query(
        "SELECT kind, subject, other FROM story__pending ORDER BY kind, subject, other LIMIT ?1",
        (most,),
    )?;
    let mut batch = Batch::default();
    for (kind, subject, other) in rows {
        match kind {
            0 => batch.places.push(subject),
            1 => batch.people.push(subject),
            2 => batch.items.push(subject),
            _ => batch.pairs.push((subject, other)),
        }
    }
    Ok(batch)
}

/// Takes out what [`first`] gives.
pub fn done(tables: &mut Tables, most: u32) -> Result<(), TableError> {
    tables.execute(
        "DELETE FROM story__pending WHERE (kind, subject, other) IN (
            SELECT kind, subject, other FROM story__pending
            ORDER BY kind, subject, other LIMIT ?1)",
        (most,),
    )?;
    Ok(())
}
