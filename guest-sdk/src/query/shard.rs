//! The rows of one shard, with typed columns.

use super::data::{Frame, QueryData};
use super::mask::Mask;
use super::shipped::Shipped;
use crate::Entity;
use crate::codec::Malformed;
use crate::column::PackedColumn;
use crate::names::Names;
use crate::sys;

/// The typed rows of one shard.
#[doc(hidden)]
pub struct Shard<C> {
    place: u32,
    at: u64,
    rows: usize,
    mask: Option<Mask>,
    entities: PackedColumn<Entity>,
    columns: C,
}

/// A shard, opened for a walk over its rows.
pub(crate) struct Opened<'s, V> {
    pub(crate) view: V,
    pub(crate) rows: usize,
    pub(crate) mask: Option<&'s Mask>,
    /// The first row, as commands name it.
    pub(crate) at: u64,
}

impl<C> Shard<C> {
    pub(crate) fn take<D>(mut shipped: Shipped) -> Result<Self, Malformed>
    where
        D: QueryData<Columns = C>,
    {
        let entities = shipped.entities.take();
        if D::ENTITIES && entities.is_none() {
            return Err(Malformed::new("the entities are missing"));
        }
        let known = if entities.is_some() { shipped.rows } else { 0 };
        Ok(Self {
            place: shipped.place,
            at: shipped.at(),
            rows: shipped.rows,
            columns: D::take(&mut shipped)?,
            entities: PackedColumn::new(entities.unwrap_or_default(), known)?,
            mask: shipped.mask,
        })
    }

    /// How many rows match.
    pub(crate) fn matching(&self) -> usize {
        self.mask.as_ref().map_or(self.rows, Mask::count)
    }

    /// The entity of each row, matching or not; empty if it was not asked for.
    pub(crate) fn entities(&self) -> &[Entity] {
        self.entities.as_slice()
    }

    /// Whether a row matches.
    pub(crate) fn matches(&self, row: usize) -> bool {
        self.mask.as_ref().is_none_or(|mask| mask.has(row))
    }

    /// To read its rows.
    pub(crate) fn open<'s, V>(
        &'s self,
        view: impl FnOnce(&'s C, Frame<'s>) -> Result<V, Malformed>,
    ) -> Result<Opened<'s, V>, Malformed> {
        let frame = Frame { entities: self.entities.as_slice(), rows: self.rows };
        Ok(Opened {
            view: view(&self.columns, frame)?,
            rows: self.rows,
            mask: self.mask.as_ref(),
            at: self.at,
        })
    }

    /// To write its rows.
    pub(crate) fn open_mut<'s, V>(
        &'s mut self,
        view: impl FnOnce(&'s mut C, Frame<'s>) -> Result<V, Malformed>,
    ) -> Result<Opened<'s, V>, Malformed> {
        let frame = Frame { entities: self.entities.as_slice(), rows: self.rows };
        Ok(Opened {
            view: view(&mut self.columns, frame)?,
            rows: self.rows,
            mask: self.mask.as_ref(),
            at: self.at,
        })
    }

    /// Adds the entities that its matching rows name.
    pub(crate) fn name_entities<D>(&self, names: &mut Names)
    where
        D: QueryData<Columns = C>,
    {
        let mut from = 0;
        loop {
            let run = match &self.mask {
                Some(mask) => mask.run(from),
                None => (from < self.rows).then_some(from..self.rows),
            };
            let Some(run) = run else { return };
            from = run.end;
            let entities = self.entities.as_slice().get(run.clone());
            names.rows.extend_from_slice(entities.unwrap_or_default());
            D::name_entities(&self.columns, run, &mut names.others);
        }
    }

    /// Writes the columns back that were handed out for writing.
    pub(crate) fn store<D>(&self)
    where
        D: QueryData<Columns = C>,
    {
        D::store(&self.columns, &mut |index, bytes| {
            sys::write(self.place, index, bytes);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::ReadData;
    use super::*;
    use crate::bindings::sandtable::guest::shards;
    use crate::codec::write;
    use crate::prelude::*;

    #[derive(Component, Clone, Copy)]
    #[repr(C)]
    struct Mass(f64);

    #[derive(Component, Clone)]
    struct Name(String);

    type Terms<'t> = (Entity, &'t mut Mass, Option<&'t Name>);

    fn shard() -> shards::Shard {
        let mut header = Vec::new();
        write::array(&mut header, 9);
        write::uint(&mut header, 1);
        write::f64(&mut header, 0.5);
        for number in [0, 0, 4, 100, 2] {
            write::uint(&mut header, number);
        }
        write::array(&mut header, 3);
        for (term, size) in [(None, Some(8)), (Some(0), Some(8)), (Some(1), None)] {
            write::array(&mut header, 2);
            for number in [term, size] {
                match number {
                    Some(number) => write::uint(&mut header, number),
                    None => write::nil(&mut header),
                }
            }
        }
        write::bin(&mut header, &[0b10]);
        let mut names = Vec::new();
        write::array(&mut names, 2);
        for name in ["a", "b"] {
            write::array(&mut names, 1);
            write::str(&mut names, name);
        }
        let numbers = [1u64, 2].map(u64::to_le_bytes).concat();
        shards::Shard { header, columns: vec![numbers.clone(), numbers, names] }
    }

    fn take(shard: shards::Shard) -> Result<usize, Malformed> {
        let shard = Shard::take::<Terms<'_>>(Shipped::read(0, shard)?)?;
        shard.open(<Terms<'_> as QueryData>::ReadOnly::view)?;
        Ok(shard.matching())
    }

    #[test]
    fn columns_go_to_their_terms() {
        let shipped = Shipped::read(0, shard()).expect("well formed");
        assert_eq!(shipped.at(), 4 << 32 | 100);
        assert_eq!(take(shard()), Ok(1));
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = |shard| take(shard).expect_err("is broken").to_string();
        let mut short = shard();
        short.columns[1].pop();
        assert_eq!(error(short), "Mass: expected 2 rows of 8 bytes, found 15 bytes");
        let mut fewer = shard();
        fewer.columns.pop();
        assert_eq!(error(fewer), "shard 0: the column table and the columns differ");
        let mut names = shard();
        names.columns[2][5] = 0xc0;
        assert_eq!(error(names), "Name: row 1: 0: expected a string, found nil at byte 5");
    }

    #[test]
    fn broken_headers_do_not_panic() {
        for place in 0..shard().header.len() {
            for byte in 0..=u8::MAX {
                let mut shard = shard();
                shard.header[place] = byte;
                let _ = take(shard);
            }
        }
    }
}
