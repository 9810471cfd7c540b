//! Walks over the matching rows of a query's shards.
//!
//! [`Stretches`] goes from one contiguous stretch of matching rows to the next;
//! [`Rows`] goes over the rows of each. Whatever a row does not need, such as
//! the mask and the change of shards, happens between stretches.
//!
//! What is called between stretches takes and gives state by value: a reference
//! to it would keep the state of the inner loop out of registers.

use super::data::{QueryData, ReadData};
use super::mask::Mask;
use super::shard::{Opened, Shard};
use crate::call::Call;

/// Shards that are opened one after another.
#[doc(hidden)]
pub trait Source<'s, D: QueryData>: Sized {
    /// Opens the next one, and gives those after it.
    fn open(self, call: &'s Call) -> Option<(Entered<'s, D>, Self)>;
}

/// Shards that are read.
#[doc(hidden)]
pub struct Reading<'s, C>(core::slice::Iter<'s, Shard<C>>);

/// Shards that are written.
#[doc(hidden)]
pub struct Writing<'s, C>(core::slice::IterMut<'s, Shard<C>>);

/// The rest of the shard that a walk is in.
#[doc(hidden)]
pub struct Entered<'s, D: QueryData> {
    rest: D::Stretch<'s>,
    mask: Option<&'s Mask>,
    /// Where in the shard the rest begins.
    row: usize,
    rows: usize,
    at: u64,
}

impl<'s, D: QueryData> Entered<'s, D> {
    fn new(opened: Opened<'s, D::Stretch<'s>>) -> Self {
        Self { rest: opened.view, mask: opened.mask, row: 0, rows: opened.rows, at: opened.at }
    }
}

impl<'s, D: ReadData> Source<'s, D> for Reading<'s, D::Columns> {
    #[inline(never)]
    fn open(mut self, call: &'s Call) -> Option<(Entered<'s, D>, Self)> {
        loop {
            match self.0.next()?.open(D::view) {
                Ok(opened) => return Some((Entered::new(opened), self)),
                Err(error) => call.fault(error),
            }
        }
    }
}

impl<'s, D: QueryData> Source<'s, D> for Writing<'s, D::Columns> {
    #[inline(never)]
    fn open(mut self, call: &'s Call) -> Option<(Entered<'s, D>, Self)> {
        loop {
            match self.0.next()?.open_mut(D::stretch) {
                Ok(opened) => return Some((Entered::new(opened), self)),
                Err(error) => call.fault(error),
            }
        }
    }
}

/// Goes from one contiguous stretch of matching rows to the next.
struct Stretches<'s, D: QueryData, S> {
    shards: Option<S>,
    entered: Option<Entered<'s, D>>,
    call: &'s Call,
}

impl<'s, D: QueryData, S: Source<'s, D>> Stretches<'s, D, S> {
    fn new(shards: S, call: &'s Call) -> Self {
        Self { shards: Some(shards), entered: None, call }
    }

    #[inline(always)]
    fn find(&mut self) -> Option<Found<'s, D>> {
        loop {
            let shard = match self.entered.take() {
                Some(shard) => shard,
                None => {
                    let (shard, shards) = self.shards.take()?.open(self.call)?;
                    self.shards = Some(shards);
                    shard
                }
            };
            let run = match shard.mask {
                None => shard.row..shard.rows,
                Some(mask) => mask.run(shard.row).unwrap_or_default(),
            };
            if run.is_empty() {
                continue;
            }
            let (_, rest) = D::split(shard.rest, run.start - shard.row);
            let (stretch, rest) = D::split(rest, run.len());
            if run.end < shard.rows {
                self.entered = Some(Entered { rest, row: run.end, ..shard });
            }
            return Some(Found { stretch, length: run.len(), at: shard.at + run.start as u64 });
        }
    }
}

/// Matching rows that lie together.
struct Found<'s, D: QueryData> {
    stretch: D::Stretch<'s>,
    length: usize,
    /// The first row, as commands name it.
    at: u64,
}

