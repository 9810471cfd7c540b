//! Rows as slices of plain numbers.

use super::data::QueryData;
use super::term::Has;
use crate::Entity;
use crate::kind::Component;
use crate::packed::Flat;

/// A query whose terms are all [`Flat`] components, [`Entity`], or [`Has`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no flat view",
    label = "not flat",
    note = "each term must be Entity, Has<T>, or a packed component whose fields all have the same number type"
)]
pub trait FlatData: QueryData {
    /// What a contiguous stretch of rows gives, a slice of numbers for each
    /// term.
    type Flats<'s>;

    /// The same slices as numbers.
    #[doc(hidden)]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_>;
}

impl<T: Component + Flat> FlatData for &T {
    type Flats<'s> = &'s [T::Scalar];

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        bytemuck::cast_slice(slices)
    }
}

impl<T: Component + Flat> FlatData for &mut T {
    type Flats<'s> = &'s mut [T::Scalar];

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        bytemuck::cast_slice_mut(slices)
    }
}

impl<T: Component + Flat> FlatData for Option<&T> {
    type Flats<'s> = Option<&'s [T::Scalar]>;

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        slices.map(bytemuck::cast_slice)
    }
}

impl<T: Component + Flat> FlatData for Option<&mut T> {
    type Flats<'s> = Option<&'s mut [T::Scalar]>;

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        slices.map(bytemuck::cast_slice_mut)
    }
}

impl FlatData for Entity {
    type Flats<'s> = &'s [Entity];

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        slices
    }
}

impl<T: Component> FlatData for Has<T> {
    type Flats<'s> = bool;

    #[inline]
    fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
        slices
    }
}

macro_rules! tuples {
    ($($term:ident)+) => {
        impl<$($term: FlatData),+> FlatData for ($($term,)+) {
            type Flats<'s> = ($($term::Flats<'s>,)+);

            #[inline]
            #[allow(non_snake_case, reason = "named as the types")]
            fn flats(slices: Self::Slices<'_>) -> Self::Flats<'_> {
                let ($($term,)+) = slices;
                ($($term::flats($term),)+)
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
