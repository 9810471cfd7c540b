//! The rows that a system runs over.
//!
//! A [`Query`] borrows the shards of the batch that it was loaded with. Masked
//! rows never show: every way to look at rows goes through the mask.

mod data;
mod filter;
mod flat;
mod mask;
mod rows;
mod shard;
mod shipped;
mod term;
mod tuple;

use std::cell::OnceCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use crate::Entity;
use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::entity_map::EntityMap;
use crate::fault::Fault;
use crate::param::{self, Batch, Param, Slots};

pub use data::{QueryData, ReadData};
pub use filter::{Added, Changed, Or, QueryFilter, With, Without};
pub use flat::FlatData;
pub use rows::{Reading, Rows, Slices, Source, Writing};
pub use shard::Shard;
pub use shipped::Shipped;
pub use term::Has;

/// The rows that match `D` and `F`.
///
/// A system with one query is called for some rows of one archetype at a time,
/// unless it reads events, sets a resource, or says otherwise: see
/// [`system`](macro@crate::system).
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Position { x: f32 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Velocity { x: f32 }
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Frozen;
/// #[system]
/// fn drift(mut bodies: Query<(&mut Position, &Velocity), Without<Frozen>>, tick: Tick) {
///     let dt = tick.dt() as f32;
///     for (position, velocity) in &mut bodies {
///         position.x += velocity.x * dt;
///     }
/// }
/// ```
pub struct Query<'w, D: QueryData, F: QueryFilter = ()> {
    shards: &'w mut [Shard<D::Columns>],
    call: &'w Call,
    index: OnceCell<EntityMap<Place>>,
    filter: PhantomData<fn() -> F>,
}

/// Where in a query's shards a row is.
#[derive(Clone, Copy, Default)]
struct Place {
    shard: u32,
    row: u32,
}

/// What [`Query::iter`] gives of the terms `D`.
pub type Iter<'q, D> = Rows<'q, <D as QueryData>::ReadOnly, Reading<'q, <D as QueryData>::Columns>>;

/// What [`Query::iter_mut`] gives of the terms `D`.
pub type IterMut<'q, D> = Rows<'q, D, Writing<'q, <D as QueryData>::Columns>>;

/// What a row gives where it is only read.
type ReadItem<'q, D> = <<D as QueryData>::ReadOnly as QueryData>::Item<'q>;

impl<D: QueryData, F: QueryFilter> Query<'_, D, F> {
    /// Every row, to read.
    #[inline]
    pub fn iter(&self) -> Iter<'_, D> {
        Rows::read(self.shards, self.call)
    }

    /// Every row, to write.
    #[inline]
    pub fn iter_mut(&mut self) -> IterMut<'_, D> {
        Rows::write(self.shards, self.call)
    }

    /// Contiguous rows at once: a slice for each term.
    ///
    /// There is one item for each shard; several if rows of it do not match.
    #[inline]
    pub fn slices(&self) -> Slices<'_, D::ReadOnly, Reading<'_, D::Columns>> {
        Slices::read(self.shards, self.call)
    }

    /// As [`Query::slices`], to write.
    #[inline]
    pub fn slices_mut(&mut self) -> Slices<'_, D, Writing<'_, D::Columns>> {
        Slices::write(self.shards, self.call)
    }

    /// Contiguous rows at once: a slice of numbers for each term. Loops over
    /// those vectorise.
    ///
    /// ```
    /// # use sandtable_sdk::prelude::*;
    /// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Position { x: f32, y: f32, z: f32 }
    /// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Velocity { x: f32, y: f32, z: f32 }
    /// #[system]
    /// fn drift(mut bodies: Query<(&mut Position, &Velocity)>) {
    ///     for (positions, velocities) in bodies.flat_mut() {
    ///         for (position, velocity) in positions.iter_mut().zip(velocities) {
    ///             *position += velocity;
    ///         }
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn flat_mut<'q>(&'q mut self) -> impl Iterator<Item = D::Flats<'q>>
    where
        D: FlatData,
        D::Columns: 'q,
    {
        self.slices_mut().map(D::flats)
    }

    /// As [`Query::flat_mut`], to read.
    #[inline]
    pub fn flat<'q>(&'q self) -> impl Iterator<Item = <D::ReadOnly as FlatData>::Flats<'q>>
    where
        D: QueryData<ReadOnly: FlatData>,
    {
        self.slices().map(D::ReadOnly::flats)
    }

    /// How many rows match.
    pub fn len(&self) -> usize {
        self.shards.iter().map(Shard::matching).sum()
    }

    /// Whether no row matches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only row.
    ///
    /// # Errors
    ///
    /// No row matches, or several do.
    pub fn single(&self) -> Result<ReadItem<'_, D>, NotSingle> {
        let rows = self.len();
        match self.iter().next() {
            Some(item) if rows == 1 => Ok(item),
            _ => Err(NotSingle { rows }),
        }
    }

    /// The only row, to write.
    ///
    /// # Errors
    ///
    /// As [`Query::single`].
    pub fn single_mut(&mut self) -> Result<D::Item<'_>, NotSingle> {
        let rows = self.len();
        match self.iter_mut().next() {
            Some(item) if rows == 1 => Ok(item),
            _ => Err(NotSingle { rows }),
        }
    }

    /// The row of an entity, if it is among these. The query needs [`Entity`]
    /// among its terms.
    pub fn get(&self, entity: Entity) -> Option<ReadItem<'_, D>> {
        let place = self.place(entity)?;
        let shard = self.shards.get(place.shard as usize)?;
        match shard.open(D::ReadOnly::view) {
            Ok(opened) => row::<D::ReadOnly>(opened.view, place),
            Err(error) => {
                self.call.fault(error);
                None
            }
        }
    }

    /// As [`Query::get`], to write.
    pub fn get_mut(&mut self, entity: Entity) -> Option<D::Item<'_>> {
        let place = self.place(entity)?;
        let shard = self.shards.get_mut(place.shard as usize)?;
        match shard.open_mut(D::stretch) {
            Ok(opened) => row::<D>(opened.view, place),
            Err(error) => {
                self.call.fault(error);
                None
            }
        }
    }

    /// Whether an entity's row is among these. The query needs [`Entity`] among
    /// its terms.
    pub fn contains(&self, entity: Entity) -> bool {
        self.place(entity).is_some()
    }

    fn place(&self, entity: Entity) -> Option<Place> {
        const {
            assert!(D::ENTITIES, "to find rows by entity, a query needs Entity among its terms");
        }
        let index = self.index.get_or_init(|| {
            let mut index = EntityMap::with_capacity(self.len());
            for (shard, rows) in self.shards.iter().enumerate() {
                for (row, entity) in rows.entities().iter().enumerate() {
                    if rows.matches(row) {
                        let place = Place { shard: shard as u32, row: row as u32 };
                        index.insert(*entity, place);
                    }
                }
            }
            index
        });
        index.get(entity)
    }
}