/// Goes over the matching rows of a [`Query`](crate::Query).
pub struct Rows<'s, D: QueryData, S> {
    /// The rows of a stretch, where nothing depends on which row is out.
    plain: Option<D::Raw<'s>>,
    /// The rows of a stretch, where commands are ordered by row. One of the two
    /// is always empty, so that the loop over plain rows has no test for it.
    tracked: Option<D::Raw<'s>>,
    /// The next tracked row, as commands name it.
    at: u64,
    stretches: Stretches<'s, D, S>,
}

impl<'s, D: ReadData> Rows<'s, D, Reading<'s, D::Columns>> {
    #[inline]
    pub(crate) fn read(shards: &'s [Shard<D::Columns>], call: &'s Call) -> Self {
        Self::new(Reading(shards.iter()), call)
    }
}

impl<'s, D: QueryData> Rows<'s, D, Writing<'s, D::Columns>> {
    #[inline]
    pub(crate) fn write(shards: &'s mut [Shard<D::Columns>], call: &'s Call) -> Self {
        Self::new(Writing(shards.iter_mut()), call)
    }
}

impl<'s, D: QueryData, S: Source<'s, D>> Rows<'s, D, S> {
    #[inline]
    fn new(shards: S, call: &'s Call) -> Self {
        Self { plain: None, tracked: None, at: 0, stretches: Stretches::new(shards, call) }
    }

    #[inline(always)]
    fn enter(&mut self) -> Option<()> {
        let found = self.stretches.find()?;
        let tracked = self.stretches.call.cursor.tracked.get();
        let plain = if tracked { 0 } else { found.length };
        let (plain, tracked) = D::split(found.stretch, plain);
        self.plain = Some(D::rows(plain));
        self.tracked = Some(D::rows(tracked));
        self.at = found.at;
        Some(())
    }
}

impl<'s, D: QueryData, S: Source<'s, D>> Iterator for Rows<'s, D, S> {
    type Item = D::Item<'s>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(rows) = &mut self.plain
                && let Some(raw) = rows.next()
            {
                return Some(D::item(raw));
            }
            if let Some(rows) = &mut self.tracked
                && let Some(raw) = rows.next()
            {
                self.stretches.call.cursor.at.set(self.at);
                self.at += 1;
                return Some(D::item(raw));
            }
            self.enter()?;
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let rows = |rows: &Option<D::Raw<'s>>| rows.as_ref().map_or(0, |rows| rows.size_hint().0);
        (rows(&self.plain) + rows(&self.tracked), None)
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let cursor = &self.stretches.call.cursor.at;
        let mut folded = init;
        loop {
            if let Some(rows) = self.plain.take() {
                folded = rows.fold(folded, |folded, raw| f(folded, D::item(raw)));
            }
            if let Some(rows) = self.tracked.take() {
                folded = rows.zip(self.at..).fold(folded, |folded, (raw, at)| {
                    cursor.set(at);
                    f(folded, D::item(raw))
                });
            }
            if self.enter().is_none() {
                return folded;
            }
        }
    }
}

/// Goes over the contiguous stretches of matching rows of a
/// [`Query`](crate::Query).
pub struct Slices<'s, D: QueryData, S> {
    stretches: Stretches<'s, D, S>,
}

impl<'s, D: ReadData> Slices<'s, D, Reading<'s, D::Columns>> {
    pub(crate) fn read(shards: &'s [Shard<D::Columns>], call: &'s Call) -> Self {
        Self { stretches: Stretches::new(Reading(shards.iter()), call) }
    }
}

impl<'s, D: QueryData> Slices<'s, D, Writing<'s, D::Columns>> {
    pub(crate) fn write(shards: &'s mut [Shard<D::Columns>], call: &'s Call) -> Self {
        Self { stretches: Stretches::new(Writing(shards.iter_mut()), call) }
    }
}

impl<'s, D: QueryData, S: Source<'s, D>> Iterator for Slices<'s, D, S> {
    type Item = D::Slices<'s>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let found = self.stretches.find()?;
        let cursor = &self.stretches.call.cursor;
        if cursor.tracked.get() {
            cursor.at.set(found.at);
        }
        Some(D::slices(found.stretch))
    }
}
