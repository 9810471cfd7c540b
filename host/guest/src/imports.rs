//! What the imports of the contract do, whatever its version.
//!
//! Everything that a guest asks for or hands over is checked here or below, so
//! that no adapter of a version can leave a check out. An adapter only names
//! things as its version does.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmList};

use super::codec;
use super::context::CallContext;
use super::outcome::WrittenColumn;
use super::shards::{self, Shard};
use super::state::{InTick, NoWorld, State};
use sandtable_world::ecs::{Bytes, Entity, World};
use sandtable_world::fault::Fault;
use sandtable_world::statements::{Done, ResultSet, Statements};

/// The answers to a lookup.
pub(super) struct Found {
    /// One byte for each asked entity.
    pub present: Vec<u8>,
    /// The values of those that have the component, one after another.
    pub values: Vec<u8>,
}

/// Which end of the edges the asked entities are.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Outgoing,
    Incoming,
}

/// Edges, grouped by the entity that was asked for.
pub(super) struct Edges {
    /// Where those of each asked entity start, and where the last ones end.
    pub starts: Vec<u32>,
    /// The other end of each edge.
    pub others: Vec<u64>,
    /// The data of each edge, one after another.
    pub data: Vec<u8>,
}

/// What a guest may ask of the world around it and hand over to it.
///
/// Outside of a tick there is no world: each of these is a fault, which is what
/// they do where nothing else is said.
pub(super) trait Imports: Send + 'static {
    /// A column that was written and looked at.
    type Written;

    fn next_batch(&mut self) -> Result<Vec<Shard>, Fault> {
        Err(no_world())
    }

    fn check_column(
        &self,
        _shard: usize,
        _column: usize,
        _bytes: &[u8],
    ) -> Result<Self::Written, Fault> {
        Err(no_world())
    }

    fn keep_column(&mut self, _: Self::Written, _bytes: usize) -> Result<(), Fault> {
        Err(no_world())
    }

    fn lookup(&mut self, _lookup: u32, _entities: &[u64]) -> Result<Found, Fault> {
        Err(no_world())
    }

    fn related(&mut self, _relation: u32, _: Direction, _entities: &[u64]) -> Result<Edges, Fault> {
        Err(no_world())
    }

    fn set_resource(&mut self, _resource: u32, _value: &[u8]) -> Result<(), Fault> {
        Err(no_world())
    }

    fn commands(&mut self, _runs: &[u8]) -> Result<(), Fault> {
        Err(no_world())
    }

    fn emit(&mut self, _events: &[u8]) -> Result<(), Fault> {
        Err(no_world())
    }

    fn query(&mut self, _statement: &str, _parameters: &[u8]) -> Done<ResultSet> {
        Err(no_world().into())
    }

    fn execute(&mut self, _statement: &str, _rows: &[u8]) -> Done<u64> {
        Err(no_world().into())
    }
}

/// Adds `shards` under the name that a version of the contract gives it.
/// What is generated for it would copy every column once more.
pub(super) fn add_shards<W: Imports>(
    linker: &mut Linker<State<W>>,
    name: &str,
) -> wasmtime::Result<()> {
    let mut shards = linker.instance(name)?;
    shards.func_wrap("next", |mut store: StoreContextMut<'_, State<W>>, (): ()| {
        Ok((store.data_mut().world.next_batch()?,))
    })?;
    shards.func_wrap(
        "write",
        |mut store: StoreContextMut<'_, State<W>>,
         (shard, column, values): (u32, u32, WasmList<u8>)| {
            let bytes = values.as_le_slice(&store);
            let world = &store.data().world;
            let written = world.check_column(shard as usize, column as usize, bytes)?;
            let len = bytes.len();
            store.data_mut().world.keep_column(written, len)?;
            Ok(())
        },
    )?;
    Ok(())
}

fn no_world() -> Fault {
    Fault::Undeclared("`describe` asked for the world".to_owned())
}

impl Imports for NoWorld {
    type Written = ();
}

impl Imports for InTick {
    /// Nothing, where its bytes are as they were.
    type Written = Option<WrittenColumn>;

    fn next_batch(&mut self) -> Result<Vec<Shard>, Fault> {
        Ok(shards::next(self))
    }

    fn check_column(
        &self,
        shard: usize,
        column: usize,
        bytes: &[u8],
    ) -> Result<Option<WrittenColumn>, Fault> {
        shards::check(self, shard, column, bytes)
    }

