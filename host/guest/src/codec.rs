//! MessagePack as it crosses the boundary: the argument of `run`, headers of
//! shards, commands and events. The layouts are those of `host.wit`.
//!
//! Whatever a guest sends is checked here against its kinds and made canonical.

use std::sync::Arc;

use rmp::encode;

use super::context::{CallContext, ShardRef};
use super::outcome::EmittedEvent;
use super::state::InTick;
use sandtable_world::ecs::{
    Bytes, Command, Edit, Entity, Kind, KindId, Problem, Role, RowMask, Storage, Values, World,
    canonical_packed, canonical_value, check_dynamic_column, check_packed_column, read_array,
    read_bin,
};
use sandtable_world::fault::Fault;
use sandtable_world::reading::{self, Offer};
use sandtable_world::system::System;

// Writing to a vector does not fail, so its results are dropped here.
fn uint(into: &mut Vec<u8>, value: u64) {
    let _ = encode::write_uint(into, value);
}

fn array(into: &mut Vec<u8>, len: usize) {
    let _ = encode::write_array_len(into, len as u32);
}

fn bin(into: &mut Vec<u8>, bytes: &[u8]) {
    let _ = encode::write_bin(into, bytes);
}

fn nil(into: &mut Vec<u8>) {
    let _ = encode::write_nil(into);
}

/// The argument of `run`, with the events that the system is offered.
pub fn argument(
    world: &World,
    system: &System,
    offer: &Offer,
    tick: u64,
    dt_seconds: f64,
    seed: u64,
) -> Vec<u8> {
    let mut into = Vec::with_capacity(64);
    array(&mut into, 7);
    uint(&mut into, tick);
    let _ = encode::write_f64(&mut into, dt_seconds);
    uint(&mut into, seed);
    uint(&mut into, u64::from(system.index));
    uint(&mut into, system.stable_hash());
    array(&mut into, system.resources.len());
    for (kind, _) in &system.resources {
        match (world.resources.get(kind), world.registry.get(*kind).storage) {
            (None, _) => nil(&mut into),
            (Some(value), Storage::Packed) => bin(&mut into, value),
            (Some(value), Storage::Dynamic) => into.extend_from_slice(value),
        }
    }
    array(&mut into, system.reads.len());
    for topic in &system.reads {
        let last = offer.get(topic).copied().unwrap_or(0);
        let unread = || world.events.after(*topic, reading::read(world, system, *topic));
        let events = || unread().take_while(move |event| event.number <= last);
        array(&mut into, events().count());
        for event in events() {
            into.extend_from_slice(&event.payload);
        }
    }
    into
}

/// The header of a shard.
pub fn header(
    context: &CallContext,
    shard: &ShardRef,
    rows: usize,
    columns: &[ColumnEntry],
) -> Vec<u8> {
    let mut into = Vec::with_capacity(48);
    array(&mut into, 9);
    uint(&mut into, context.tick);
    let _ = encode::write_f64(&mut into, context.dt_seconds);
    uint(&mut into, u64::from(context.system.index));
    uint(&mut into, shard.query as u64);
    uint(&mut into, u64::from(shard.archetype.0));
    uint(&mut into, (shard.page * context.world.rows_per_page()) as u64);
    uint(&mut into, rows as u64);
    array(&mut into, columns.len());
    for column in columns {
        array(&mut into, 2);
        match column.term {
            Some(term) => uint(&mut into, term as u64),
            None => nil(&mut into),
        }
        match column.width {
            Some(width) => uint(&mut into, width as u64),
            None => nil(&mut into),
        }
    }
    match &shard.mask {
        RowMask::Some(bits) => bin(&mut into, bits),
        _ => nil(&mut into),
    }
    into
}

/// One entry of a shard's column table.
pub struct ColumnEntry {
    /// The term of the query; nothing for the column of entities.
    pub term: Option<usize>,
    /// Bytes in a row; nothing for a dynamic column.
    pub width: Option<usize>,
}

/// A dynamic column as one MessagePack array.
pub fn dynamic_column(values: &[Bytes]) -> Vec<u8> {
    let bytes: usize = values.iter().map(|value| value.len()).sum();
    let mut into = Vec::with_capacity(bytes + 5);
    array(&mut into, values.len());
    for value in values {
        into.extend_from_slice(value);
    }
    into
}

fn malformed(problem: impl ToString) -> Fault {
    Fault::Malformed(problem.to_string())
}

fn of_kind(kind: &Kind, problem: Problem) -> Fault {
    Fault::Malformed(format!("a value of `{}`: {problem}", kind.name))
}

/// What reads the commands and events of one call.
struct Reader<'a> {
    context: &'a CallContext,
    call: u32,
    spawns: u32,
}

