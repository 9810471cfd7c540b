//! A system: a function, when it runs, and how it is driven through a call.
//!
//! [`drive`] is the one loop: it asks for batches, runs the function once for
//! each shard, archetype or world, and writes every batch back before it asks
//! for the next.

use std::fmt::Display;
use std::ops::Range;

use crate::call::Call;
use crate::declaration::{Schedule, Span, SystemDeclaration};
use crate::fault::Fault;
use crate::param::{Batch, Param, Slots};
use crate::query::Shipped;
use crate::sys;

/// A function with `#[system]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a system",
    label = "expected a function with `#[system]`"
)]
pub trait System {
    /// The function's name, by which the mod knows it.
    const NAME: &'static str;

    /// When it runs.
    #[doc(hidden)]
    const SCHEDULE: Schedule;

    /// Shows its parameters and its function, to declare or to run it.
    #[doc(hidden)]
    fn show<V: Viewer>(viewer: V) -> V::Seen;
}

/// Who looks at a system.
///
/// Systems name their parameters once, here, so that a mistake in one is
/// reported once.
#[doc(hidden)]
pub trait Viewer {
    /// What comes of it.
    type Seen;

    /// Looks at a system with these parameters.
    fn see<S: System, P: Param, R: Outcome>(
        self,
        system: impl for<'w> FnMut(P::Item<'w>) -> R,
    ) -> Self::Seen;
}

/// What a system may return.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a system returns nothing or a `Result<(), E>` whose error can be displayed",
    label = "not a system's result"
)]
pub trait Outcome {
    /// The fault, if it is one.
    fn into_result(self) -> Result<(), Fault>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(|error| Fault::new(error.to_string()))
    }
}

/// The span of a system that asked for one or none, given what its parameters
/// need. Runs while compiling.
///
/// A system that reads events is called once, because every call is given
/// the same ones; it must ask to be called for parts of the world, and can
/// then send nothing.
const fn span<P: Param>(asked: Option<Span>) -> Span {
    let whole = P::QUERIES != 1 || P::NEEDS_WORLD;
    match asked {
        None if P::QUERIES > 1 => {
            panic!("a system with several queries must say #[system(whole = \"world\")]")
        }
        Some(Span::Shard | Span::Archetype) if whole => {
            panic!("this system must say #[system(whole = \"world\")], or nothing")
        }
        Some(Span::Shard | Span::Archetype) if P::READS && P::SENDS => {
            panic!(
                "this system reads events and sends, so it must say \
                 #[system(whole = \"world\")], or nothing"
            )
        }
        _ if whole => Span::Everything,
        None if P::READS => Span::Everything,
        None => Span::Shard,
        Some(span) => span,
    }
}

/// Declares a system.
pub(crate) fn declare<S: System>(system: &mut SystemDeclaration<'_>) {
    struct Declare<'d, 'k>(&'d mut SystemDeclaration<'k>);

    impl Viewer for Declare<'_, '_> {
        type Seen = ();

        fn see<S: System, P: Param, R: Outcome>(self, _: impl for<'w> FnMut(P::Item<'w>) -> R) {
            let span = const { span::<P>(S::SCHEDULE.span) };
            self.0.schedule(S::NAME, &S::SCHEDULE, span);
            P::declare(self.0);
        }
    }

    S::show(Declare(system));
}

/// Runs a system through a call.
pub(crate) fn run<S: System>(call: &Call) -> Result<(), Fault> {
    struct Run<'c>(&'c Call);

    impl Viewer for Run<'_> {
        type Seen = Result<(), Fault>;

        fn see<S: System, P: Param, R: Outcome>(
            self,
            system: impl for<'w> FnMut(P::Item<'w>) -> R,
        ) -> Result<(), Fault> {
            drive::<P, R>(self.0, const { span::<P>(S::SCHEDULE.span) }, system)
        }
    }

    S::show(Run(call))
}

fn drive<P: Param, R: Outcome>(
    call: &Call,
    span: Span,
    mut system: impl for<'w> FnMut(P::Item<'w>) -> R,
) -> Result<(), Fault> {
    let mut batch = match P::QUERIES {
        0 => Batch::new(),
        _ => next_batch()?,
    };
    if batch.is_empty() && !matches!(span, Span::Everything) {
        return Ok(());
    }
    let tracked = P::SENDS && matches!(span, Span::Shard);
    call.cursor.tracked.set(tracked);
    let mut state = P::open(call, &mut Slots::default())?;
    loop {
        let places: Vec<u64> = batch.iter().map(Shipped::at).collect();
        P::load(&mut state, &mut batch, call)?;
        let mut run = |window: Range<usize>, at: u64| {
            call.cursor.at.set(at);
            let result = system(P::item(&mut state, window, call)).into_result();
            call.take_fault().map_or(result, Err)
        };
        match span {
            Span::Shard => {
                for (shard, at) in places.iter().enumerate() {
                    run(shard..shard + 1, *at)?;
                }
            }
            Span::Archetype => {
                let archetype = places.first().map_or(0, |at| at & !u64::from(u32::MAX));
                run(0..places.len(), archetype)?;
            }
            Span::Everything => run(0..usize::MAX, 0)?,
        }
        P::store(&mut state);
        batch = match span {
            Span::Everything => Batch::new(),
            Span::Shard | Span::Archetype => {
                // Frees the rows first, so that the next ones take their place: every
                // page of memory that a call touches must be zeroed after it.
                P::load(&mut state, &mut batch, call)?;
                next_batch()?
            }
        };
        if batch.is_empty() {
            break;
        }
    }
    P::close(state);
    call.flush();
    Ok(())
}

fn next_batch() -> Result<Batch, Fault> {
    let mut batch = Batch::new();
    for (place, shard) in sys::next().into_iter().enumerate() {
        batch.push(Shipped::read(place as u32, shard)?);
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[derive(Component, Clone, Copy, Default)]
    #[repr(C)]
    struct Gold(f64);

    type Rows = Query<'static, &'static Gold>;
    type Gone = EventReader<'static, Despawned>;

    #[test]
    fn a_system_is_called_for_parts_of_the_world_where_nothing_needs_all_of_it() {
        assert_eq!(span::<(Rows, Commands<'static>)>(None), Span::Shard);
        assert_eq!(span::<(Rows, Gone)>(None), Span::Everything);
        assert_eq!(span::<(Rows, ResMut<'static, Gold>)>(None), Span::Everything);
        assert_eq!(span::<(Gone, Commands<'static>)>(None), Span::Everything);
        assert_eq!(span::<(Rows, Gone)>(Some(Span::Shard)), Span::Shard);
        let all = span::<(Rows, Gone, Commands<'static>)>(Some(Span::Everything));
        assert_eq!(all, Span::Everything);
    }

    #[test]
    #[should_panic(expected = "reads events and sends")]
    fn what_answers_events_is_not_called_for_parts() {
        span::<(Gone, Rows, Commands<'static>)>(Some(Span::Archetype));
    }

    #[test]
    #[should_panic(expected = "must say #[system(whole = \"world\")], or nothing")]
    fn what_sets_a_resource_is_not_called_for_parts() {
        span::<(Rows, ResMut<'static, Gold>)>(Some(Span::Shard));
    }
}