    fn keep_column(&mut self, written: Option<WrittenColumn>, bytes: usize) -> Result<(), Fault> {
        shards::keep(self, written, bytes)
    }

    fn lookup(&mut self, lookup: u32, entities: &[u64]) -> Result<Found, Fault> {
        find(&self.context, lookup, entities)
    }

    fn related(&mut self, relation: u32, way: Direction, entities: &[u64]) -> Result<Edges, Fault> {
        edges(&self.context, relation, way, entities)
    }

    fn set_resource(&mut self, resource: u32, value: &[u8]) -> Result<(), Fault> {
        let context = self.context.clone();
        let Some(&(kind, true)) = context.system.resources.get(resource as usize) else {
            return Err(Fault::Undeclared(format!("it set resource {resource}")));
        };
        self.charge(value.len())?;
        let value = codec::resource(context.world.registry.get(kind), value)?;
        self.outcome.resources.push((kind, value));
        Ok(())
    }

    fn commands(&mut self, runs: &[u8]) -> Result<(), Fault> {
        codec::commands(self, runs)
    }

    fn emit(&mut self, events: &[u8]) -> Result<(), Fault> {
        codec::events(self, events)
    }

    fn query(&mut self, statement: &str, parameters: &[u8]) -> Done<ResultSet> {
        self.session()?.query(statement, parameters)
    }

    fn execute(&mut self, statement: &str, rows: &[u8]) -> Done<u64> {
        self.session()?.execute(statement, rows)
    }
}

impl InTick {
    /// The statements of the run, if the system declared that it makes any.
    fn session(&self) -> Result<Arc<dyn Statements>, Fault> {
        let undeclared = || Fault::Undeclared("it used tables".to_owned());
        self.context.tables.clone().ok_or_else(undeclared)
    }
}

/// The values of a component that entities have, from the snapshot of a call.
pub(super) fn find(context: &CallContext, lookup: u32, entities: &[u64]) -> Result<Found, Fault> {
    let Some(&kind) = context.system.lookups.get(lookup as usize) else {
        return Err(Fault::Undeclared(format!("it looked up component {lookup}")));
    };
    let mut found = Found { present: Vec::with_capacity(entities.len()), values: Vec::new() };
    for bits in entities {
        let entity = issued(&context.world, *bits)?;
        let value = context.world.component(entity, kind);
        found.present.push(u8::from(value.is_some()));
        found.values.extend_from_slice(value.unwrap_or_default());
        fits(found.values.len(), context)?;
    }
    Ok(found)
}

/// The edges that entities have, from the snapshot of a call.
pub(super) fn edges(
    context: &CallContext,
    relation: u32,
    way: Direction,
    entities: &[u64],
) -> Result<Edges, Fault> {
    let Some(&kind) = context.system.relations.get(relation as usize) else {
        return Err(Fault::Undeclared(format!("it read relation {relation}")));
    };
    let relations = &context.world.relations;
    let mut edges = Edges { starts: vec![0], others: Vec::new(), data: Vec::new() };
    for bits in entities {
        let entity = issued(&context.world, *bits)?;
        let mut add = |(other, data): (Entity, &Bytes)| {
            edges.others.push(other.to_bits());
            edges.data.extend_from_slice(data);
        };
        match way {
            Direction::Outgoing => relations.outgoing(kind, entity).for_each(&mut add),
            Direction::Incoming => relations.incoming(kind, entity).for_each(&mut add),
        }
        edges.starts.push(edges.others.len() as u32);
        fits(edges.others.len() * 8 + edges.data.len(), context)?;
    }
    Ok(edges)
}

/// Checks that an answer still fits the guest's memory, before it has filled the
/// host's: asking for one entity over and over is cheap.
fn fits(bytes: usize, context: &CallContext) -> Result<(), Fault> {
    let most = context.limits.memory_max_bytes;
    if bytes as u64 > most { Err(Fault::OutOfMemory(most)) } else { Ok(()) }
}

/// An entity that was issued once. Zero, which names no entity, counts as one.
fn issued(world: &World, bits: u64) -> Result<Entity, Fault> {
    let entity = Entity::from_bits(bits);
    if bits == 0 || world.entities.was_issued(entity) {
        Ok(entity)
    } else {
        Err(Fault::NoSuchEntity(entity))
    }
}
