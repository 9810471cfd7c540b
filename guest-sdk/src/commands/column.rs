//! The values of a kind that commands send.

use crate::codec::write;
use crate::column::Store;
use crate::kind::{Info, Kind, Storage};

/// The values of one kind in a run.
#[doc(hidden)]
pub struct Column {
    packed: bool,
    rows: usize,
    bytes: Vec<u8>,
}

impl Column {
    /// For values of a kind.
    pub(crate) fn of(info: &Info) -> Self {
        Self { packed: matches!(info.storage, Storage::Packed), rows: 0, bytes: Vec::new() }
    }

    /// Adds a value of the column's kind.
    #[inline]
    pub(super) fn append<T: Kind>(&mut self, value: &T) {
        T::Store::write(value, &mut self.bytes);
        self.rows += 1;
    }

    /// The column as it crosses the boundary by itself.
    pub(crate) fn into_shipped(self) -> Vec<u8> {
        if self.packed {
            return self.bytes;
        }
        let mut out = Vec::with_capacity(self.bytes.len() + 5);
        write::array(&mut out, self.rows);
        out.extend_from_slice(&self.bytes);
        out
    }

    /// Appends it to the run that it is a part of.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        if self.packed {
            write::bin(out, &self.bytes);
        } else {
            write::array(out, self.rows);
            out.extend_from_slice(&self.bytes);
        }
    }
}
