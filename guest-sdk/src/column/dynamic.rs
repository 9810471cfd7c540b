//! Columns of dynamic values: decoded on first use, encoded when changed.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ops::{Deref, DerefMut, Range};

use super::{Column, Store, Stretch};
use crate::Entity;
use crate::codec::{Malformed, Reader, write};
use crate::kind::Storage;
use crate::value::Value;

/// The storage of dynamic kinds.
#[doc(hidden)]
pub enum Dynamic {}

/// Dynamic values.
#[doc(hidden)]
pub struct DynamicColumn<T> {
    bytes: Vec<u8>,
    count: usize,
    values: OnceCell<Vec<T>>,
    touched: Cell<bool>,
}

/// A dynamic component of one row that may be written: what `&mut T` gives in a
/// query.
///
/// It is sent back only if it was used as `&mut T`, for which its variable has
/// to be `mut`. A function that takes `&mut T` is given `&mut name`.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component)] struct Name { text: String }
/// #[system]
/// fn shout(mut names: Query<&mut Name>) {
///     for mut name in &mut names {
///         if !name.text.ends_with('!') {
///             name.text.push('!');
///         }
///     }
/// }
/// ```
pub struct Mut<'s, T> {
    value: &'s mut T,
    touched: &'s Cell<bool>,
}

impl<T> Deref for Mut<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<T> DerefMut for Mut<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.touched.set(true);
        self.value
    }
}

impl<T: core::fmt::Debug> core::fmt::Debug for Mut<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.value.fmt(f)
    }
}

/// Dynamic rows that may be written.
#[doc(hidden)]
pub struct DynamicStretch<'s, T> {
    values: &'s mut [T],
    touched: &'s Cell<bool>,
}

/// Gives out [`Mut`] after [`Mut`].
#[doc(hidden)]
pub struct DynamicRows<'s, T> {
    values: core::slice::IterMut<'s, T>,
    touched: &'s Cell<bool>,
}

impl<T: Value + 'static> Store<T> for Dynamic {
    const STORAGE: Storage = Storage::Dynamic;

    type Column = DynamicColumn<T>;

    fn column(bytes: Vec<u8>, rows: usize) -> Result<Self::Column, Malformed> {
        Ok(DynamicColumn { bytes, count: rows, values: OnceCell::new(), touched: Cell::new(false) })
    }

    fn values(bytes: Vec<u8>, count: usize) -> Result<Self::Column, Malformed> {
        let values = read_values(&mut Reader::new(&bytes), count)?;
        Ok(DynamicColumn {
            bytes: Vec::new(),
            count,
            values: OnceCell::from(values),
            touched: Cell::new(false),
        })
    }

    fn taken(bytes: Vec<u8>, rows: usize) -> Result<Vec<T>, Malformed> {
        let mut reader = Reader::new(&bytes);
        reader.array_of(rows)?;
        read_values(&mut reader, rows)
    }

    fn read(from: &mut Reader<'_>) -> Result<T, Malformed> {
        T::read(from)
    }

    fn write(value: &T, out: &mut Vec<u8>) {
        value.write(out);
    }
}

impl<T: Value> DynamicColumn<T> {
    fn decoded(&self) -> Result<&Vec<T>, Malformed> {
        if let Some(values) = self.values.get() {
            return Ok(values);
        }
        let mut reader = Reader::new(&self.bytes);
        reader.array_of(self.count)?;
        let values = read_values(&mut reader, self.count)?;
        Ok(self.values.get_or_init(|| values))
    }
}

impl<T: Value + 'static> Column<T> for DynamicColumn<T> {
    type Stretch<'s> = DynamicStretch<'s, T>;

    fn rows(&self) -> Result<&[T], Malformed> {
        self.decoded().map(Vec::as_slice)
    }

    fn rows_mut(&mut self) -> Result<DynamicStretch<'_, T>, Malformed> {
        self.decoded()?;
        Ok(DynamicStretch {
            values: self.values.get_mut().map(Vec::as_mut_slice).unwrap_or_default(),
            touched: &self.touched,
        })
    }

    fn changed(&self) -> Option<Cow<'_, [u8]>> {
        if !self.touched.get() {
            return None;
        }
        let values = self.values.get()?;
        let mut out = Vec::with_capacity(self.bytes.len());
        write::array(&mut out, values.len());
        values.iter().for_each(|value| value.write(&mut out));
        Some(Cow::Owned(out))
    }

    fn name_entities(&self, _rows: Range<usize>, _names: &mut Vec<Entity>) {}
}

impl<'s, T> Stretch<'s, T> for DynamicStretch<'s, T> {
    type Item = Mut<'s, T>;
    type Rows = DynamicRows<'s, T>;

    fn split(self, at: usize) -> (Self, Self) {
        let touched = self.touched;
        let (head, tail) = self.values.split_at_mut(at);
        let stretch = |values| Self { values, touched };
        (stretch(head), stretch(tail))
    }

    fn rows(self) -> Self::Rows {
        DynamicRows { values: self.values.iter_mut(), touched: self.touched }
    }

    fn slice(self) -> &'s mut [T] {
        self.touched.set(true);
        self.values
    }
}

impl<'s, T> Iterator for DynamicRows<'s, T> {
    type Item = Mut<'s, T>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Mut { value: self.values.next()?, touched: self.touched })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

fn read_values<T: Value>(from: &mut Reader<'_>, count: usize) -> Result<Vec<T>, Malformed> {
    let mut values = Vec::with_capacity(from.at_most(count));
    for row in 0..count {
        let value = T::read(from).map_err(|error| error.inside(&format!("row {row}")))?;
        values.push(value);
    }
    Ok(values)
}
