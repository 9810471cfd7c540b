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
//! Invariants: a page's row says up to which patch it has everything; the
//! index in memory says of every row in `st_chunks` where it is. It changes
//! only when a commit has succeeded.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use sandtable_world::ecs::{ChangedPage, Page, PageKey, World};

use super::encode;

/// Commits after which a patch has been taken over into its page.
const PATCH_COMMITS_MAX: i64 = 256;

/// Where a page is, and what has been added to it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Its row in `st_chunks`.
    pub row: i64,
    /// The number of its oldest patch; zero without patches.
    pub patched_since: i64,
    /// Bytes of its patches.
    pub patched_bytes: usize,
}

/// Where every page of the save is.
#[derive(Debug, Default)]
pub(super) struct Index {
    pages: FxHashMap<PageKey, Stored>,
    /// Pages that have patches, by their oldest.
    patched: BTreeSet<(i64, PageKey)>,
    /// The number of the last patch row.
    seq: i64,
    /// The greatest row in `st_chunks`.
    row_max: i64,
}

/// What a commit does to the index, once it has succeeded.
#[derive(Debug, Default)]
pub(super) struct IndexChanges {
    pages: Vec<(PageKey, Option<Stored>)>,
    seq: i64,
    row_max: i64,
}

impl Index {
    /// Puts the index of a save back.
    pub(super) fn restore(pages: FxHashMap<PageKey, Stored>, seq: i64) -> Self {
        let row_max = pages.values().map(|stored| stored.row).max().unwrap_or(0);
        let patched = pages
            .iter()
            .filter(|(_, stored)| stored.patched_since > 0)
            .map(|(key, stored)| (stored.patched_since, *key))
            .collect();
        Self { pages, patched, seq, row_max }
    }

    /// Takes over what a commit did.
    pub(super) fn apply(&mut self, changes: IndexChanges) {
        self.seq = changes.seq;
        self.row_max = changes.row_max;
        for (key, stored) in changes.pages {
            let before = match stored {
                Some(stored) => self.pages.insert(key, stored),
                None => self.pages.remove(&key),
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
    ///
    /// # Errors
    ///
    /// SQLite fails, or a row is not where the index has it. The index is as it was, and the
    /// transaction must be rolled back.
    pub(super) fn write(
        &self,
        connection: &Connection,
        before: &World,
        now: &World,
    ) -> rusqlite::Result<IndexChanges> {
        let mut writer = Writer {
            connection,
            index: self,
            patches: Vec::new(),
            seq: self.seq + 1,
            row_max: self.row_max,
            changes: Vec::new(),
        };
        for ChangedPage { key, before, now } in now.changed_pages(before) {
            match now {
                Some(now) => writer.page(key, before, now)?,
                None => writer.forget(key)?,
            }
        }
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
    changes: Vec<(PageKey, Option<Stored>)>,
}

impl Writer<'_> {
    fn page(
        &mut self,
        key: PageKey,
        before: Option<Page<'_>>,
        now: Page<'_>,
    ) -> rusqlite::Result<()> {
        let stored = self.index.pages.get(&key);
        if let (Some(stored), Some(before)) = (stored, before)
            && !is_rewritten(now, before)
            && let Some(patch) = encode::patch(key, before, now)
            && stored.patched_bytes + patch.len() <= encode::whole_bytes(now)
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

    fn whole(&mut self, key: PageKey, now: Page<'_>) -> rusqlite::Result<()> {
        let data = encode::whole(now);
        let row = match self.index.pages.get(&key) {
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
                    key.archetype.0,
                    key.kind.0,
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

    fn forget(&mut self, key: PageKey) -> rusqlite::Result<()> {
        if let Some(stored) = self.index.pages.get(&key) {
            let mut delete =
                self.connection.prepare_cached("DELETE FROM st_chunks WHERE id = ?1")?;
            delete.execute([stored.row])?;
            self.changes.push((key, None));
        }
        Ok(())
    }

    /// Writes whole the pages whose patches hold back the end of the log.
    fn take_over_old_patches(&mut self, now: &World) -> rusqlite::Result<()> {
        let overdue: Vec<PageKey> = self
            .index
            .patched
            .iter()
            .take_while(|(since, _)| self.is_overdue(*since))
            .map(|(_, key)| *key)
            .collect();
        if overdue.is_empty() {
            return Ok(());
        }
        let done: FxHashSet<PageKey> = self.changes.iter().map(|(key, _)| *key).collect();
        for key in overdue.into_iter().filter(|key| !done.contains(key)) {
            match now.page(key) {
                Some(page) => self.whole(key, page)?,
                None => self.forget(key)?,
            }
        }
        Ok(())
    }

    /// Appends this commit's patches to the log, and drops patches that no page
    /// needs.
    fn finish(self) -> rusqlite::Result<IndexChanges> {
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
        let mut fate: BTreeMap<PageKey, i64> = BTreeMap::new();
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
        Ok(IndexChanges { pages: self.changes, seq, row_max: self.row_max })
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
