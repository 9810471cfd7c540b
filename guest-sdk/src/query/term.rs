//! The terms of a query.

use std::iter::{RepeatN, repeat_n};
use std::marker::PhantomData;
use std::ops::Range;

use super::data::{Frame, QueryData, ReadData};
use super::shipped::{Placed, Shipped};
use crate::Entity;
use crate::codec::Malformed;
use crate::column::{Column, Store, Stretch};
use crate::declaration::{Access, QueryDeclaration};
use crate::kind::{Component, Kind};

type ColumnOf<T> = <<T as Kind>::Store as Store<T>>::Column;
type StretchOf<'s, T> = <ColumnOf<T> as Column<T>>::Stretch<'s>;
type RowsOf<'s, T> = <StretchOf<'s, T> as Stretch<'s, T>>::Rows;
type ItemOf<'s, T> = <StretchOf<'s, T> as Stretch<'s, T>>::Item;

/// Rows of a term that an archetype may lack: as many `None` as it has rows.
#[doc(hidden)]
pub enum Maybe<S> {
    /// The archetype has the component.
    Present(S),
    /// It has not; this many rows are left.
    Absent(usize),
}

impl<I: Iterator> Iterator for Maybe<I> {
    type Item = Option<I::Item>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Present(rows) => rows.next().map(Some),
            Self::Absent(rows) => {
                *rows = rows.checked_sub(1)?;
                Some(None)
            }
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Present(rows) => rows.size_hint(),
            Self::Absent(rows) => (*rows, Some(*rows)),
        }
    }
}

impl<S> Maybe<S> {
    fn split(self, at: usize, split: impl FnOnce(S, usize) -> (S, S)) -> (Self, Self) {
        match self {
            Self::Present(stretch) => {
                let (head, tail) = split(stretch, at);
                (Self::Present(head), Self::Present(tail))
            }
            Self::Absent(rows) => (Self::Absent(at), Self::Absent(rows - at)),
        }
    }

    fn map<T>(self, present: impl FnOnce(S) -> T) -> Maybe<T> {
        match self {
            Self::Present(stretch) => Maybe::Present(present(stretch)),
            Self::Absent(rows) => Maybe::Absent(rows),
        }
    }

    fn present<T>(self, present: impl FnOnce(S) -> T) -> Option<T> {
        match self {
            Self::Present(stretch) => Some(present(stretch)),
            Self::Absent(_) => None,
        }
    }
}

fn take_column<T: Kind>(shard: &mut Shipped) -> Result<Option<Placed<ColumnOf<T>>>, Malformed> {
    let rows = shard.rows();
    let typed = |shipped: Placed<Vec<u8>>| shipped.map(|bytes| T::Store::column(bytes, rows));
    shard.take_column().map(typed).transpose().map_err(|error| error.inside(T::INFO.name))
}

fn require_column<T: Kind>(shard: &mut Shipped) -> Result<Placed<ColumnOf<T>>, Malformed> {
    take_column::<T>(shard)?.ok_or_else(|| Malformed::new("missing column").inside(T::INFO.name))
}

fn read<T: Kind>(column: &Placed<ColumnOf<T>>) -> Result<&[T], Malformed> {
    let rows = column.column.rows();
    rows.map_err(|error| error.inside(T::INFO.name))
}

fn read_mut<T: Kind>(column: &mut Placed<ColumnOf<T>>) -> Result<StretchOf<'_, T>, Malformed> {
    let rows = column.column.rows_mut();
    rows.map_err(|error| error.inside(T::INFO.name))
}

fn store<T: Kind>(column: &Placed<ColumnOf<T>>, write: &mut dyn FnMut(u32, &[u8])) {
    if let Some(bytes) = column.column.changed() {
        write(column.index, &bytes);
    }
}

impl<T: Component> QueryData for &T {
    type ReadOnly = Self;
    type Columns = Placed<ColumnOf<T>>;
    type Stretch<'s> = &'s [T];
    type Raw<'s> = core::slice::Iter<'s, T>;
    type Item<'s> = &'s T;
    type Slices<'s> = &'s [T];

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.term::<T>(Access::Read);
    }

    fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed> {
        require_column::<T>(shard)
    }

    #[inline]
    fn stretch<'s>(columns: &'s mut Self::Columns, _: Frame<'s>) -> Result<&'s [T], Malformed> {
        read::<T>(columns)
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        stretch.split_at(at)
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch.iter()
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch
    }

    fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>) {
        columns.column.name_entities(rows, names);
    }

    fn store(_: &Self::Columns, _: &mut dyn FnMut(u32, &[u8])) {}
}

impl<T: Component> ReadData for &T {
    #[inline]
    fn view<'s>(columns: &'s Self::Columns, _: Frame<'s>) -> Result<&'s [T], Malformed> {
        read::<T>(columns)
    }
}

impl<'t, T: Component> QueryData for &'t mut T {
    type ReadOnly = &'t T;
    type Columns = Placed<ColumnOf<T>>;
    type Stretch<'s> = StretchOf<'s, T>;
    type Raw<'s> = RowsOf<'s, T>;
    type Item<'s> = ItemOf<'s, T>;
    type Slices<'s> = &'s mut [T];

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.term::<T>(Access::Write);
    }

    fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed> {
        require_column::<T>(shard)
    }

    #[inline]
    fn stretch<'s>(
        columns: &'s mut Self::Columns,
        _: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed> {
        read_mut::<T>(columns)
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        stretch.split(at)
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch.rows()
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch.slice()
    }

    fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>) {
        columns.column.name_entities(rows, names);
    }

    fn store(columns: &Self::Columns, write: &mut dyn FnMut(u32, &[u8])) {
        store::<T>(columns, write);
    }
}

