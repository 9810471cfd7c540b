//! A packed component's values as one run of bytes, instead of an object for each entity.

use sandtable::ecs::{self, KindId, Storage, Values, World};
use sandtable::record::Digest;
use serde::Serialize;
use serde_bytes::{ByteBuf, Bytes};

use super::at::shown;
use super::named::of_archetype;
use super::problem::Problem;

/// All values of a packed component at a tick.
pub struct Columns {
    at: String,
    tick: u64,
    kind: String,
    rows: u64,
    /// Bytes of a value.
    size: u64,
    fields: Vec<Field>,
    /// Eight bytes an entity, little-endian, as SQL numbers them.
    entities: ByteBuf,
    /// The values in the order of the entities, one after the other.
    data: ByteBuf,
}

#[derive(Clone, Serialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    /// Where it begins in a value.
    offset: u64,
}

/// As it is sent.
#[derive(Serialize)]
struct Message<'a> {
    at: &'a str,
    tick: u64,
    kind: &'a str,
    rows: u64,
    size: u64,
    fields: &'a [Field],
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<&'a Bytes>,
    data: &'a Bytes,
}

impl Columns {
    /// Checks that a component is packed.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn of_packed(world: &World, id: KindId) -> Result<(), Problem> {
        let kind = world.registry.get(id);
        if kind.storage != Storage::Packed {
            let what =
                format!("names `{}`, which is not packed: ask for it with `entities`", kind.name);
            return Err(Problem::parameter("kind", what));
        }
        Ok(())
    }

    /// Those of a world.
    ///
    /// # Errors
    ///
    /// The component is not packed.
    pub fn of(world: &World, id: KindId, chain: &Digest) -> Result<Self, Problem> {
        Self::of_packed(world, id)?;
        let (mut rows, mut entities, mut data) = (0, Vec::new(), Vec::new());
        for archetype in world.archetypes() {
            let Some(column) = archetype.column(id) else { continue };
            rows += archetype.len() as u64;
            let bits = of_archetype(archetype).flat_map(|it| it.to_bits().to_le_bytes());
            entities.extend(bits);
            if let Values::Packed(values) = &column.values {
                values.pages().iter().for_each(|page| data.extend_from_slice(page));
            }
        }
        let field = |field: &ecs::Field| Field {
            name: field.name.clone(),
            ty: field.ty.to_string(),
            offset: field.offset as u64,
        };
        let kind = world.registry.get(id);
        Ok(Self {
            at: shown(world.tick(), chain),
            tick: world.tick(),
            kind: kind.name.clone(),
            rows,
            size: kind.size as u64,
            fields: kind.fields.iter().map(field).collect(),
            entities: ByteBuf::from(entities),
            data: ByteBuf::from(data),
        })
    }

    /// In MessagePack; whether the entities are in it is the caller's to say.
    pub fn message(&self, with_entities: bool) -> Vec<u8> {
        let Self { at, tick, kind, rows, size, fields, entities, data } = self;
        let entities = with_entities.then(|| Bytes::new(entities));
        let (tick, rows, size, data) = (*tick, *rows, *size, Bytes::new(data));
        let message = Message { at, tick, kind, rows, size, fields, entities, data };
        // Numbers, texts and bytes, for all of which there are words.
        rmp_serde::to_vec_named(&message).unwrap_or_default()
    }

    /// Whether the same entities have the component, in the same order.
    pub fn has_same_entities(&self, other: &Self) -> bool {
        self.entities == other.entities
    }

    /// Whether all values are the same too.
    pub fn is_same(&self, other: &Self) -> bool {
        self.has_same_entities(other) && self.data == other.data
    }
}
