//! What a save holds at one commit, as rows that can be sent without it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use sandtable_save::{Commit, Inquiry, Reader, Terms, Worlds, quoted};
use sandtable_world::ecs::{TableState, World};
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Digest;

use crate::Error;
use crate::cell::Cell;
use crate::digest::Print;
use crate::layout::{Source, Wanted, wanted};
use crate::rows::{Changed, Row};

/// A tick, as a mirror stands at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stand {
    pub tick: u64,
    pub chain: String,
    pub state: String,
}

impl Stand {
    pub fn of(commit: &Commit) -> Self {
        Self { tick: commit.tick, chain: hex(&commit.chain), state: hex(&commit.state) }
    }
}

/// A digest in hexadecimal digits.
pub(crate) fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a save, and remembers worlds, so that the next is near.
#[derive(Default)]
pub(crate) struct Worldly {
    worlds: Arc<Worlds>,
    hasher: StateHasher,
}

impl Worldly {
    /// Opens the save as it is now.
    pub fn open(&self, save: &Path) -> Result<Reader, Error> {
        let terms = Terms { worlds: Some(self.worlds.clone()), ..Terms::default() };
        Ok(Reader::open(save)?.on(terms))
    }

    /// What was read is of another course.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The world of an earlier tick, where history has it as it was.
    pub fn at(&mut self, reader: &Reader, stand: &Stand) -> Option<World> {
        let world = reader.world_at(stand.tick).ok()?;
        (hex(&self.hasher.digest(&world)) == stand.state).then_some(world)
    }

    /// The world of the commit. One that follows another shares with it what did not
    /// change.
    pub fn now(&mut self, reader: &Reader, commit: &Commit, follows: bool) -> Result<World, Error> {
        if follows && let Some(world) = self.at(reader, &Stand::of(commit)) {
            return Ok(world);
        }
        Ok(reader.world()?.0)
    }
}

/// The rows of a table of a mod as they were sent last, each by a digest.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    state: Option<TableState>,
    rows: HashMap<Vec<u8>, u128>,
}

/// What became of the rows of a table of a mod.
#[derive(Debug)]
pub(crate) struct KeptRows {
    pub changed: Changed,
    /// Whether all of its rows are there, so that others go.
    pub is_whole: bool,
}

/// The tables that a save has now.
pub(crate) fn tables(reader: &Reader, world: &World) -> Result<Vec<Wanted>, Error> {
    Ok(wanted(&world.registry, &reader.kept_tables()?))
}

/// How the rows of a table that is not over the world are asked for.
pub(crate) fn select(table: &Wanted) -> String {
    match &table.source {
        Source::Ticks => "SELECT tick, spawned, despawned, entities,
             CAST(round(unixepoch(committed_at, 'subsec') * 1000) AS INTEGER), state, chain
             FROM ticks"
            .to_owned(),
        Source::Events => "SELECT tick, name, number, system, payload FROM events".to_owned(),
        source => {
            let columns = table.columns.iter().map(|(name, _)| quoted(name));
            let columns: Vec<String> = columns.collect();
            format!("SELECT {} FROM {}", columns.join(", "), quoted(source.kept().1))
        }
    }
}

/// Asks for rows, and gives them to a function one by one.
pub(crate) fn each(
    inquiry: &Inquiry,
    sql: &str,
    table: &Wanted,
    mut take: impl FnMut(Row),
) -> Result<(), Error> {
    let mut rows = inquiry.rows(sql)?;
    while let Some(row) = rows.next()? {
        let cells = row.into_iter().zip(&table.columns);
        let cells = cells.map(|(value, (name, ty))| match (value, name.as_str()) {
            (rusqlite::types::Value::Text(text), "payload") if table.source.is_log() => {
                serde_json::from_str(&text).map_or(Cell::Null, Cell::Json)
            }
            (value, _) => Cell::of_sqlite(value, *ty),
        });
        take(cells.collect());
    }
    Ok(())
}

/// The log after a tick; all of it where there is none.
pub(crate) fn log(
    inquiry: &Inquiry,
    table: &Wanted,
    after: Option<u64>,
) -> Result<Vec<Row>, Error> {
    let after = after.map(|tick| format!(" WHERE tick > {tick}")).unwrap_or_default();
    let mut found = Vec::new();
    each(inquiry, &format!("{}{after}", select(table)), table, |row| found.push(row))?;
    Ok(found)
}

/// What became of the rows of a table of a mod since they were sent, where anything did.
/// `before` is how the table was in the world that the mirror has, where it has that table.
pub(crate) fn kept(
    inquiry: &Inquiry,
    table: &Wanted,
    sent: &mut Sent,
    before: Option<&TableState>,
    now: Option<&TableState>,
) -> Result<Option<KeptRows>, Error> {
    if before.is_some() && before == now {
        return Ok(None);
    }
    let is_known = before.is_some() && sent.state.as_ref() == before;
    let mut old = match is_known {
        true => std::mem::take(&mut sent.rows),
        false => HashMap::new(),
    };
    let (mut rows, mut changed) = (HashMap::new(), Changed::default());
    each(inquiry, &select(table), table, |row| {
        let print = Print::of_row(&row, table);
        if old.remove(&print.key) != Some(print.digest) {
            changed.rows.push(row);
        }
        rows.insert(print.key, print.digest);
    })?;
    *sent = Sent { state: now.copied(), rows };
    changed.gone = old.into_keys().map(|key| Print::cells(&key)).collect();
    Ok(Some(KeptRows { changed, is_whole: !is_known }))
}
