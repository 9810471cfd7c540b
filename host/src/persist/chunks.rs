//! Writes the pages of the world that differ from those of the last commit.
//!
//! Pages are compared by address first, so what no tick touched costs a few
//! pointer comparisons. A page of which few rows changed becomes a patch in the
//! patch log, one row of SQLite for all patches of a commit; otherwise all of
//! it is written again, in place where it has the size it had, so that SQLite
//! writes only those of its pages that differ.
//!
//! The log is bounded: a page is written whole once its patches take as much
//! room as itself, or once the oldest of them is [`PATCH_COMMITS_MAX`] commits
//! old; patches that no page needs any more go.
//!
//! Invariants: a chunk's row says up to which patch it has everything; the
//! index in memory says of every row in `st_chunks` where it is. It changes
//! only when a commit has succeeded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ecs::{Archetype, Bytes, Column, Paged, Stamp, Values, World};

use super::encode::{ChunkKey, Page, Part};

/// Commits after which a patch has been taken over into its page.
const PATCH_COMMITS_MAX: i64 = 256;

/// Where a chunk is, and what has been added to it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Its row in `st_chunks`.
    pub row: i64,
    /// The number of its oldest patch; zero without patches.
    pub patched_since: i64,
    /// Bytes of its patches.
    pub patched_bytes: usize,
}

/// Where every chunk of the save is.
#[derive(Debug, Default)]
pub(super) struct Index {
    chunks: FxHashMap<ChunkKey, Stored>,
    /// Chunks that have patches, by their oldest.
    patched: BTreeSet<(i64, ChunkKey)>,
    /// The number of the last patch row.
    seq: i64,
    /// The greatest row in `st_chunks`.
    row_max: i64,
}

/// What a commit does to the index, once it has succeeded.
#[derive(Debug, Default)]
pub(super) struct Changes {
    chunks: Vec<(ChunkKey, Option<Stored>)>,
    seq: i64,
    row_max: i64,
}

impl Index {
    /// Puts the index of a save back.
    pub(super) fn restore(chunks: FxHashMap<ChunkKey, Stored>, seq: i64) -> Self {
        let row_max = chunks.values().map(|stored| stored.row).max().unwrap_or(0);
        let patched = chunks
            .iter()
            .filter(|(_, stored)| stored.patched_since > 0)
            .map(|(key, stored)| (stored.patched_since, *key))
            .collect();
        Self { chunks, patched, seq, row_max }
    }

    /// Takes over what a commit did.
    pub(super) fn apply(&mut self, changes: Changes) {
        self.seq = changes.seq;
        self.row_max = changes.row_max;
        for (key, stored) in changes.chunks {
            let before = match stored {
                Some(stored) => self.chunks.insert(key, stored),
                None => self.chunks.remove(&key),
            };
            if let Some(before) = before {
                self.patched.remove(&(before.patched_since, key));
            }
            if let Some(stored) = stored.filter(|stored| stored.patched_since > 0) {
                self.patched.insert((stored.patched_since, key));
            }
        }
    }

    /// Writes every page of `now` that differs from `before`.
    pub(super) fn write(
        &self,
        connection: &Connection,
        before: &World,
        now: &World,
    ) -> rusqlite::Result<Changes> {
        let mut writer = Writer {
            connection,
            index: self,
            patches: Vec::new(),
            seq: self.seq + 1,
            row_max: self.row_max,
            changes: Vec::new(),
        };
        writer.world(before, now)?;
        writer.take_over_old_patches(now)?;
        writer.finish()
    }
}

struct Writer<'a> {
    connection: &'a Connection,
    index: &'a Index,
    patches: Vec<u8>,
    /// The number that this commit's patches get.
    seq: i64,
    row_max: i64,
    changes: Vec<(ChunkKey, Option<Stored>)>,
}