impl Reader<'_> {
    fn kind(&self, from: &mut &[u8], role: Role) -> Result<(KindId, Arc<Kind>), Fault> {
        let index = read_uint(from)? as usize;
        let Some(&id) = self.context.kinds.get(index) else {
            return Err(Fault::Undeclared(format!("a command names kind {index}")));
        };
        let kind = self.context.world.registry.get(id);
        if kind.role != role {
            return Err(Fault::Malformed(format!(
                "a command uses `{}` as a {}, but it is declared as {}",
                kind.name,
                role.name(),
                kind.role.name()
            )));
        }
        if kind.is_settings() {
            return Err(Fault::Undeclared(format!(
                "a command changes `{}`, which only the world file sets",
                kind.name
            )));
        }
        if !self.context.rights.may_write(&kind.name) {
            return Err(Fault::Undeclared(format!(
                "a command changes `{}`, which it was not granted to write",
                kind.name
            )));
        }
        Ok((id, kind.clone()))
    }

    /// An entity that a value names: what this call spawned gets its placeholder.
    fn named(&self, entity: Entity) -> Result<Entity, String> {
        if entity.generation() != Entity::SPAWNED_IN_CALL {
            return Ok(entity);
        }
        let known = (entity.index() < self.spawns).then(|| entity.index());
        known
            .and_then(|number| Entity::placeholder(self.call, number))
            .ok_or_else(|| format!("it names spawn {} of {}", entity.index(), self.spawns))
    }

    /// Entities that commands are for: they must have existed.
    fn targets(&self, from: &mut &[u8], count: usize) -> Result<Vec<Entity>, Fault> {
        words(from, count)?
            .into_iter()
            .map(|bits| {
                let entity = self.named(Entity::from_bits(bits)).map_err(malformed)?;
                let known = entity.generation() == Entity::SPAWNED_IN_CALL
                    || self.context.world.entities.was_issued(entity);
                if known { Ok(entity) } else { Err(Fault::NoSuchEntity(entity)) }
            })
            .collect()
    }

    fn column(&self, kind: &Kind, from: &mut &[u8], count: usize) -> Result<Values, Fault> {
        let mut remap = |entity| self.named(entity);
        let mut values = Values::new(kind, self.context.world.rows_per_page());
        match &mut values {
            Values::Packed(rows) => {
                let bytes = read_bin(from).map_err(|problem| of_kind(kind, problem))?;
                let checked = check_packed_column(kind, count, bytes, &mut remap);
                let checked = checked.map_err(malformed)?;
                if kind.size == 0 { rows.grow(count, &[]) } else { rows.extend(&checked) }
            }
            Values::Dynamic(rows) => {
                let checked = check_dynamic_column(kind, count, from, &[], &mut remap);
                rows.extend(&checked.map_err(malformed)?);
            }
        }
        Ok(values)
    }
}

fn read_uint(from: &mut &[u8]) -> Result<u64, Fault> {
    rmp::decode::read_int(from).map_err(|_| Fault::Malformed("expected a number".to_owned()))
}

fn words(from: &mut &[u8], count: usize) -> Result<Vec<u64>, Fault> {
    let bytes = read_bin(from).map_err(malformed)?;
    let (words, rest) = bytes.as_chunks::<8>();
    if words.len() != count || !rest.is_empty() {
        return Err(Fault::Malformed(format!("{} bytes for {count} entities", bytes.len())));
    }
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

/// Reads what `output.commands` was given.
pub fn commands(state: &mut InTick, runs: &[u8]) -> Result<(), Fault> {
    let context = state.context.clone();
    if !context.system.commands {
        return Err(Fault::Undeclared("it sent commands".to_owned()));
    }
    state.charge(runs.len())?;
    let mut from = runs;
    let count = read_array(&mut from).map_err(malformed)?;
    for _ in 0..count {
        let command = command(state, &context, &mut from)?;
        state.used.commands += command.entities.len() as u64;
        if state.used.commands > context.limits.commands_max {
            return Err(Fault::TooMuch {
                what: "commands",
                limit: "commands_max",
                most: context.limits.commands_max,
            });
        }
        state.outcome.commands.push(command);
    }
    if from.is_empty() { Ok(()) } else { Err(malformed("bytes after the last command")) }
}

fn command(state: &mut InTick, context: &CallContext, from: &mut &[u8]) -> Result<Command, Fault> {
    const LENGTHS: [(usize, &str); 6] = [
        (5, "spawn"),
        (3, "despawn"),
        (5, "insert"),
        (4, "remove"),
        (6, "relate"),
        (5, "unrelate"),
    ];
    let items = read_array(from).map_err(malformed)?;
    let operation = read_uint(from)? as usize;
    let Some(&(expected, name)) = LENGTHS.get(operation) else {
        return Err(Fault::Malformed(format!("operation {operation} does not exist")));
    };
    if items != expected {
        return Err(Fault::Malformed(format!("a {name} has {expected} items, not {items}")));
    }
    let places = read_bin(from).map_err(malformed)?;
    let count = places.len() / 8;
    let (at, rest) = places.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(malformed("the places of commands are no u64 each"));
    }
    let at = at.iter().map(|place| u64::from_le_bytes(*place)).collect();
    let mut reader = Reader { context, call: state.number, spawns: state.used.spawns };
    let mut command = Command {
        edit: Edit::Despawn,
        at,
        entities: Vec::new(),
        others: Vec::new(),
        columns: Vec::new(),
    };
    if operation == 0 {
        if read_uint(from)? != count as u64 {
            return Err(malformed("a spawn has as many places as it spawns"));
        }
        let numbers = state.used.spawns..;
        let placeholders = numbers.map(|number| Entity::placeholder(reader.call, number));
        let placeholders: Option<Vec<Entity>> = placeholders.take(count).collect();
        command.entities = placeholders.ok_or(Fault::TooMuch {
            what: "spawns",
            limit: "commands_max",
            most: u64::from(Entity::SPAWNS_PER_CALL_MAX),
        })?;
        // There is a placeholder for each of them, so that this is no large number.
        state.used.spawns += count as u32;
        reader.spawns = state.used.spawns;
        spawn_columns(&reader, from, count, &mut command)?;
        return Ok(command);
    }
    command.entities = reader.targets(from, count)?;
    if matches!(operation, 4 | 5) {
        command.others = reader.targets(from, count)?;
    }
    let role = if matches!(operation, 4 | 5) { Role::Relation } else { Role::Component };
    if operation == 1 {
        return Ok(command);
    }
    let (id, kind) = reader.kind(from, role)?;
    command.edit = match operation {
        2 => Edit::Insert(id),
        3 => Edit::Remove(id),
        4 => Edit::Relate(id),
        _ => Edit::Unrelate(id),
    };
    if matches!(operation, 2 | 4) {
        command.columns.push(reader.column(&kind, from, count)?);
    }
    Ok(command)
}

