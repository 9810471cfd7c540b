//! A shard as the host ships it.

use super::mask::Mask;
use crate::bindings::sandtable::guest::shards;
use crate::codec::{Malformed, Reader};

/// One shard as the host shipped it; its columns are taken term by term.
#[doc(hidden)]
pub struct Shipped {
    /// Its index in the batch.
    pub(super) place: u32,
    query: u32,
    archetype: u32,
    first: u32,
    pub(super) rows: usize,
    pub(super) mask: Option<Mask>,
    pub(super) entities: Option<Vec<u8>>,
    columns: Vec<ShippedColumn>,
    /// The term that takes its column next.
    term: u32,
}

struct ShippedColumn {
    term: u32,
    index: u32,
    bytes: Vec<u8>,
}

/// A column, and its index in the shard's column table.
#[doc(hidden)]
pub struct Placed<C> {
    pub(crate) column: C,
    pub(crate) index: u32,
}

impl Shipped {
    pub(crate) fn read(place: u32, shard: shards::Shard) -> Result<Self, Malformed> {
        Self::parse(place, shard).map_err(|error| error.inside(&format!("shard {place}")))
    }

    fn parse(place: u32, shard: shards::Shard) -> Result<Self, Malformed> {
        let mut reader = Reader::new(&shard.header);
        reader.array_of(9)?;
        for _tick_dt_system in 0..3 {
            reader.skip()?;
        }
        let query = reader.u32()?;
        let archetype = reader.u32()?;
        let first = reader.u32()?;
        let rows = reader.u32()? as usize;
        let columns = reader.array()?;
        if columns != shard.columns.len() {
            return Err(Malformed::new("the column table and the columns differ"));
        }
        let mut shipped = Self {
            place,
            query,
            archetype,
            first,
            rows,
            mask: None,
            entities: None,
            columns: Vec::with_capacity(columns),
            term: 0,
        };
        for (index, bytes) in shard.columns.into_iter().enumerate() {
            reader.array_of(2)?;
            if reader.take_nil() {
                shipped.entities = Some(bytes);
            } else {
                shipped.columns.push(ShippedColumn {
                    term: reader.u32()?,
                    index: index as u32,
                    bytes,
                });
            }
            reader.skip()?;
        }
        if !reader.take_nil() {
            shipped.mask = Some(Mask::new(reader.bin()?, rows)?);
        }
        Ok(shipped)
    }

    /// The index of its query.
    pub(crate) fn query(&self) -> u32 {
        self.query
    }

    /// Its first row, as commands name it.
    pub(crate) fn at(&self) -> u64 {
        u64::from(self.archetype) << 32 | u64::from(self.first)
    }

    /// How many rows it has, matching or not.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The column of the next term, where there is one.
    pub(crate) fn take_column(&mut self) -> Option<Placed<Vec<u8>>> {
        let term = self.term;
        self.term += 1;
        let found = self.columns.iter().position(|column| column.term == term)?;
        let column = self.columns.swap_remove(found);
        Some(Placed { column: column.bytes, index: column.index })
    }
}

impl<C> Placed<C> {
    /// The same place with another column.
    pub(crate) fn map<T>(
        self,
        column: impl FnOnce(C) -> Result<T, Malformed>,
    ) -> Result<Placed<T>, Malformed> {
        Ok(Placed { column: column(self.column)?, index: self.index })
    }
}
