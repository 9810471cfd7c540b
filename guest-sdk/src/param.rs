//! What a system's parameter does around the system's function.
//!
//! Its state is opened once a call, loaded with each batch, and closed at the
//! end; the value that the function sees borrows from it.

use std::ops::Range;

use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::query::Shipped;

/// A type that a system may take.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a system can take",
    label = "not a system parameter",
    note = "a system takes Query<..>, Res<T>, ResMut<T>, Option<Res<T>>, Lookup<&T>, Relations<K>, Commands, EventReader<E>, EventWriter<E>, Rng, Tick, Tables and Assets"
)]
pub trait Param {
    /// What lives through the call.
    type State;
    /// What the function sees.
    type Item<'w>;

    /// How many queries it is.
    const QUERIES: usize = 0;
    /// Whether it can only be given once: to set a resource, or to use tables.
    const NEEDS_WORLD: bool = false;
    /// Whether each call is given the same of it, to be handled once: events.
    const READS: bool = false;
    /// Whether what it sends is ordered by the row it is sent for.
    const SENDS: bool = false;

    /// Adds to the system's declaration.
    fn declare(system: &mut SystemDeclaration<'_>);

    /// Starts a call.
    fn open(call: &Call, slots: &mut Slots) -> Result<Self::State, Fault>;

    /// Takes its shards of a batch.
    fn load(state: &mut Self::State, batch: &mut Batch, call: &Call) -> Result<(), Fault> {
        let _ = (state, batch, call);
        Ok(())
    }

    /// What the function sees; of the batch, the shards in `window`.
    fn item<'w>(state: &'w mut Self::State, window: Range<usize>, call: &'w Call)
    -> Self::Item<'w>;

    /// Writes the batch back.
    fn store(state: &mut Self::State) {
        let _ = state;
    }

    /// Ends a call that did not fail.
    fn close(state: Self::State) {
        let _ = state;
    }
}

/// The shards of a batch that no query took yet.
pub type Batch = Vec<Shipped>;

/// How many of each were declared so far.
#[doc(hidden)]
#[derive(Default)]
pub struct Slots {
    pub(crate) queries: u32,
    pub(crate) resources: u32,
    pub(crate) lookups: u32,
    pub(crate) relations: u32,
    pub(crate) reads: u32,
    pub(crate) emits: u32,
}

/// The next number of a count.
pub(crate) fn next(count: &mut u32) -> u32 {
    let number = *count;
    *count += 1;
    number
}

macro_rules! tuples {
    ($($param:ident)*) => {
        impl<$($param: Param),*> Param for ($($param,)*) {
            type State = ($($param::State,)*);
            type Item<'w> = ($($param::Item<'w>,)*);

            const QUERIES: usize = 0 $(+ $param::QUERIES)*;
            const NEEDS_WORLD: bool = false $(|| $param::NEEDS_WORLD)*;
            const READS: bool = false $(|| $param::READS)*;
            const SENDS: bool = false $(|| $param::SENDS)*;

            fn declare(system: &mut SystemDeclaration<'_>) {
                let _ = &system;
                $($param::declare(system);)*
            }

            fn open(call: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
                let _ = (call, &slots);
                Ok(($($param::open(call, slots)?,)*))
            }

            #[allow(non_snake_case, reason = "named as the types")]
            fn load(state: &mut Self::State, batch: &mut Batch, call: &Call) -> Result<(), Fault> {
                let _ = (&batch, call);
                let ($($param,)*) = state;
                $($param::load($param, batch, call)?;)*
                Ok(())
            }

            #[allow(non_snake_case, clippy::unused_unit, reason = "named as the types")]
            fn item<'w>(
                state: &'w mut Self::State,
                window: Range<usize>,
                call: &'w Call,
            ) -> Self::Item<'w> {
                let _ = (&window, call);
                let ($($param,)*) = state;
                ($($param::item($param, window.clone(), call),)*)
            }

            #[allow(non_snake_case, reason = "named as the types")]
            fn store(state: &mut Self::State) {
                let ($($param,)*) = state;
                $($param::store($param);)*
            }

            #[allow(non_snake_case, reason = "named as the types")]
            fn close(state: Self::State) {
                let ($($param,)*) = state;
                $($param::close($param);)*
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
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);
