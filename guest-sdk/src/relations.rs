//! Edges between entities.
//!
//! As with lookups, answers are kept for the whole call, and the host is asked
//! for all rows at hand at once.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::Entity;
use crate::bindings::sandtable::guest::lookups::Direction;
use crate::blocks::Blocks;
use crate::call::Call;
use crate::codec::Malformed;
use crate::column::{Column, Store};
use crate::declaration::SystemDeclaration;
use crate::entity_map::EntityMap;
use crate::fault::Fault;
use crate::kind::{Kind, Relation};
use crate::param::{self, Param, Slots};
use crate::sys;

/// The edges of one kind.
///
/// They are those from before the system started. The first look fetches the
/// edges of every row at hand, if the query has [`Entity`] among its terms.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Length { km: f32 }
/// # #[derive(Relation, Clone, Copy)] #[repr(C)] struct Border { km: f32 }
/// #[system]
/// fn measure(mut provinces: Query<(Entity, &mut Length)>, borders: Relations<Border>) {
///     for (province, length) in &mut provinces {
///         length.km = borders.of(province).map(|(_, border)| border.km).sum();
///     }
/// }
/// ```
pub struct Relations<'w, K: Relation> {
    state: &'w State<K>,
    call: &'w Call,
}

impl<'w, K: Relation> Relations<'w, K> {
    /// The edges from an entity, each with its other end, in ascending order of
    /// that.
    pub fn of(&self, entity: Entity) -> Edges<'w, K> {
        self.edges(entity, Direction::Outgoing)
    }

    /// The edges to an entity, each with its other end, in ascending order of
    /// that.
    pub fn to(&self, entity: Entity) -> Edges<'w, K> {
        self.edges(entity, Direction::Incoming)
    }

    /// The data of one edge.
    pub fn between(&self, from: Entity, to: Entity) -> Option<&'w K> {
        let edges = self.of(from);
        let found = edges.others.binary_search(&to).ok()?;
        edges.data.get(found)
    }

    /// Asks for the edges from and to many entities at once, of which later
    /// looks are then free.
    pub fn fetch(&self, entities: impl IntoIterator<Item = Entity>) {
        let entities: Vec<Entity> = entities.into_iter().collect();
        self.fetch_with(&entities, Direction::Outgoing);
        self.fetch_with(&entities, Direction::Incoming);
    }

    fn edges(&self, entity: Entity, way: Direction) -> Edges<'w, K> {
        self.known(entity, way).unwrap_or_default()
    }

    fn known(&self, entity: Entity, way: Direction) -> Option<Edges<'w, K>> {
        let side = self.state.side(way);
        let known = side.places.borrow().get(entity);
        let place = match known {
            Some(place) => place,
            None if !entity.is_askable() => return None,
            None => {
                self.fetch_with(&[entity], way);
                side.places.borrow().get(entity)?
            }
        };
        let block = side.blocks.get(place.block)?;
        let edges = place.start as usize..place.end as usize;
        Some(Edges {
            others: block.others.get(edges.clone())?,
            data: block.data.rows().ok()?.get(edges)?,
        })
    }

    #[cold]
    fn fetch_with(&self, wanted: &[Entity], way: Direction) {
        let side = self.state.side(way);
        let asked = side.unknown(wanted, self.call);
        if asked.is_empty() {
            return;
        }
        if let Err(error) = side.ask(self.state.relation, way, &asked, self.call) {
            self.call.fault(error.inside(K::INFO.name).inside("relation"));
        }
    }
}

/// Edges of one entity: the other end and the data of each.
pub struct Edges<'w, K> {
    others: &'w [Entity],
    data: &'w [K],
}

impl<K> Default for Edges<'_, K> {
    fn default() -> Self {
        Self { others: &[], data: &[] }
    }
}

impl<'w, K> Iterator for Edges<'w, K> {
    type Item = (Entity, &'w K);

    fn next(&mut self) -> Option<Self::Item> {
        let (other, others) = self.others.split_first()?;
        let (edge, data) = self.data.split_first()?;
        *self = Self { others, data };
        Some((*other, edge))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.others.len(), Some(self.others.len()))
    }
}

impl<K> ExactSizeIterator for Edges<'_, K> {}

/// The answers so far.
#[doc(hidden)]
pub struct State<K: Kind> {
    relation: u32,
    outgoing: Side<K>,
    incoming: Side<K>,
}

/// The answers for one direction.
struct Side<K: Kind> {
    blocks: Blocks<Block<K>>,
    places: RefCell<EntityMap<Place>>,
    /// How many of the rows were asked for.
    rows_seen: Cell<usize>,
}

/// One answer of the host.
struct Block<K: Kind> {
    others: Vec<Entity>,
    data: <K::Store as Store<K>>::Column,
}

/// Where the edges of an entity are.
#[derive(Clone, Copy, Default)]
struct Place {
    block: u32,
    start: u32,
    end: u32,
}

impl<K: Kind> State<K> {
    fn side(&self, way: Direction) -> &Side<K> {
        match way {
            Direction::Outgoing => &self.outgoing,
            Direction::Incoming => &self.incoming,
        }
    }
}

impl<K: Kind> Side<K> {
    /// Those to ask for: the wanted and the rows, without what is known.
    fn unknown(&self, wanted: &[Entity], call: &Call) -> Vec<Entity> {
        let names = call.names.borrow();
        let rows = &names.rows[self.rows_seen.replace(names.rows.len())..];
        let mut places = self.places.borrow_mut();
        let mut unknown = Vec::new();
        for entity in wanted.iter().chain(rows) {
            if entity.is_askable() && !places.contains(*entity) {
                places.insert(*entity, Place::default());
                unknown.push(*entity);
            }
        }
        unknown
    }

    fn ask(
        &self,
        relation: u32,
        way: Direction,
        asked: &[Entity],
        call: &Call,
    ) -> Result<(), Malformed> {
        let edges = sys::related(relation, way, bytemuck::cast_slice(asked));
        if edges.starts.len() != asked.len() + 1 {
            return Err(Malformed::new("the host answered for other entities"));
        }
        let others: Vec<Entity> = edges.others.into_iter().map(Entity::from_bits).collect();
        call.names.borrow_mut().others.extend_from_slice(&others);
        let data = K::Store::values(edges.data, others.len())?;
        let block = self.blocks.push(Block { others, data });
        let mut places = self.places.borrow_mut();
        for (entity, bounds) in asked.iter().zip(edges.starts.windows(2)) {
            let place = Place { block, start: bounds[0], end: bounds[1] };
            places.insert(*entity, place);
        }
        Ok(())
    }
}

impl<K: Kind> Default for Side<K> {
    fn default() -> Self {
        Self { blocks: Blocks::default(), places: RefCell::default(), rows_seen: Cell::new(0) }
    }
}

impl<K: Relation> Param for Relations<'_, K> {
    type State = State<K>;
    type Item<'w> = Relations<'w, K>;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.relation::<K>();
    }

    fn open(call: &Call, slots: &mut Slots) -> Result<Self::State, Fault> {
        call.names.borrow_mut().wanted = true;
        Ok(State {
            relation: param::next(&mut slots.relations),
            outgoing: Side::default(),
            incoming: Side::default(),
        })
    }

    fn item<'w>(state: &'w mut Self::State, _: Range<usize>, call: &'w Call) -> Self::Item<'w> {
        Relations { state, call }
    }
}
