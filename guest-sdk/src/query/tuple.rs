//! Tuples of terms.
//!
//! The standard library's `Zip` knows slices: nested zips of them count once
//! for all. So that is what a tuple iterates over, and each row is flattened
//! when it is given out.

use std::iter::Zip;
use std::ops::Range;

use super::data::{Frame, QueryData, ReadData};
use super::shipped::Shipped;
use crate::Entity;
use crate::codec::Malformed;
use crate::declaration::QueryDeclaration;

macro_rules! zip_type {
    ($s:lifetime $last:ident) => { $last::Raw<$s> };
    ($s:lifetime $first:ident $($rest:ident)+) => { Zip<$first::Raw<$s>, zip_type!($s $($rest)+)> };
}

macro_rules! zip {
    ($last:ident) => { $last::rows($last) };
    ($first:ident $($rest:ident)+) => { $first::rows($first).zip(zip!($($rest)+)) };
}

macro_rules! nested {
    ($last:ident) => { $last };
    ($first:ident $($rest:ident)+) => { ($first, nested!($($rest)+)) };
}

macro_rules! tuples {
    ($($term:ident)+) => {
        #[allow(non_snake_case, reason = "named as the types")]
        impl<$($term: QueryData),+> QueryData for ($($term,)+) {
            type ReadOnly = ($($term::ReadOnly,)+);
            type Columns = ($($term::Columns,)+);
            type Stretch<'s> = ($($term::Stretch<'s>,)+);
            type Raw<'s> = zip_type!('s $($term)+);
            type Item<'s> = ($($term::Item<'s>,)+);
            type Slices<'s> = ($($term::Slices<'s>,)+);

            const ENTITIES: bool = $($term::ENTITIES)||+;

            fn declare(query: &mut QueryDeclaration<'_, '_>) {
                $($term::declare(query);)+
            }

            fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed> {
                Ok(($($term::take(shard)?,)+))
            }

            #[inline]
            fn stretch<'s>(
                columns: &'s mut Self::Columns,
                frame: Frame<'s>,
            ) -> Result<Self::Stretch<'s>, Malformed> {
                let ($($term,)+) = columns;
                Ok(($($term::stretch($term, frame)?,)+))
            }

            #[inline]
            fn split(
                stretch: Self::Stretch<'_>,
                at: usize,
            ) -> (Self::Stretch<'_>, Self::Stretch<'_>) {
                let ($($term,)+) = stretch;
                $(let $term = $term::split($term, at);)+
                (($($term.0,)+), ($($term.1,)+))
            }

            #[inline]
            fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_> {
                let ($($term,)+) = stretch;
                zip!($($term)+)
            }

            #[inline]
            fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s> {
                let nested!($($term)+) = raw;
                ($($term::item($term),)+)
            }

            #[inline]
            fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_> {
                let ($($term,)+) = stretch;
                ($($term::slices($term),)+)
            }

            fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>) {
                let ($($term,)+) = columns;
                $($term::name_entities($term, rows.clone(), names);)+
            }

            fn store(columns: &Self::Columns, write: &mut dyn FnMut(u32, &[u8])) {
                let ($($term,)+) = columns;
                $($term::store($term, write);)+
            }
        }

        #[allow(non_snake_case, reason = "named as the types")]
        impl<$($term: ReadData),+> ReadData for ($($term,)+) {
            #[inline]
            fn view<'s>(
                columns: &'s Self::Columns,
                frame: Frame<'s>,
            ) -> Result<Self::Stretch<'s>, Malformed> {
                let ($($term,)+) = columns;
                Ok(($($term::view($term, frame)?,)+))
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
