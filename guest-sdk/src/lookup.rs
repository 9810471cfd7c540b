//! Components of other entities.
//!
//! Answers are kept for the whole call. The host is asked for many entities at
//! once: whenever one is missing, all that the rows and edges at hand name are
//! asked for together with it.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ops::Range;

use crate::Entity;
use crate::blocks::Blocks;
use crate::call::Call;
use crate::codec::Malformed;
use crate::column::{Column, Store};
use crate::declaration::SystemDeclaration;
use crate::entity_map::EntityMap;
use crate::fault::Fault;
use crate::kind::{Component, Kind};
use crate::param::{self, Param, Slots};
use crate::sys;

/// What a [`Lookup`] can look up: `&T` of a component `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be looked up",
    label = "expected `&T` of a component `T`",
    note = "a lookup only reads: write with `&mut T` in a query, or insert a component with Commands"
)]
pub trait LookupData {
    /// The component.
    #[doc(hidden)]
    type Component: Component;
}

impl<T: Component> LookupData for &T {
    type Component = T;
}

/// A component of any entity, such as that of an owner.
///
/// It has the values from before the system started. The first look fetches
/// the component for every entity that the rows at hand name: their own
/// [`Entity`], and the entity fields of the query's packed components.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Owner(Entity);
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Income { gold: f64 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Rate { share: f64 }
/// #[system]
/// fn tax(mut provinces: Query<(&Owner, &mut Income)>, rates: Lookup<&Rate>) {
///     for (owner, income) in &mut provinces {
///         if let Some(rate) = rates.get(owner.0) {
///             income.gold *= 1.0 - rate.share;
///         }
///     }
/// }
/// ```
pub struct Lookup<'w, D: LookupData> {
    state: &'w State<D::Component>,
    call: &'w Call,
    data: PhantomData<fn() -> D>,
}

impl<'w, D: LookupData> Lookup<'w, D> {
    /// The component of an entity; nothing if it has none or is not alive.
    pub fn get(&self, entity: Entity) -> Option<&'w D::Component> {
        let state = self.state;
        let known = state.places.borrow().get(entity);
        let place = match known {
            Some(place) => place,
            None if !entity.is_askable() => return None,
            None => {
                self.fetch_with(&[entity]);
                state.places.borrow().get(entity)?
            }
        };
        let rows = state.blocks.get(place.block)?.rows().ok()?;
        rows.get(place.row as usize)
    }

    /// Whether an entity is alive and has the component.
    pub fn has(&self, entity: Entity) -> bool {
        self.get(entity).is_some()
    }

    /// Asks for many entities at once, of which later looks are then free.
    pub fn fetch(&self, entities: impl IntoIterator<Item = Entity>) {
        let entities: Vec<Entity> = entities.into_iter().collect();
        self.fetch_with(&entities);
    }

    #[cold]
    fn fetch_with(&self, wanted: &[Entity]) {
        let asked = self.state.unknown(wanted, self.call);
        if asked.is_empty() {
            return;
        }
        if let Err(error) = self.state.ask(&asked) {
            let name = <D::Component as Kind>::INFO.name;
            self.call.fault(error.inside(name).inside("lookup"));
        }
    }
}

/// The answers so far.
#[doc(hidden)]
pub struct State<T: Kind> {
    lookup: u32,
    blocks: Blocks<<T::Store as Store<T>>::Column>,
    places: RefCell<EntityMap<Place>>,
    /// How many of the named entities were asked for.
    rows_seen: Cell<usize>,
    others_seen: Cell<usize>,
}

/// Where an answer is.
#[derive(Clone, Copy, Default)]
struct Place {
    block: u32,
    row: u32,
}

/// Where the answer is that there is none.
const ABSENT: Place = Place { block: u32::MAX - 1, row: 0 };

impl<T: Kind> State<T> {
    /// Those to ask for: the wanted and the named, without what is known.
    fn unknown(&self, wanted: &[Entity], call: &Call) -> Vec<Entity> {
        let names = call.names.borrow();
        let rows = &names.rows[self.rows_seen.replace(names.rows.len())..];
        let others = &names.others[self.others_seen.replace(names.others.len())..];
        let mut places = self.places.borrow_mut();
        let mut unknown = Vec::new();
        for entity in wanted.iter().chain(rows).chain(others) {
            if entity.is_askable() && !places.contains(*entity) {
                places.insert(*entity, ABSENT);
                unknown.push(*entity);
            }
        }
        unknown
    }

    fn ask(&self, asked: &[Entity]) -> Result<(), Malformed> {
        let found = sys::lookup(self.lookup, bytemuck::cast_slice(asked));
        if found.present.len() != asked.len() {
            return Err(Malformed::new("the host answered for other entities"));
        }
        let present = found.present.iter().filter(|there| **there != 0).count();
        let column = T::Store::values(found.values, present)?;
        let block = self.blocks.push(column);
        let mut places = self.places.borrow_mut();
        let there = asked.iter().zip(&found.present);
        let there = there.filter(|(_, there)| **there != 0);
        for (row, (entity, _)) in there.enumerate() {
            let row = row as u32;
            places.insert(*entity, Place { block, row });
        }
        Ok(())
    }
}

impl<D: LookupData> Param for Lookup<'_, D> {
    type State = State<D::Component>;
    type Item<'w> = Lookup<'w, D>;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.lookup::<D::Component>();
    }

    fn open(call: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
        call.names.borrow_mut().wanted = true;
        Ok(State {
            lookup: param::next(&mut slots.lookups),
            blocks: Blocks::default(),
            places: RefCell::default(),
            rows_seen: Cell::new(0),
            others_seen: Cell::new(0),
        })
    }

    fn item<'w>(state: &'w mut Self::State, _: Range<usize>, call: &'w Call) -> Self::Item<'w> {
        Lookup { state, call, data: PhantomData }
    }
}
