//! Columns that a worker has already: those that it was sent, and those that a call of its
//! own wrote, which are sent by name the next time.
//!
//! A column that does not change is the same page of the world, at the same address, for
//! as long as it does not change. So the process with the world knows by the address what
//! a worker has, and neither side has to look at the bytes.

use std::sync::{Arc, Weak};

/// The rows of a page, as they lie in the world.
pub type Page = Arc<Vec<u8>>;

/// What a column is called by between the process with the world and one worker: where
/// that worker had it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColumnName {
    /// The number of the call.
    pub call: u64,
    /// Its place among the columns that came with it, or [`WRITTEN`](Self::WRITTEN) and its
    /// place among what came of it.
    pub place: u32,
}

/// A column that a worker has.
pub struct Held {
    /// What it is called by.
    pub name: ColumnName,
    /// It, for as long as the world has it too.
    pub page: Weak<Vec<u8>>,
}

impl ColumnName {
    /// From here on places are of what a call did.
    pub const WRITTEN: u32 = 1 << 31;

    /// Shorter columns are sent each time: a name is not worth it.
    pub const LEAST_BYTES: usize = 256;

    /// A column that came with a call.
    pub fn sent(call: u64, place: usize) -> Option<Self> {
        let place = u32::try_from(place).ok().filter(|place| *place < Self::WRITTEN)?;
        Some(Self { call, place })
    }

    /// A column that a call wrote, by the place of that among all that it did.
    pub fn written(call: u64, place: usize) -> Option<Self> {
        let Self { place, .. } = Self::sent(call, place)?;
        Some(Self { call, place: place | Self::WRITTEN })
    }
}
