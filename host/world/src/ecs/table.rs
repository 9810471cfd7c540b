//! What the world knows of a mod's SQL table: its contents as a digest that
//! follows each change of a row.

/// The contents of a table.
///
/// The digest is the sum of its rows' digests, so that it does not depend on
/// the order of rows, and one row can come or go without looking at the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableState {
    /// How many rows it has.
    pub rows: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// The sum of the digests of its rows, in four lanes that wrap.
    pub sum: [u64; 4],
}

impl TableState {
    /// With what another counts on top. Counts wrap, so that the other may be a
    /// difference.
    pub fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows.wrapping_add(other.rows),
            bytes: self.bytes.wrapping_add(other.bytes),
            sum: std::array::from_fn(|lane| self.sum[lane].wrapping_add(other.sum[lane])),
        }
    }

    /// Without what another counts; the opposite of [`plus`](Self::plus).
    pub fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows.wrapping_sub(other.rows),
            bytes: self.bytes.wrapping_sub(other.bytes),
            sum: std::array::from_fn(|lane| self.sum[lane].wrapping_sub(other.sum[lane])),
        }
    }
}
