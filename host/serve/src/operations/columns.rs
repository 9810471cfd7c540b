//! Columns as they are, for renderers and notebooks: one run of bytes instead of an
//! object for each entity.

use sandtable::ecs::{Storage, Values};
use serde::Serialize;
use serde_bytes::ByteBuf;

use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::entities;

/// All values of a component, in MessagePack.
#[derive(Serialize)]
struct Columns {
    at: String,
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

#[derive(Serialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    /// Where it begins in a value.
    offset: u64,
}

pub fn columns(question: &Question<'_>) -> Result<Reply, Problem> {
    let moment = question.moment()?;
    let (world, name) = (&moment.world, question.parameter("kind").unwrap_or_default());
    let id = entities::component(world, "kind", name)?;
    let kind = world.registry.get(id);
    if kind.storage != Storage::Packed {
        let what = format!("names `{name}`, which is not packed: ask for it with `entities`");
        return Err(Problem::parameter("kind", what));
    }
    let (mut rows, mut of, mut data) = (0, Vec::new(), Vec::new());
    for archetype in world.archetypes() {
        let Some(column) = archetype.column(id) else { continue };
        rows += archetype.len() as u64;
        of.extend(entities::of_archetype(archetype).flat_map(|it| it.to_bits().to_le_bytes()));
        if let Values::Packed(values) = &column.values {
            values.pages().iter().for_each(|page| data.extend_from_slice(page));
        }
    }
    let field = |field: &sandtable::ecs::Field| Field {
        name: field.name.clone(),
        ty: field.ty.to_string(),
        offset: field.offset as u64,
    };
    let columns = Columns {
        at: moment.at(),
        kind: kind.name.clone(),
        rows,
        size: kind.size as u64,
        fields: kind.fields.iter().map(field).collect(),
        entities: ByteBuf::from(of),
        data: ByteBuf::from(data),
    };
    // Numbers, texts and bytes, for all of which there are words.
    let packed = rmp_serde::to_vec_named(&columns).unwrap_or_default();
    Ok(Reply::packed(packed).at(moment.at()))
}
