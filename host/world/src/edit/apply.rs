//! How an edit becomes a change of a world.

use std::collections::BTreeMap;
use std::sync::Arc;

use blake3::Hasher;
use serde_json::{Map, Value as Json};

use super::{Edit, Expectation, Operation};
use crate::ecs::{
    Bytes, Command, Edit as Change, Entity, Kind, KindId, Role, Stamp, Values, World,
    stored_from_json, to_json,
};
use crate::record::{Digest, hex};

/// What an edit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// What it spawned, in order.
    pub spawned: Vec<Entity>,
    /// How many lives it ended, those that went along included.
    pub despawned: u64,
}

impl World {
    /// The world after an edit, and what that did.
    ///
    /// # Errors
    ///
    /// A sentence that says why nothing of it is done: what it expects is not so, or an
    /// operation cannot be done.
    pub fn edited(&self, edit: &Edit, now: Stamp) -> Result<(World, Done), String> {
        for expectation in &edit.expects {
            self.hold(expectation)?;
        }
        let mut editing =
            Editing { world: self.clone(), now, names: BTreeMap::new(), done: Done::default() };
        for (at, operation) in edit.operations.iter().enumerate() {
            let one_of_many = edit.operations.len() > 1;
            editing.apply(operation).map_err(|why| match one_of_many {
                true => format!("operation {} (`{}`): {why}", at + 1, operation.name()),
                false => why,
            })?;
        }
        Ok((editing.world, editing.done))
    }

    /// A digest of all that an entity has: its components, and its edges both ways.
    /// Nothing of one that is not alive.
    pub fn entity_digest(&self, entity: Entity) -> Option<Digest> {
        let (archetype, _) = self.entities.locate(entity)?;
        let mut hasher = Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for id in self.archetype(archetype).kinds() {
            part(self.registry.get(*id).name.as_bytes());
            part(self.component(entity, *id).unwrap_or_default());
        }
        for (id, kind) in self.registry.iter().filter(|(_, kind)| kind.role == Role::Relation) {
            let mut edges = |edges: &mut dyn Iterator<Item = (Entity, &Bytes)>, way: &[u8]| {
                for (other, data) in edges {
                    [kind.name.as_bytes(), way, &other.to_bits().to_le_bytes(), data]
                        .into_iter()
                        .for_each(&mut part);
                }
            };
            edges(&mut self.relations.outgoing(id, entity), b"out");
            edges(&mut self.relations.incoming(id, entity), b"in");
        }
        Some(*hasher.finalize().as_bytes())
    }

    fn hold(&self, expectation: &Expectation) -> Result<(), String> {
        match expectation {
            Expectation::Component { entity, component, value } => {
                let id = find(self, Role::Component, component)?;
                let living = living(self, entity)?;
                let now = self.component(living, id);
                compare(self, id, now, value.as_ref(), &format!("{component} of {entity}"))
            }
            Expectation::Edge { from, relation, to, value } => {
                let id = find(self, Role::Relation, relation)?;
                let (from, to) = (written(from)?, written(to)?);
                let now = self.relations.get(id, from, to).map(|data| &data[..]);
                compare(self, id, now, value.as_ref(), &format!("{relation} from {from} to {to}"))
            }
            Expectation::Resource { resource, value } => {
                let id = find(self, Role::Component, resource)?;
                let now = self.resources.get(&id).map(|value| &value[..]);
                compare(self, id, now, value.as_ref(), resource)
            }
            Expectation::Entity { entity, digest } => {
                let now = self.entity_digest(living(self, entity)?);
                match now.is_some_and(|now| hex(&now) == *digest) {
                    true => Ok(()),
                    false => Err(format!("{entity} has changed since it was looked at")),
                }
            }
        }
    }
}

/// Holds a value against the fields that are expected of it.
fn compare(
    world: &World,
    id: KindId,
    now: Option<&[u8]>,
    expected: Option<&Map<String, Json>>,
    what: &str,
) -> Result<(), String> {
    let kind = world.registry.get(id);
    match (now, expected) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(format!("{what} is not there any more")),
        (Some(now), None) => Err(format!("{what} is there by now: {}", to_json(kind, now))),
        (Some(now), Some(fields)) => {
            let wanted = with(kind, now, fields).map_err(|why| format!("{what}: {why}"))?;
            if wanted[..] == *now {
                return Ok(());
            }
            let now = to_json(kind, now);
            let other = fields.iter().find(|(name, value)| now.get(name) != Some(value));
            Err(match other {
                Some((name, value)) => {
                    let is = now.get(name).unwrap_or(&Json::Null);
                    format!("`{name}` of {what} has changed: it is {is} by now, and not {value}")
                }
                None => format!("{what} has changed: it is {now} by now"),
            })
        }
    }
}

/// A value with some fields replaced.
fn with(kind: &Kind, value: &[u8], fields: &Map<String, Json>) -> Result<Bytes, String> {
    let mut all = to_json(kind, value);
    if let Json::Object(members) = &mut all {
        for (name, value) in fields {
            // A field that there is not is refused with those that there are.
            members.insert(name.clone(), value.clone());
        }
    }
    valued(kind, &all)
}

fn valued(kind: &Kind, json: &Json) -> Result<Bytes, String> {
    stored_from_json(kind, json).map_err(|problem| format!("does not fit {}: {problem}", kind.name))
}

/// A kind by its name.
fn find(world: &World, role: Role, name: &str) -> Result<KindId, String> {
    world.registry.find_as(name, &[role]).ok_or_else(|| {
        let known = world.registry.iter().filter(|(_, kind)| kind.role == role);
        let known: Vec<String> = known.map(|(_, kind)| format!("`{}`", kind.name)).collect();
        let role = role.name();
        match known.is_empty() {
            true => format!("`{name}` is no {role}: no mod declares one"),
            false => format!("`{name}` is no {role}: there is {}", known.join(", ")),
        }
    })
}

