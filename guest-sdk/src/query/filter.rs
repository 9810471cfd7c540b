//! Which rows a query gives, beyond those that its terms need.

use std::marker::PhantomData;

use crate::declaration::{Access, QueryDeclaration};
use crate::kind::Component;

/// A condition on rows: one of [`With`], [`Without`], [`Changed`], [`Added`],
/// or a tuple of up to twelve, all of which must hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a query can filter by",
    label = "not a query filter",
    note = "filters are With<T>, Without<T>, Changed<T>, Added<T> of a component T, and tuples of up to twelve of those"
)]
pub trait QueryFilter {
    /// Declares the terms.
    #[doc(hidden)]
    fn declare(query: &mut QueryDeclaration<'_, '_>);
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident $access:ident)*) => {$(
        $(#[$doc])*
        pub struct $name<T>(PhantomData<fn() -> T>);

        impl<T: Component> QueryFilter for $name<T> {
            fn declare(query: &mut QueryDeclaration<'_, '_>) {
                query.term::<T>(Access::$access);
            }
        }
    )*};
}

filters! {
    /// Only rows with the component.
    With Has
    /// Only rows without the component.
    Without Lacks
    /// Only rows whose component has other bytes than when this system last ran
    /// without a fault.
    Changed Changed
    /// Only rows that got the component since this system last ran without a
    /// fault.
    Added Added
}

macro_rules! tuples {
    ($($filter:ident)*) => {
        impl<$($filter: QueryFilter),*> QueryFilter for ($($filter,)*) {
            fn declare(query: &mut QueryDeclaration<'_, '_>) {
                let _ = &query;
                $($filter::declare(query);)*
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
