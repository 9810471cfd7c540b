//! Messages between systems, and what happened to entities.

use std::cell::OnceCell;
use std::marker::PhantomData;
use std::ops::Range;

use crate::Entity;
use crate::call::Call;
use crate::codec::{Malformed, Reader};
use crate::declaration::{Reading, SystemDeclaration};
use crate::fault::Fault;
use crate::kind::{Component, Event};
use crate::param::{self, Param, Slots};
use crate::value::Value;

/// What an [`EventReader`] can read: an [`Event`], an
/// [`Input`](trait@crate::Input), [`Despawned`], or [`Removed`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that can be read as events",
    label = "expected an event, an input, Despawned, or Removed<T> of a component T"
)]
pub trait Readable: Sized + 'static {
    /// Declares it.
    #[doc(hidden)]
    fn declare(system: &mut SystemDeclaration<'_>) -> Reading;

    /// Reads one.
    #[doc(hidden)]
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// An entity is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Despawned {
    /// The entity it was.
    pub entity: Entity,
}

/// A component is gone from an entity, perhaps together with the entity.
pub struct Removed<C> {
    /// The entity that had it.
    pub entity: Entity,
    component: PhantomData<fn() -> C>,
}

impl<C> Clone for Removed<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Removed<C> {}

impl<C> core::fmt::Debug for Removed<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Removed").field("entity", &self.entity).finish()
    }
}

impl Readable for Despawned {
    fn declare(_: &mut SystemDeclaration<'_>) -> Reading {
        Reading::Despawned
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let entity = Entity::read(from)?;
        Ok(Self { entity })
    }
}

impl<C: Component> Readable for Removed<C> {
    fn declare(system: &mut SystemDeclaration<'_>) -> Reading {
        Reading::Removed(system.kind::<C>())
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let entity = Entity::read(from)?;
        Ok(Self { entity, component: PhantomData })
    }
}

/// What happened of `E` since the system last ran without a fault, oldest first.
///
/// Events are read from the tick after they were sent. None is lost: a system
/// that runs every 30 ticks reads those of 30 ticks. A system with a reader is
/// called once, also beside a query, so that it handles each event once; see
/// [`system`](macro@crate::system) for how to write many rows on many threads.
///
/// A run that faults has read nothing. The next ones get fewer of the events,
/// oldest first, until one is found at which the system always faults; that one
/// is set aside, and people find it with its cause in `SELECT * FROM set_aside`.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Event, Clone)] struct WarDeclared { by: Entity, on: Entity }
/// #[system]
/// fn report(wars: EventReader<WarDeclared>, gone: EventReader<Despawned>) {
///     for war in &wars {
///         info!("{} attacks {}", war.by, war.on);
///     }
///     info!("{} are gone", gone.len());
/// }
/// ```
pub struct EventReader<'w, E: Readable> {
    events: &'w OnceCell<Vec<E>>,
    reading: u32,
    call: &'w Call,
}

impl<E: Readable> EventReader<'_, E> {
    /// All of them, oldest first.
    pub fn read(&self) -> &[E] {
        self.events.get_or_init(|| {
            let events = self.call.reading(self.reading).and_then(decode);
            events.unwrap_or_else(|fault| {
                self.call.fault(fault);
                Vec::new()
            })
        })
    }

    /// Each of them, oldest first.
    pub fn iter(&self) -> core::slice::Iter<'_, E> {
        self.read().iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }
}

fn decode<E: Readable>(mut from: Reader<'_>) -> Result<Vec<E>, Fault> {
    let length = from.array()?;
    let mut events = Vec::with_capacity(from.at_most(length));
    for number in 0..length {
        let event = E::read(&mut from);
        events.push(event.map_err(|error| error.inside(&format!("event {number}")))?);
    }
    Ok(events)
}

impl<'e, E: Readable> IntoIterator for &'e EventReader<'_, E> {
    type Item = &'e E;
    type IntoIter = core::slice::Iter<'e, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The events of one reading.
#[doc(hidden)]
pub struct ReaderState<E> {
    events: OnceCell<Vec<E>>,
    reading: u32,
}

impl<E: Readable> Param for EventReader<'_, E> {
    type State = ReaderState<E>;
    type Item<'w> = EventReader<'w, E>;

    const READS: bool = true;

    fn declare(system: &mut SystemDeclaration<'_>) {
        let reading = E::declare(system);
        system.reads(reading);
    }

    fn open(_: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
        Ok(ReaderState { events: OnceCell::new(), reading: param::next(&mut slots.reads) })
    }

    fn item<'w>(state: &'w mut Self::State, _: Range<usize>, call: &'w Call) -> Self::Item<'w> {
        EventReader { events: &state.events, reading: state.reading, call }
    }
}

/// Sends events.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Population { people: f64 }
/// # #[derive(Event, Clone)] struct Starved { province: Entity }
/// #[system]
/// fn starve(provinces: Query<(Entity, &Population)>, mut starved: EventWriter<Starved>) {
///     for (province, population) in &provinces {
///         if population.people < 1.0 {
///             starved.send(Starved { province });
///         }
///     }
/// }
/// ```
pub struct EventWriter<'w, E: Event> {
    emitted: u32,
    call: &'w Call,
    event: PhantomData<fn(E)>,
}

impl<E: Event> EventWriter<'_, E> {
    /// Sends one. It is read from the next tick on.
    pub fn send(&mut self, event: E) {
        let at = self.call.cursor.at.get();
        let mut outbox = self.call.outbox.borrow_mut();
        event.write(outbox.start(at, self.emitted));
    }
}

impl<E: Event> Param for EventWriter<'_, E> {
    type State = u32;
    type Item<'w> = EventWriter<'w, E>;

    const SENDS: bool = true;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.emits::<E>();
    }

    fn open(_: &Call, slots: &mut Slots) -> Result<u32, Fault> {
        Ok(param::next(&mut slots.emits))
    }

    fn item<'w>(state: &'w mut u32, _: Range<usize>, call: &'w Call) -> Self::Item<'w> {
        EventWriter { emitted: *state, call, event: PhantomData }
    }
}