fn written(text: &str) -> Result<Entity, String> {
    Entity::parse(text).ok_or_else(|| format!("`{text}` is no entity: write it as 12v3"))
}

fn living(world: &World, text: &str) -> Result<Entity, String> {
    let entity = written(text)?;
    match world.entities.locate(entity) {
        Some(_) => Ok(entity),
        None => Err(format!("entity {entity} is not alive")),
    }
}

/// An edit that is being done.
struct Editing {
    world: World,
    now: Stamp,
    /// What the edit spawned and called so.
    names: BTreeMap<String, Entity>,
    done: Done,
}

impl Editing {
    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Set { entity, component, value } => {
                let (entity, id) = (self.entity(entity)?, self.component(component)?);
                let Some(now) = self.world.component(entity, id) else {
                    return Err(format!("{entity} has no {component}: insert it"));
                };
                let value = with(self.world.registry.get(id), now, value)?;
                self.command(Change::Insert(id), entity, None, Some((id, &value)));
            }
            Operation::Insert { entity, component, value } => {
                let (entity, id) = (self.entity(entity)?, self.component(component)?);
                let value = valued(self.world.registry.get(id), &Json::Object(value.clone()))?;
                self.command(Change::Insert(id), entity, None, Some((id, &value)));
            }
            Operation::Remove { entity, component } => {
                let (entity, id) = (self.entity(entity)?, self.component(component)?);
                if self.world.component(entity, id).is_none() {
                    return Err(format!("{entity} has no {component}"));
                }
                self.command(Change::Remove(id), entity, None, None);
            }
            Operation::Spawn { name, components } => self.spawn(name.as_deref(), components)?,
            Operation::Despawn { entity } => {
                let entity = self.entity(entity)?;
                self.command(Change::Despawn, entity, None, None);
            }
            Operation::Relate { from, relation, to, value } => {
                let id = find(&self.world, Role::Relation, relation)?;
                let (from, to) = (self.entity(from)?, self.entity(to)?);
                let value = valued(self.world.registry.get(id), &Json::Object(value.clone()))?;
                self.command(Change::Relate(id), from, Some(to), Some((id, &value)));
            }
            Operation::Unrelate { from, relation, to } => {
                let id = find(&self.world, Role::Relation, relation)?;
                let (from, to) = (self.entity(from)?, self.entity(to)?);
                if self.world.relations.get(id, from, to).is_none() {
                    return Err(format!("there is no {relation} from {from} to {to}"));
                }
                self.command(Change::Unrelate(id), from, Some(to), None);
            }
            Operation::SetResource { resource, value } => {
                let id = self.component(resource)?;
                let Some(now) = self.world.resources.get(&id) else {
                    return Err(format!("the world has no resource {resource}"));
                };
                let value = with(self.world.registry.get(id), now, value)?;
                Arc::make_mut(&mut self.world.resources).insert(id, value);
            }
        }
        Ok(())
    }

    fn spawn(&mut self, name: Option<&str>, given: &Map<String, Json>) -> Result<(), String> {
        if !self.world.entities.has_room_for(1) {
            return Err("the world has no room for another entity".to_owned());
        }
        let mut columns = Vec::with_capacity(given.len());
        for (component, value) in given {
            let id = self.component(component)?;
            columns.push((id, self.column(id, &valued(self.world.registry.get(id), value)?)));
        }
        columns.sort_by_key(|(id, _)| *id);
        let (kinds, columns) = columns.into_iter().unzip();
        // The first of a call that makes no other.
        let Some(placeholder) = Entity::placeholder(0, 0) else { return Ok(()) };
        let command = Command {
            edit: Change::Spawn(kinds),
            at: vec![0],
            entities: vec![placeholder],
            others: Vec::new(),
            columns,
        };
        let (_, spawned) = self.world.apply(vec![command], self.now);
        let entity = spawned.resolve(placeholder);
        self.done.spawned.push(entity);
        match name {
            Some(name) if Entity::parse(name).is_some() => {
                Err(format!("`{name}` is how entities are written: give another name"))
            }
            Some(name) if self.names.insert(name.to_owned(), entity).is_some() => {
                Err(format!("`{name}` is spawned twice: give each a name of its own"))
            }
            _ => Ok(()),
        }
    }

    fn command(
        &mut self,
        edit: Change,
        entity: Entity,
        other: Option<Entity>,
        value: Option<(KindId, &Bytes)>,
    ) {
        let columns = value.map(|(id, value)| self.column(id, value)).into_iter().collect();
        let others = other.into_iter().collect();
        let command = Command { edit, at: vec![0], entities: vec![entity], others, columns };
        let (applied, _) = self.world.apply(vec![command], self.now);
        self.done.despawned += applied.despawned;
    }

    /// One row.
    fn column(&self, id: KindId, value: &Bytes) -> Values {
        let mut column = Values::new(self.world.registry.get(id), 1);
        column.push(value);
        column
    }

    /// A living entity, by how it is written or by what the edit calls it.
    fn entity(&self, text: &str) -> Result<Entity, String> {
        match self.names.get(text) {
            Some(entity) => living(&self.world, &entity.to_string()),
            None => living(&self.world, text),
        }
    }

    /// A component or resource that is not for the host alone.
    fn component(&self, name: &str) -> Result<KindId, String> {
        let id = find(&self.world, Role::Component, name)?;
        match self.world.registry.get(id).is_settings() {
            true => Err(format!("{name} comes from the world file: change it there")),
            false => Ok(id),
        }
    }
}
