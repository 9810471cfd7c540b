//! Components that are spawned or inserted together.

use std::any::TypeId;

use super::column::Column;
use crate::kind::{Component, Info, Kind};

/// A component, or a tuple of up to twelve of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be neither spawned nor inserted",
    label = "expected a component, or a tuple of up to twelve components",
    note = "a component is a type with `#[derive(Component)]`"
)]
pub trait Bundle: 'static {
    /// Gives each component's kind.
    #[doc(hidden)]
    fn kinds(add: &mut dyn FnMut(TypeId, &'static Info));

    /// Appends each component to the column of its place.
    #[doc(hidden)]
    fn append(self, columns: &mut [Column]);
}

/// Appends a value to the first of `columns`, and gives the rest.
#[inline]
fn append_to<'c, T: Kind>(value: &T, columns: &'c mut [Column]) -> &'c mut [Column] {
    match columns {
        [column, rest @ ..] => {
            column.append(value);
            rest
        }
        [] => &mut [],
    }
}

impl<T: Component> Bundle for T {
    fn kinds(add: &mut dyn FnMut(TypeId, &'static Info)) {
        add(TypeId::of::<T>(), const { &T::INFO });
    }

    #[inline]
    fn append(self, columns: &mut [Column]) {
        append_to(&self, columns);
    }
}

macro_rules! tuples {
    ($($part:ident)*) => {
        impl<$($part: Component),*> Bundle for ($($part,)*) {
            fn kinds(add: &mut dyn FnMut(TypeId, &'static Info)) {
                let _ = &add;
                $($part::kinds(add);)*
            }

            #[inline]
            #[allow(non_snake_case, reason = "named as the types")]
            fn append(self, columns: &mut [Column]) {
                let ($($part,)*) = self;
                let _ = &columns;
                $(let columns = append_to(&$part, columns);)*
                let _ = columns;
            }
        }
    };
}

tuples!();
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
