//! The other imports of `host.wit`: lookups, relations, resources, commands,
//! events, log lines, assets.

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};

use super::bindings::lookups::{Direction, Edges, Found};
use super::bindings::{assets, log, lookups, output, tables, types};
use super::call::CallState;
use super::codec;
use crate::config::Limits;
use crate::ecs::Entity;
use crate::fault::Fault;
use crate::record::LogLevel;
use crate::statements::{Answer, Statements};

pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    lookups::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    output::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    tables::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    assets::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    Ok(())
}

impl types::Host for CallState {}

impl lookups::Host for CallState {
    fn lookup(&mut self, lookup: u32, entities: Vec<u64>) -> wasmtime::Result<Found> {
        let context = self.context()?;
        let Some(&kind) = context.system.lookups.get(lookup as usize) else {
            return Err(Fault::Undeclared(format!("it looked up component {lookup}")).into());
        };
        let mut found = Found { present: Vec::with_capacity(entities.len()), values: Vec::new() };
        for bits in entities {
            let entity = issued(&context.world, bits)?;
            let value = context.world.component(entity, kind);
            found.present.push(u8::from(value.is_some()));
            found.values.extend_from_slice(value.unwrap_or_default());
            fits(found.values.len(), &context.limits)?;
        }
        Ok(found)
    }

    fn related(
        &mut self,
        relation: u32,
        way: Direction,
        entities: Vec<u64>,
    ) -> wasmtime::Result<Edges> {
        let context = self.context()?;
        let Some(&kind) = context.system.relations.get(relation as usize) else {
            return Err(Fault::Undeclared(format!("it read relation {relation}")).into());
        };
        let relations = &context.world.relations;
        let mut edges = Edges { starts: vec![0], others: Vec::new(), data: Vec::new() };
        for bits in entities {
            let entity = issued(&context.world, bits)?;
            let mut add = |(other, data): (Entity, &crate::ecs::Bytes)| {
                edges.others.push(other.to_bits());
                edges.data.extend_from_slice(data);
            };
            match way {
                Direction::Outgoing => relations.outgoing(kind, entity).for_each(&mut add),
                Direction::Incoming => relations.incoming(kind, entity).for_each(&mut add),
            }
            edges.starts.push(edges.others.len() as u32);
            fits(edges.others.len() * 8 + edges.data.len(), &context.limits)?;
        }
        Ok(edges)
    }
}

/// Checks that an answer still fits the guest's memory, before it has filled the
/// host's: asking for one entity over and over is cheap.
fn fits(bytes: usize, limits: &Limits) -> Result<(), Fault> {
    if bytes as u64 > limits.memory_max_bytes {
        return Err(Fault::OutOfMemory(limits.memory_max_bytes));
    }
    Ok(())
}

/// An entity that was issued once; the one that names nobody is, too.
fn issued(world: &crate::ecs::World, bits: u64) -> Result<Entity, Fault> {
    let entity = Entity::from_bits(bits);
    if bits == 0 || world.entities.was_issued(entity) {
        Ok(entity)
    } else {
        Err(Fault::NoSuchEntity(entity))
    }
}

impl output::Host for CallState {
    fn set_resource(&mut self, resource: u32, value: Vec<u8>) -> wasmtime::Result<()> {
        let context = self.context()?;
        let Some(&(kind, true)) = context.system.resources.get(resource as usize) else {
            return Err(Fault::Undeclared(format!("it set resource {resource}")).into());
        };
        self.charge(value.len(), &context.limits)?;
        let value = codec::resource(context.world.registry.get(kind), &value)?;
        self.outcome.resources.push((kind, value));
        Ok(())
    }

    fn commands(&mut self, runs: Vec<u8>) -> wasmtime::Result<()> {
        Ok(codec::commands(self, &runs)?)
    }

    fn emit(&mut self, events: Vec<u8>) -> wasmtime::Result<()> {
        Ok(codec::events(self, &events)?)
    }
}

impl tables::Host for CallState {
    fn query(
        &mut self,
        statement: String,
        parameters: Vec<u8>,
    ) -> wasmtime::Result<Result<tables::Answer, String>> {
        let answer = session(self)?.query(&statement, &parameters)?;
        Ok(answer.map(|Answer { columns, rows }| tables::Answer { columns, rows }))
    }

    fn execute(
        &mut self,
        statement: String,
        rows: Vec<u8>,
    ) -> wasmtime::Result<Result<u64, String>> {
        Ok(session(self)?.execute(&statement, &rows)?)
    }
}

/// The statements of the run, if the system declared that it makes any.
fn session(state: &CallState) -> Result<Arc<dyn Statements>, Fault> {
    let undeclared = || Fault::Undeclared("it used tables".to_owned());
    state.context()?.tables.clone().ok_or_else(undeclared)
}

impl log::Host for CallState {
    fn write(&mut self, severity: log::Level, line: String) -> wasmtime::Result<()> {
        let level = match severity {
            log::Level::Error => LogLevel::Error,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Info => LogLevel::Info,
            log::Level::Debug => LogLevel::Debug,
        };
        self.say(level, &line);
        Ok(())
    }
}

impl assets::Host for CallState {
    fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.assets.keys().cloned().collect())
    }

    fn read(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.assets.get(&name).cloned())
    }
}
