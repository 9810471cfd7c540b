//! Rows by digest, so that two sides can be compared without either being kept.

use blake3::Hasher;

use crate::cell::{Cell, ColumnType, comparable_cell};
use crate::layout::Wanted;
use crate::rows::Row;

/// A row as both sides have it: its key, and a digest of all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    pub key: Vec<u8>,
    pub digest: u128,
}

impl Print {
    /// Of values in the form of [`comparable_cell`], of which the first are the key.
    pub fn of(values: impl Iterator<Item = Option<Vec<u8>>>, key: usize) -> Self {
        let (mut print, mut hasher) = (Vec::new(), Hasher::new());
        for (at, value) in values.enumerate() {
            let length = value.as_ref().map_or(u64::MAX, |value| value.len() as u64).to_be_bytes();
            let value = value.unwrap_or_default();
            hasher.update(&length).update(&value);
            if at < key {
                print.extend(length);
                print.extend(&value);
            }
        }
        let digest = hasher.finalize();
        let digest = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        Self { key: print, digest: u128::from_be_bytes(digest) }
    }

    /// The values of a key, to be sent once more.
    pub fn cells(mut key: &[u8]) -> Row {
        let mut cells = Vec::new();
        while let Some((length, rest)) = key.split_first_chunk() {
            let length = u64::from_be_bytes(*length);
            let length = usize::try_from(length).unwrap_or_default().min(rest.len());
            let (value, after) = rest.split_at(length);
            cells.push(Cell::Wire(value.to_vec()));
            key = after;
        }
        cells
    }

    /// Of a row of a table.
    pub fn of_row(row: &Row, wanted: &Wanted) -> Self {
        let types = wanted.columns.iter().map(|(_, ty)| *ty);
        let value = |(cell, ty): (_, ColumnType)| comparable_cell(cell, ty);
        Self::of(row.iter().zip(types).map(value), wanted.key)
    }
}
