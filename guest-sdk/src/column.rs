//! One kind's values for the rows of one shard.
//!
//! [`Packed`] columns stay the bytes that the host sent, [`Copied`] ones are
//! copied out of them, and [`Dynamic`] ones are decoded when they are first
//! looked at. Each is written back only after it was handed out for writing.

mod copied;
mod dynamic;
mod packed;

use std::borrow::Cow;

use crate::Entity;
use crate::codec::{Malformed, Reader};
use crate::kind::Storage;

pub use copied::Copied;
pub use dynamic::{Dynamic, Mut};
pub use packed::Packed;
pub(crate) use packed::PackedColumn;

/// A way to store the values of a kind.
#[doc(hidden)]
pub trait Store<T>: 'static {
    /// Which one it is.
    const STORAGE: Storage;

    /// The values of a shard.
    type Column: Column<T> + 'static;

    /// A column as it crosses the boundary.
    fn column(bytes: Vec<u8>, rows: usize) -> Result<Self::Column, Malformed>;

    /// The values of a lookup, one after another.
    fn values(bytes: Vec<u8>, count: usize) -> Result<Self::Column, Malformed>;

    /// The values of a column as it crosses the boundary, to keep.
    fn taken(bytes: Vec<u8>, rows: usize) -> Result<Vec<T>, Malformed>;

    /// One value inside a MessagePack value.
    fn read(from: &mut Reader<'_>) -> Result<T, Malformed>;

    /// Appends one value: a row's bytes, or MessagePack.
    fn write(value: &T, out: &mut Vec<u8>);
}

/// The values of a shard.
#[doc(hidden)]
pub trait Column<T> {
    /// Rows that may be written, of a contiguous stretch.
    type Stretch<'s>: Stretch<'s, T>
    where
        Self: 's,
        T: 's;

    /// All rows, to read.
    fn rows(&self) -> Result<&[T], Malformed>;

    /// All rows, to write.
    fn rows_mut(&mut self) -> Result<Self::Stretch<'_>, Malformed>;

    /// The whole column for the host, if a row was handed out for writing.
    fn changed(&self) -> Option<Cow<'_, [u8]>>;

    /// Adds the entities that `row`s of this range name.
    fn name_entities(&self, rows: core::ops::Range<usize>, names: &mut Vec<Entity>);
}

/// A contiguous stretch of rows that may be written.
#[doc(hidden)]
pub trait Stretch<'s, T: 's>: Sized {
    /// What a row is given out as.
    type Item;
    /// Gives out row after row.
    type Rows: Iterator<Item = Self::Item>;

    /// The rows before and from `at` on.
    fn split(self, at: usize) -> (Self, Self);

    /// Row after row.
    fn rows(self) -> Self::Rows;

    /// All rows at once.
    fn slice(self) -> &'s mut [T];
}