impl Writer<'_> {
    fn world(&mut self, before: &World, now: &World) -> rusqlite::Result<()> {
        let key = |part| ChunkKey { part, archetype: 0, kind: 0, page: 0 };
        let (old, new) = (before.entities.slots(), now.entities.slots());
        self.pages(key(Part::Slots), Some(old), Some(new), |slots| Page::Slots(slots))?;
        for (at, archetype) in now.archetypes().iter().enumerate() {
            let old = before.archetypes().get(at);
            if old.is_none_or(|old| !Arc::ptr_eq(old, archetype)) {
                self.archetype(at as u32, old.map(|old| &**old), archetype)?;
            }
        }
        Ok(())
    }

    fn archetype(
        &mut self,
        archetype: u32,
        before: Option<&Archetype>,
        now: &Archetype,
    ) -> rusqlite::Result<()> {
        let key = ChunkKey { part: Part::Entities, archetype, kind: 0, page: 0 };
        let old = before.map(Archetype::entities);
        self.pages(key, old, Some(now.entities()), |entities| Page::Entities(entities))?;
        for column in now.columns() {
            let old = before.and_then(|before| before.column(column.kind));
            self.column(archetype, old, column)?;
        }
        Ok(())
    }

    fn column(
        &mut self,
        archetype: u32,
        before: Option<&Column>,
        now: &Column,
    ) -> rusqlite::Result<()> {
        let key = |part| ChunkKey { part, archetype, kind: now.kind.0, page: 0 };
        let alike = |before: &&Column| same_form(&before.values, &now.values);
        if let Some(before) = before.filter(|before| !alike(before)) {
            for page in pages(&now.values)..pages(&before.values) {
                self.forget(ChunkKey { page: page as u32, ..key(Part::Values) })?;
            }
        }
        let before_values = before.filter(alike).map(|before| &before.values);
        match &now.values {
            Values::Packed(rows) => {
                let old = before_values.and_then(packed);
                let width = rows.width();
                self.pages(key(Part::Values), old, Some(rows), |bytes| Page::Packed(bytes, width))?;
            }
            Values::Dynamic(rows) => {
                let old = before_values.and_then(dynamic);
                self.pages(key(Part::Values), old, Some(rows), |items| Page::Dynamic(items))?;
            }
        }
        let stamps = |stamps: &mut Self, part, old: Option<&Paged<Stamp>>, new| {
            stamps.pages(key(part), old, new, |items| Page::Stamps(items))
        };
        let old = before.and_then(|before| before.changed.as_ref());
        stamps(self, Part::Changed, old, now.changed.as_ref())?;
        let old = before.and_then(|before| before.added.as_ref());
        stamps(self, Part::Added, old, now.added.as_ref())
    }

    /// Writes the pages of one array that differ from before, and forgets those
    /// that are gone.
    fn pages<T>(
        &mut self,
        mut key: ChunkKey,
        before: Option<&Paged<T>>,
        now: Option<&Paged<T>>,
        page: impl Fn(&[T]) -> Page<'_>,
    ) -> rusqlite::Result<()>
    where
        T: Clone,
    {
        let before = before.map_or(&[][..], |before| before.pages());
        let now = now.map_or(&[][..], |now| now.pages());
        for (at, new) in now.iter().enumerate() {
            key.page = at as u32;
            match before.get(at) {
                Some(old) if Arc::ptr_eq(old, new) => {}
                old => self.page(key, old.map(|old| page(old)), page(new))?,
            }
        }
        for at in now.len()..before.len() {
            key.page = at as u32;
            self.forget(key)?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        key: ChunkKey,
        before: Option<Page<'_>>,
        now: Page<'_>,
    ) -> rusqlite::Result<()> {
        let stored = self.index.chunks.get(&key);
        if let (Some(stored), Some(before)) = (stored, before)
            && !is_rewritten(now, before)
            && let Some(patch) = now.patch_from(key, before)
            && stored.patched_bytes + patch.len() <= now.whole_bytes()
            && !self.is_overdue(stored.patched_since)
        {
            self.patches.extend_from_slice(&patch);
            let patched_since =
                if stored.patched_since > 0 { stored.patched_since } else { self.seq };
            let patched_bytes = stored.patched_bytes + patch.len();
            self.changes
                .push((key, Some(Stored { row: stored.row, patched_since, patched_bytes })));
            return Ok(());
        }
        self.whole(key, now)
    }

    /// Whether a patch is as old as any may become.
    fn is_overdue(&self, patched_since: i64) -> bool {
        patched_since > 0 && patched_since + PATCH_COMMITS_MAX <= self.seq
    }

    fn whole(&mut self, key: ChunkKey, now: Page<'_>) -> rusqlite::Result<()> {
        let data = now.whole();
        let row = match self.index.chunks.get(&key) {
            Some(stored) => {
                let mut update = self
                    .connection
                    .prepare_cached("UPDATE st_chunks SET since = ?2, data = ?3 WHERE id = ?1")?;
                let found = update.execute(params![stored.row, self.seq, data])?;
                if found != 1 {
                    return Err(rusqlite::Error::StatementChangedRows(found));
                }
                stored.row
            }
            None => {
                self.row_max += 1;
                let mut insert = self.connection.prepare_cached(
                    "INSERT INTO st_chunks (id, part, archetype, kind, page, since, data)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?;
                insert.execute(params![
                    self.row_max,
                    key.part as i64,
                    key.archetype,
                    key.kind,
                    key.page,
                    self.seq,
                    data
                ])?;
                self.row_max
            }
        };
        self.changes.push((key, Some(Stored { row, patched_since: 0, patched_bytes: 0 })));
        Ok(())
    }

    fn forget(&mut self, key: ChunkKey) -> rusqlite::Result<()> {
        if let Some(stored) = self.index.chunks.get(&key) {
            let mut delete =
                self.connection.prepare_cached("DELETE FROM st_chunks WHERE id = ?1")?;
            delete.execute([stored.row])?;
            self.changes.push((key, None));
        }
        Ok(())
    }

    /// Writes whole the pages whose patches hold back the end of the log.
    fn take_over_old_patches(&mut self, now: &World) -> rusqlite::Result<()> {
        let overdue: Vec<ChunkKey> = self
            .index
            .patched
            .iter()
            .take_while(|(since, _)| self.is_overdue(*since))
            .map(|(_, key)| *key)
            .collect();
        if overdue.is_empty() {
            return Ok(());
        }
        let done: FxHashSet<ChunkKey> = self.changes.iter().map(|(key, _)| *key).collect();
        for key in overdue.into_iter().filter(|key| !done.contains(key)) {
            match find(now, key) {
                Some(page) => self.whole(key, page)?,
                None => self.forget(key)?,
            }
        }
        Ok(())
    }

    /// Appends this commit's patches to the log, and drops those that no page
    /// needs.
    fn finish(self) -> rusqlite::Result<Changes> {
        let mut seq = self.index.seq;
        if !self.changes.is_empty() {
            // Also without patches: what was written whole is of this number.
            seq = self.seq;
        }
        if !self.patches.is_empty() {
            let mut insert = self
                .connection
                .prepare_cached("INSERT INTO st_patches (seq, data) VALUES (?1, ?2)")?;
            insert.execute(params![seq, self.patches])?;
        }
        let mut fate: BTreeMap<ChunkKey, i64> = BTreeMap::new();
        for (key, stored) in &self.changes {
            fate.insert(*key, stored.map_or(0, |stored| stored.patched_since));
        }
        let still = self
            .index
            .patched
            .iter()
            .find(|(since, key)| fate.get(key).is_none_or(|now| now == since));
        let oldest_before = self.index.patched.first().map(|(since, _)| *since);
        let oldest = still.map_or(seq, |(since, _)| *since);
        if oldest_before.is_some_and(|before| before < oldest) {
            let mut delete =
                self.connection.prepare_cached("DELETE FROM st_patches WHERE seq < ?1")?;
            delete.execute([oldest])?;
        }
        Ok(Changes { chunks: self.changes, seq, row_max: self.row_max })
    }
}

/// Whether a page is so surely another that looking for the few rows that
/// differ would be in vain. They are looked at out of step, because systems
/// write every n-th row.
fn is_rewritten(now: Page<'_>, before: Page<'_>) -> bool {
    const PROBES: usize = 32;
    const STEP: usize = 0x9e37_79b9;
    let (Page::Packed(now, width), Page::Packed(before, _)) = (now, before) else {
        return false;
    };
    let rows = now.len().min(before.len()) / width;
    let differs = |row: usize| now[row * width..][..width] != before[row * width..][..width];
    rows >= PROBES * PROBES && (0..PROBES).all(|probe| differs(probe * STEP % rows))
}

/// Whether the rows of two columns can be compared: a kind that was declared
/// anew may have others.
fn same_form(one: &Values, two: &Values) -> bool {
    match (one, two) {
        (Values::Packed(one), Values::Packed(two)) => one.width() == two.width(),
        (Values::Dynamic(_), Values::Dynamic(_)) => true,
        _ => false,
    }
}

fn pages(values: &Values) -> usize {
    match values {
        Values::Packed(rows) => rows.pages().len(),
        Values::Dynamic(rows) => rows.pages().len(),
    }
}

fn packed(values: &Values) -> Option<&Paged<u8>> {
    match values {
        Values::Packed(rows) => Some(rows),
        Values::Dynamic(_) => None,
    }
}

fn dynamic(values: &Values) -> Option<&Paged<Bytes>> {
    match values {
        Values::Dynamic(rows) => Some(rows),
        Values::Packed(_) => None,
    }
}

/// The page that a key names.
fn find(world: &World, key: ChunkKey) -> Option<Page<'_>> {
    let page = key.page as usize;
    if key.part == Part::Slots {
        return world.entities.slots().pages().get(page).map(|slots| Page::Slots(slots));
    }
    let archetype = world.archetypes().get(key.archetype as usize)?;
    if key.part == Part::Entities {
        return archetype.entities().pages().get(page).map(|entities| Page::Entities(entities));
    }
    let column = archetype.columns().iter().find(|column| column.kind.0 == key.kind)?;
    let stamps = match key.part {
        Part::Changed => column.changed.as_ref(),
        Part::Added => column.added.as_ref(),
        _ => match &column.values {
            Values::Packed(rows) => {
                return rows.pages().get(page).map(|bytes| Page::Packed(bytes, rows.width()));
            }
            Values::Dynamic(rows) => {
                return rows.pages().get(page).map(|items| Page::Dynamic(items));
            }
        },
    };
    stamps?.pages().get(page).map(|stamps| Page::Stamps(stamps))
}