/// Reads the kinds and columns of a spawn and puts them in ascending order.
fn spawn_columns(
    reader: &Reader<'_>,
    from: &mut &[u8],
    count: usize,
    command: &mut Command,
) -> Result<(), Fault> {
    let len = read_array(from).map_err(malformed)?;
    let kinds: Vec<(KindId, Arc<Kind>)> =
        (0..len).map(|_| reader.kind(from, Role::Component)).collect::<Result<_, _>>()?;
    if read_array(from).map_err(malformed)? != len {
        return Err(malformed("a spawn has one column for each kind"));
    }
    let mut columns: Vec<(KindId, Values)> = Vec::with_capacity(len);
    for (id, kind) in &kinds {
        let values = reader.column(kind, from, count)?;
        let place = columns.partition_point(|(other, _)| other < id);
        if columns.get(place).is_some_and(|(other, _)| other == id) {
            return Err(Fault::Malformed(format!("a spawn names `{}` twice", kind.name)));
        }
        columns.insert(place, (*id, values));
    }
    let (kinds, columns) = columns.into_iter().unzip();
    command.edit = Edit::Spawn(kinds);
    command.columns = columns;
    Ok(())
}

/// Reads what `output.emit` was given.
pub fn events(state: &mut InTick, events: &[u8]) -> Result<(), Fault> {
    let context = state.context.clone();
    state.charge(events.len())?;
    let mut from = events;
    let count = read_array(&mut from).map_err(malformed)?;
    state.used.events += count as u64;
    if state.used.events > context.limits.events_max {
        return Err(Fault::TooMuch {
            what: "events",
            limit: "events_max",
            most: context.limits.events_max,
        });
    }
    let reader = Reader { context: &context, call: state.number, spawns: state.used.spawns };
    for _ in 0..count {
        if read_array(&mut from).map_err(malformed)? != 3 {
            return Err(malformed("an event has three items"));
        }
        let at = read_uint(&mut from)?;
        let index = read_uint(&mut from)? as usize;
        let Some(&id) = context.system.emits.get(index) else {
            return Err(Fault::Undeclared(format!("it emitted event {index}")));
        };
        let kind = context.world.registry.get(id);
        let mut payload = Vec::new();
        canonical_value(kind, &mut from, &mut payload, &mut |entity| reader.named(entity))
            .map_err(|problem| of_kind(kind, problem))?;
        state.outcome.events.push(EmittedEvent { at, kind: id, payload: payload.into() });
    }
    if from.is_empty() { Ok(()) } else { Err(malformed("bytes after the last event")) }
}

/// Reads one value of a resource.
pub fn resource(kind: &Kind, value: &[u8]) -> Result<Bytes, Fault> {
    let mut remap = |entity: Entity| match entity.generation() {
        Entity::SPAWNED_IN_CALL => Err("it names an entity that this call spawned".to_owned()),
        _ => Ok(entity),
    };
    match kind.storage {
        Storage::Packed => {
            if value.len() != kind.size {
                return Err(Fault::Malformed(format!(
                    "{} bytes for a value of `{}`, which takes {}",
                    value.len(),
                    kind.name,
                    kind.size
                )));
            }
            let mut value = value.to_vec();
            canonical_packed(kind, &mut value, &mut remap)
                .map_err(|problem| of_kind(kind, problem))?;
            Ok(value.into())
        }
        Storage::Dynamic => {
            let mut from = value;
            let mut into = Vec::with_capacity(value.len());
            canonical_value(kind, &mut from, &mut into, &mut remap)
                .map_err(|problem| of_kind(kind, problem))?;
            if from.is_empty() { Ok(into.into()) } else { Err(malformed("bytes after the value")) }
        }
    }
}