fn row<D: QueryData>(stretch: D::Stretch<'_>, place: Place) -> Option<D::Item<'_>> {
    let (_, rest) = D::split(stretch, place.row as usize);
    D::rows(rest).next().map(D::item)
}

impl<'q, D: QueryData, F: QueryFilter> IntoIterator for &'q Query<'_, D, F> {
    type Item = ReadItem<'q, D>;
    type IntoIter = Iter<'q, D>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'q, D: QueryData, F: QueryFilter> IntoIterator for &'q mut Query<'_, D, F> {
    type Item = D::Item<'q>;
    type IntoIter = IterMut<'q, D>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// A query had no row, or several, where one was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSingle {
    /// How many rows there are.
    pub rows: usize,
}

impl fmt::Display for NotSingle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a single row, found {}", self.rows)
    }
}

impl std::error::Error for NotSingle {}

impl From<NotSingle> for String {
    fn from(error: NotSingle) -> Self {
        error.to_string()
    }
}

/// The shards of a query.
#[doc(hidden)]
pub struct State<C> {
    query: u32,
    shards: Vec<Shard<C>>,
}

impl<D: QueryData, F: QueryFilter> Param for Query<'_, D, F> {
    type State = State<D::Columns>;
    type Item<'w> = Query<'w, D, F>;

    const QUERIES: usize = 1;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.query(|query| {
            D::declare(query);
            let ways = F::ways(query);
            query.only(ways);
        });
    }

    fn open(_: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
        Ok(State { query: param::next(&mut slots.queries), shards: Vec::new() })
    }

    fn load(state: &mut Self::State, batch: &mut Batch, call: &Call) -> Result<(), Fault> {
        state.shards.clear();
        for shipped in batch.extract_if(.., |shard| shard.query() == state.query) {
            state.shards.push(Shard::take::<D>(shipped)?);
        }
        let mut names = call.names.borrow_mut();
        if names.wanted {
            for shard in &state.shards {
                shard.name_entities::<D>(&mut names);
            }
        }
        Ok(())
    }

    fn item<'w>(
        state: &'w mut Self::State,
        window: Range<usize>,
        call: &'w Call,
    ) -> Self::Item<'w> {
        let end = window.end.min(state.shards.len());
        Query {
            shards: &mut state.shards[window.start.min(end)..end],
            call,
            index: OnceCell::new(),
            filter: PhantomData,
        }
    }

    fn store(state: &mut Self::State) {
        state.shards.iter().for_each(Shard::store::<D>);
    }
}
