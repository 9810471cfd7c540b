//! Which rows a query gives, beyond those that its terms need.

use std::marker::PhantomData;

use crate::declaration::{Access, QueryDeclaration, Term};
use crate::kind::Component;

/// A condition on rows: one of [`With`], [`Without`], [`Changed`], [`Added`],
/// [`Or`], or a tuple of up to twelve, all of which must hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a query can filter by",
    label = "not a query filter",
    note = "filters are With<T>, Without<T>, Changed<T>, Added<T> of a component T, Or<(..)> of filters, and tuples of up to twelve of those"
)]
pub trait QueryFilter {
    /// What a row must be for it to hold: all terms of one of these.
    #[doc(hidden)]
    fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>>;
}

/// Filters of which one suffices.
#[diagnostic::on_unimplemented(
    message = "`Or` takes a tuple of filters, and `{Self}` is none",
    label = "not a tuple of filters",
    note = "as in Or<(With<A>, Changed<B>)>: up to twelve of With<T>, Without<T>, Changed<T>, Added<T>, Or<(..)>, and tuples, all parts of which hold together"
)]
#[doc(hidden)]
pub trait Alternatives {
    /// As [`QueryFilter::ways`].
    fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>>;
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident $access:ident)*) => {$(
        $(#[$doc])*
        pub struct $name<T>(PhantomData<fn() -> T>);

        impl<T: Component> QueryFilter for $name<T> {
            fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>> {
                vec![vec![query.filter::<T>(Access::$access)]]
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

/// Only rows for which one of several filters holds, or more of them: a tuple of up
/// to twelve. A tuple among them is one alternative, all parts of which hold
/// together.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Price { gold: f64 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Stock { tons: f64 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Besieged;
/// #[system]
/// fn reprice(mut towns: Query<(&mut Price, &Stock), Or<(Changed<Stock>, With<Besieged>)>>) {
///     for (price, stock) in &mut towns {
///         price.gold = 100.0 / (1.0 + stock.tons);
///     }
/// }
/// ```
pub struct Or<F>(PhantomData<fn() -> F>);

impl<F: Alternatives> QueryFilter for Or<F> {
    fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>> {
        F::ways(query)
    }
}

/// All ways in which a way of one and a way of another hold together.
fn both(one: Vec<Vec<Term>>, two: Vec<Vec<Term>>) -> Vec<Vec<Term>> {
    one.iter().flat_map(|one| two.iter().map(|two| [&one[..], two].concat())).collect()
}

macro_rules! tuples {
    ($($filter:ident)*) => {
        impl<$($filter: QueryFilter),*> QueryFilter for ($($filter,)*) {
            fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>> {
                let _ = &query;
                let ways = vec![Vec::new()];
                $(let ways = both(ways, $filter::ways(query));)*
                ways
            }
        }
    };
}

macro_rules! alternatives {
    ($($filter:ident)+) => {
        impl<$($filter: QueryFilter),+> Alternatives for ($($filter,)+) {
            fn ways(query: &mut QueryDeclaration<'_, '_>) -> Vec<Vec<Term>> {
                [$($filter::ways(query)),+].concat()
            }
        }
    };
}

macro_rules! tuples_and_alternatives {
    ($($filter:ident)+) => {
        tuples!($($filter)+);
        alternatives!($($filter)+);
    };
}

tuples!();
tuples_and_alternatives!(A);
tuples_and_alternatives!(A B);
tuples_and_alternatives!(A B C);
tuples_and_alternatives!(A B C D);
tuples_and_alternatives!(A B C D E);
tuples_and_alternatives!(A B C D E F);
tuples_and_alternatives!(A B C D E F G);
tuples_and_alternatives!(A B C D E F G H);
tuples_and_alternatives!(A B C D E F G H I);
tuples_and_alternatives!(A B C D E F G H I J);
tuples_and_alternatives!(A B C D E F G H I J K);
tuples_and_alternatives!(A B C D E F G H I J K L);
