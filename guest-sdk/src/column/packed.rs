//! Columns of packed rows: the bytes from the host, viewed in place.

use std::borrow::Cow;
use std::ops::Range;

use bytemuck::Pod;

use super::{Column, Store, Stretch};
use crate::Entity;
use crate::codec::{Malformed, Reader};
use crate::kind::Storage;
use crate::packed::Field;

/// The storage of packed kinds of numbers, whose rows are used where they lie.
#[doc(hidden)]
pub enum Packed {}

/// Packed rows.
#[doc(hidden)]
pub struct PackedColumn<T> {
    rows: Rows<T>,
    touched: bool,
}

enum Rows<T> {
    /// The host's bytes, aligned and of a fitting length.
    Shipped(Vec<u8>),
    /// Rows without bytes, and those whose bytes were not aligned.
    Owned(Vec<T>),
}

impl<T: Pod> PackedColumn<T> {
    /// Over the host's bytes, which must be those of `count` rows.
    pub(crate) fn new(bytes: Vec<u8>, count: usize) -> Result<Self, Malformed> {
        let size = size_of::<T>();
        if Some(bytes.len()) != count.checked_mul(size) {
            return Err(Malformed::new(format!(
                "expected {count} rows of {size} bytes, found {} bytes",
                bytes.len()
            )));
        }
        let rows = if size == 0 {
            Rows::Owned(vec![T::zeroed(); count])
        } else if bytemuck::try_cast_slice::<u8, T>(&bytes).is_ok() {
            Rows::Shipped(bytes)
        } else {
            Rows::Owned(bytemuck::pod_collect_to_vec::<u8, T>(&bytes))
        };
        Ok(Self { rows, touched: false })
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        match &self.rows {
            Rows::Shipped(bytes) => bytemuck::cast_slice(bytes),
            Rows::Owned(rows) => rows,
        }
    }
}

impl<T: Pod + Field> Store<T> for Packed {
    const STORAGE: Storage = Storage::Packed;

    type Column = PackedColumn<T>;

    fn column(bytes: Vec<u8>, rows: usize) -> Result<Self::Column, Malformed> {
        PackedColumn::new(bytes, rows)
    }

    fn values(bytes: Vec<u8>, count: usize) -> Result<Self::Column, Malformed> {
        PackedColumn::new(bytes, count)
    }

    fn taken(bytes: Vec<u8>, rows: usize) -> Result<Vec<T>, Malformed> {
        PackedColumn::new(bytes, rows).map(|column| column.as_slice().to_vec())
    }

    fn read(from: &mut Reader<'_>) -> Result<T, Malformed> {
        let bytes = from.bin()?;
        if bytes.len() != size_of::<T>() {
            return Err(Malformed::new(format!(
                "expected {} bytes, found {}",
                size_of::<T>(),
                bytes.len()
            )));
        }
        let mut row = T::zeroed();
        bytemuck::bytes_of_mut(&mut row).copy_from_slice(bytes);
        Ok(row)
    }

    #[inline]
    fn write(value: &T, out: &mut Vec<u8>) {
        out.extend_from_slice(bytemuck::bytes_of(value));
    }
}

impl<T: Pod + Field> Column<T> for PackedColumn<T> {
    type Stretch<'s> = &'s mut [T];

    #[inline]
    fn rows(&self) -> Result<&[T], Malformed> {
        Ok(self.as_slice())
    }

    #[inline]
    fn rows_mut(&mut self) -> Result<&mut [T], Malformed> {
        self.touched = true;
        Ok(match &mut self.rows {
            Rows::Shipped(bytes) => bytemuck::cast_slice_mut(bytes),
            Rows::Owned(rows) => rows,
        })
    }

    fn changed(&self) -> Option<Cow<'_, [u8]>> {
        if !self.touched {
            return None;
        }
        Some(Cow::Borrowed(match &self.rows {
            Rows::Shipped(bytes) => bytes,
            Rows::Owned(_) if size_of::<T>() == 0 => &[],
            Rows::Owned(rows) => bytemuck::cast_slice(rows),
        }))
    }

    fn name_entities(&self, rows: Range<usize>, names: &mut Vec<Entity>) {
        if T::NAMES_ENTITIES {
            let rows = self.as_slice().get(rows).unwrap_or_default();
            rows.iter().for_each(|row| row.name_entities(names));
        }
    }
}

impl<'s, T> Stretch<'s, T> for &'s mut [T] {
    type Item = &'s mut T;
    type Rows = core::slice::IterMut<'s, T>;

    #[inline]
    fn split(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }

    #[inline]
    fn rows(self) -> Self::Rows {
        self.iter_mut()
    }

    #[inline]
    fn slice(self) -> &'s mut [T] {
        self
    }
}
