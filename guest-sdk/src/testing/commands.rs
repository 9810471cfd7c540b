//! Commands, decoded again.

use crate::Entity;
use crate::codec::{Malformed, Reader};
use crate::column::{Column, Store};
use crate::kind::{Kind, Storage};
use crate::kinds::Kinds;

/// One structural change.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The row that it was sent for: archetype in the high 32 bits, row in the
    /// low 32.
    pub at: u64,
    /// What changes.
    pub action: Action,
}

/// What a command changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A new entity, with these components.
    Spawn(Entity, Vec<Data>),
    /// An entity goes.
    Despawn(Entity),
    /// An entity gets a component.
    Insert(Entity, Data),
    /// An entity loses the component of this name.
    Remove(Entity, String),
    /// An edge is drawn.
    Relate(Entity, Entity, Data),
    /// The edge of this name goes.
    Unrelate(Entity, Entity, String),
}

/// A value of some kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The kind's name.
    pub name: String,
    /// A packed row, or MessagePack.
    bytes: Vec<u8>,
}

impl Data {
    /// The value; nothing if it is of another kind.
    pub fn get<K: Kind + Clone>(&self) -> Option<K> {
        let (_, name) = self.name.rsplit_once('/')?;
        if name != K::INFO.name {
            return None;
        }
        let column = K::Store::values(self.bytes.clone(), 1).ok()?;
        column.rows().ok()?.first().cloned()
    }
}

impl Command {
    /// Whether it despawns this entity.
    pub fn despawns(&self, entity: Entity) -> bool {
        self.action == Action::Despawn(entity)
    }
}

/// The commands of a call, from what it sent.
pub(super) fn read(sent: &[Vec<u8>], kinds: &Kinds) -> Result<Vec<Command>, Malformed> {
    let mut decoder = Decoder { kinds, spawned: 0 };
    let mut commands = Vec::new();
    for runs in sent {
        decoder.runs(&mut Reader::new(runs), &mut commands)?;
    }
    Ok(commands)
}

struct Decoder<'k> {
    kinds: &'k Kinds,
    /// How many entities were spawned so far.
    spawned: u32,
}

impl Decoder<'_> {
    fn runs(
        &mut self,
        from: &mut Reader<'_>,
        commands: &mut Vec<Command>,
    ) -> Result<(), Malformed> {
        for _ in 0..from.array()? {
            from.array()?;
            let operation = from.uint()?;
            let at: Vec<u64> = bytemuck::pod_collect_to_vec(from.bin()?);
            let actions = self.run(operation, from)?;
            let run = at.into_iter().zip(actions);
            commands.extend(run.map(|(at, action)| Command { at, action }));
        }
        Ok(())
    }

    fn run(&mut self, operation: u64, from: &mut Reader<'_>) -> Result<Vec<Action>, Malformed> {
        if operation == 0 {
            return self.spawns(from);
        }
        let entities = read_entities(from)?.into_iter();
        Ok(match operation {
            1 => entities.map(Action::Despawn).collect(),
            2 => {
                let data = self.data(from, entities.len())?;
                let inserts = entities.zip(data);
                inserts.map(|(to, data)| Action::Insert(to, data)).collect()
            }
            3 => {
                let name = self.kind(from)?;
                entities.map(|entity| Action::Remove(entity, name.clone())).collect()
            }
            4 => {
                let to = read_entities(from)?;
                let data = self.data(from, to.len())?;
                let edges = entities.zip(to).zip(data);
                edges.map(|((from, to), data)| Action::Relate(from, to, data)).collect()
            }
            _ => {
                let to = read_entities(from)?;
                let name = self.kind(from)?;
                let edges = entities.zip(to);
                edges.map(|(from, to)| Action::Unrelate(from, to, name.clone())).collect()
            }
        })
    }

    fn spawns(&mut self, from: &mut Reader<'_>) -> Result<Vec<Action>, Malformed> {
        let count = from.uint()? as usize;
        let mut kinds = Vec::new();
        for _ in 0..from.array()? {
            kinds.push(from.uint()? as u32);
        }
        let mut spawned = vec![Vec::new(); count];
        from.array()?;
        for kind in kinds {
            let column = self.column(from, kind, count)?;
            for (components, data) in spawned.iter_mut().zip(column) {
                components.push(data);
            }
        }
        let names = (self.spawned..).map(Entity::preliminary);
        self.spawned += count as u32;
        let spawned = names.zip(spawned);
        Ok(spawned.map(|(entity, components)| Action::Spawn(entity, components)).collect())
    }

    fn data(&self, from: &mut Reader<'_>, count: usize) -> Result<Vec<Data>, Malformed> {
        let kind = from.uint()? as u32;
        self.column(from, kind, count)
    }

    fn kind(&self, from: &mut Reader<'_>) -> Result<String, Malformed> {
        let kind = from.uint()? as u32;
        Ok(self.kinds.name(self.kinds.info(kind)))
    }

    fn column(
        &self,
        from: &mut Reader<'_>,
        kind: u32,
        count: usize,
    ) -> Result<Vec<Data>, Malformed> {
        let info = self.kinds.info(kind);
        let mut values = Vec::new();
        match info.storage {
            Storage::Packed => {
                let rows = from.bin()?;
                let row = |n: usize| rows[n * info.size..(n + 1) * info.size].to_vec();
                values.extend((0..count).map(row));
            }
            Storage::Dynamic => {
                from.array_of(count)?;
                for _ in 0..count {
                    values.push(from.skip()?.to_vec());
                }
            }
        }
        let name = self.kinds.name(info);
        let data = |bytes| Data { name: name.clone(), bytes };
        Ok(values.into_iter().map(data).collect())
    }
}

fn read_entities(from: &mut Reader<'_>) -> Result<Vec<Entity>, Malformed> {
    Ok(bytemuck::pod_collect_to_vec(from.bin()?))
}