impl<T: Component> QueryData for Option<&T> {
    type ReadOnly = Self;
    type Columns = Option<Placed<ColumnOf<T>>>;
    type Stretch<'s> = Maybe<&'s [T]>;
    type Raw<'s> = Maybe<core::slice::Iter<'s, T>>;
    type Item<'s> = Option<&'s T>;
    type Slices<'s> = Option<&'s [T]>;

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.term::<T>(Access::OptionalRead);
    }

    fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed> {
        take_column::<T>(shard)
    }

    #[inline]
    fn stretch<'s>(
        columns: &'s mut Self::Columns,
        frame: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed> {
        Self::view(columns, frame)
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        stretch.split(at, <[T]>::split_at)
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch.map(<[T]>::iter)
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch.present(|rows| rows)
    }

    fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>) {
        if let Some(columns) = columns {
            columns.column.name_entities(rows, names);
        }
    }

    fn store(_: &Self::Columns, _: &mut dyn FnMut(u32, &[u8])) {}
}

impl<T: Component> ReadData for Option<&T> {
    #[inline]
    fn view<'s>(
        columns: &'s Self::Columns,
        frame: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed> {
        match columns {
            Some(columns) => read::<T>(columns).map(Maybe::Present),
            None => Ok(Maybe::Absent(frame.rows)),
        }
    }
}

impl<'t, T: Component> QueryData for Option<&'t mut T> {
    type ReadOnly = Option<&'t T>;
    type Columns = Option<Placed<ColumnOf<T>>>;
    type Stretch<'s> = Maybe<StretchOf<'s, T>>;
    type Raw<'s> = Maybe<RowsOf<'s, T>>;
    type Item<'s> = Option<ItemOf<'s, T>>;
    type Slices<'s> = Option<&'s mut [T]>;

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.term::<T>(Access::OptionalWrite);
    }

    fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed> {
        take_column::<T>(shard)
    }

    #[inline]
    fn stretch<'s>(
        columns: &'s mut Self::Columns,
        frame: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed> {
        match columns {
            Some(columns) => read_mut::<T>(columns).map(Maybe::Present),
            None => Ok(Maybe::Absent(frame.rows)),
        }
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        stretch.split(at, Stretch::split)
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch.map(Stretch::rows)
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch.present(Stretch::slice)
    }

    fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>) {
        <Option<&T>>::name_entities(columns, rows, names);
    }

    fn store(columns: &Self::Columns, write: &mut dyn FnMut(u32, &[u8])) {
        if let Some(columns) = columns {
            store::<T>(columns, write);
        }
    }
}

impl QueryData for Entity {
    type ReadOnly = Self;
    type Columns = ();
    type Stretch<'s> = &'s [Entity];
    type Raw<'s> = core::iter::Copied<core::slice::Iter<'s, Entity>>;
    type Item<'s> = Entity;
    type Slices<'s> = &'s [Entity];

    const ENTITIES: bool = true;

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.entities();
    }

    fn take(_: &mut Shipped) -> Result<(), Malformed> {
        Ok(())
    }

    #[inline]
    fn stretch<'s>(_: &'s mut (), frame: Frame<'s>) -> Result<&'s [Entity], Malformed> {
        Ok(frame.entities)
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        stretch.split_at(at)
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch.iter().copied()
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch
    }

    fn name_entities(_: &(), _: Range<usize>, _: &mut Vec<Entity>) {}

    fn store(_: &(), _: &mut dyn FnMut(u32, &[u8])) {}
}

impl ReadData for Entity {
    #[inline]
    fn view<'s>(_: &'s (), frame: Frame<'s>) -> Result<&'s [Entity], Malformed> {
        Ok(frame.entities)
    }
}

/// In a query: whether the row has a component, as a `bool`. It matches all
/// rows.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Speed { metres: f32 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Tired;
/// #[system]
/// fn slow(mut walkers: Query<(&mut Speed, Has<Tired>)>) {
///     for (speed, is_tired) in &mut walkers {
///         speed.metres = if is_tired { 0.5 } else { 1.0 };
///     }
/// }
/// ```
pub struct Has<T>(PhantomData<fn() -> T>);

impl<T: Component> QueryData for Has<T> {
    type ReadOnly = Self;
    type Columns = bool;
    type Stretch<'s> = RepeatN<bool>;
    type Raw<'s> = RepeatN<bool>;
    type Item<'s> = bool;
    type Slices<'s> = bool;

    fn declare(query: &mut QueryDeclaration<'_, '_>) {
        query.term::<T>(Access::OptionalRead);
    }

    fn take(shard: &mut Shipped) -> Result<bool, Malformed> {
        Ok(shard.take_column().is_some())
    }

    #[inline]
    fn stretch<'s>(columns: &'s mut bool, frame: Frame<'s>) -> Result<RepeatN<bool>, Malformed> {
        Self::view(columns, frame)
    }

    #[inline]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
        let (rows, has) = (stretch.len(), Self::slices(stretch));
        (repeat_n(has, at), repeat_n(has, rows.saturating_sub(at)))
    }

    #[inline]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
        stretch
    }

    #[inline]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
        raw
    }

    #[inline]
    fn slices(mut stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
        stretch.next().unwrap_or_default()
    }

    fn name_entities(_: &bool, _: Range<usize>, _: &mut Vec<Entity>) {}

    fn store(_: &bool, _: &mut dyn FnMut(u32, &[u8])) {}
}

impl<T: Component> ReadData for Has<T> {
    #[inline]
    fn view<'s>(columns: &'s bool, frame: Frame<'s>) -> Result<RepeatN<bool>, Malformed> {
        Ok(repeat_n(*columns, frame.rows))
    }
}
