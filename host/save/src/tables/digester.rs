//! Rows as the state hash has them.

use rusqlite::types::ValueRef;

use sandtable_world::ecs::TableState;

/// Digests rows, one after another, in one buffer.
#[derive(Debug, Default)]
pub(super) struct Digester {
    /// The name of the table, then each value of the row: its type, its length and
    /// its bytes.
    row: Vec<u8>,
    /// Bytes of the values.
    bytes: u64,
}

impl Digester {
    /// Begins a row of a table.
    pub fn begin(&mut self, table: &str) {
        self.row.clear();
        self.add(0, table.as_bytes());
        self.bytes = 0;
    }

    /// Adds the next value.
    pub fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.add(1, &[]),
            ValueRef::Integer(number) => self.add(2, &number.to_le_bytes()),
            ValueRef::Real(number) => self.add(3, &number.to_bits().to_le_bytes()),
            ValueRef::Text(text) => self.add(4, text),
            ValueRef::Blob(bytes) => self.add(5, bytes),
        }
    }

    /// The row as a table of one.
    pub fn end(&self) -> TableState {
        let digest = blake3::hash(&self.row);
        let lane = |lane: usize| {
            let bytes = &digest.as_bytes()[lane * 8..lane * 8 + 8];
            bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
        };
        TableState { rows: 1, bytes: self.bytes, sum: std::array::from_fn(lane) }
    }

    fn add(&mut self, kind: u8, bytes: &[u8]) {
        let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
        self.row.extend_from_slice(&[kind, a, b, c, d]);
        self.row.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
    }
}
