//! One kind's values in one archetype, row by row, with the stamps that say
//! when each row was changed and added.
//!
//! Stamps are kept only while some system filters on them.

use std::sync::Arc;

use super::{Bytes, Kind, KindId, Paged, Stamp, Storage};

/// The values of a column, or of a batch of commands.
#[derive(Clone, Debug)]
pub enum Values {
    /// Rows of a fixed size.
    Packed(Paged<u8>),
    /// One MessagePack value a row.
    Dynamic(Paged<Bytes>),
}

impl Values {
    /// No rows of this kind.
    pub fn new(kind: &Kind, rows_per_page: usize) -> Self {
        match kind.storage {
            Storage::Packed => Values::Packed(Paged::new(kind.size, rows_per_page)),
            Storage::Dynamic => Values::Dynamic(Paged::new(1, rows_per_page)),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Packed(rows) => rows.len(),
            Values::Dynamic(rows) => rows.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of one row: packed, or its MessagePack value.
    pub fn row(&self, row: usize) -> &[u8] {
        match self {
            Values::Packed(rows) => rows.row(row),
            Values::Dynamic(rows) => &rows.row(row)[0],
        }
    }

    /// Replaces one row and says whether its bytes differ.
    pub(super) fn set(&mut self, row: usize, from: &Values, at: usize) -> bool {
        let differs = self.row(row) != from.row(at);
        if differs {
            match (self, from) {
                (Values::Packed(rows), Values::Packed(from)) => {
                    rows.row_mut(row).copy_from_slice(from.row(at));
                }
                (Values::Dynamic(rows), Values::Dynamic(from)) => {
                    rows.row_mut(row).clone_from_slice(from.row(at));
                }
                _ => debug_assert!(false, "a kind has one storage"),
            }
        }
        differs
    }

    /// Appends the given rows of another column of the same kind.
    pub fn extend_rows(&mut self, from: &Values, rows: &[usize]) {
        match (self, from) {
            (Values::Packed(into), Values::Packed(from)) => into.extend_rows(from, rows),
            (Values::Dynamic(into), Values::Dynamic(from)) => into.extend_rows(from, rows),
            _ => debug_assert!(false, "a kind has one storage"),
        }
    }

    /// No rows, of the same kind.
    pub(super) fn emptied(&self) -> Self {
        match self {
            Values::Packed(rows) => Values::Packed(rows.emptied()),
            Values::Dynamic(rows) => Values::Dynamic(rows.emptied()),
        }
    }

    fn compact(&mut self, moves: &[(usize, usize)], len: usize) {
        match self {
            Values::Packed(rows) => rows.compact(moves, len),
            Values::Dynamic(rows) => rows.compact(moves, len),
        }
    }
}

/// One kind's values in one archetype.
#[derive(Clone, Debug)]
pub struct Column {
    /// Of which kind.
    pub kind: KindId,
    /// Row by row.
    pub values: Values,
    /// When each row's bytes last changed, if some system asks.
    pub changed: Option<Paged<Stamp>>,
    /// When each row got this component, if some system asks.
    pub added: Option<Paged<Stamp>>,
}

impl Column {
    /// So many rows of which nothing is known: zeros, or no bytes where values
    /// are dynamic, which never changed.
    pub fn blank(&self, rows: usize) -> Self {
        let mut values = self.values.emptied();
        match &mut values {
            Values::Packed(values) => values.grow(rows, &vec![0; values.width()]),
            Values::Dynamic(values) => values.grow(rows, &[Bytes::from([])]),
        }
        let blank = |stamps: &Paged<Stamp>| {
            let mut stamps = stamps.emptied();
            stamps.grow(rows, &[Stamp::NEVER]);
            stamps
        };
        let (changed, added) = (self.changed.as_ref().map(blank), self.added.as_ref().map(blank));
        Self { kind: self.kind, values, changed, added }
    }

    pub(super) fn append(&mut self, from: &Values, rows: &[usize], now: Stamp) {
        self.values.extend_rows(from, rows);
        for stamps in [&mut self.changed, &mut self.added].into_iter().flatten() {
            stamps.grow(rows.len(), &[now]);
        }
    }

    pub(super) fn append_moved(&mut self, from: &Column, rows: &[usize]) {
        self.values.extend_rows(&from.values, rows);
        for (into, from) in [(&mut self.changed, &from.changed), (&mut self.added, &from.added)] {
            if let (Some(into), Some(from)) = (into, from) {
                into.extend_rows(from, rows);
            }
        }
    }

    pub(super) fn compact(&mut self, moves: &[(usize, usize)], len: usize) {
        self.values.compact(moves, len);
        for stamps in [&mut self.changed, &mut self.added].into_iter().flatten() {
            stamps.compact(moves, len);
        }
    }

    pub(super) fn set(&mut self, row: usize, from: &Values, at: usize, now: Stamp) {
        if self.values.set(row, from, at)
            && let Some(changed) = &mut self.changed
        {
            changed.row_mut(row)[0] = now;
        }
    }

    /// Puts a page of new values in place.
    pub fn replace_packed(&mut self, page: usize, items: Arc<Vec<u8>>) {
        if let Values::Packed(rows) = &mut self.values {
            rows.replace_page(page, items);
        }
    }

    /// Puts a page of new values in place.
    pub fn replace_dynamic(&mut self, page: usize, items: Arc<Vec<Bytes>>) {
        if let Values::Dynamic(rows) = &mut self.values {
            rows.replace_page(page, items);
        }
    }
}
