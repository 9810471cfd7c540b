//! What a world knows besides its entities.

use sandtable::ecs::{Kind, Storage, to_json};
use serde_json::{Value as Json, json};

use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;

pub fn kinds(question: &Question<'_>) -> Result<Reply, Problem> {
    let moment = question.moment()?;
    let row = |kind: &Kind| {
        let field = |field: &sandtable::ecs::Field| json!({ "name": field.name, "type": field.ty.to_string() });
        let storage = if kind.storage == Storage::Packed { "packed" } else { "dynamic" };
        vec![
            Json::from(kind.name.as_str()),
            Json::from(kind.role.name()),
            Json::from(storage),
            Json::Array(kind.fields.iter().map(field).collect()),
        ]
    };
    let rows = moment.world.registry.iter().map(|(_, kind)| row(kind)).collect();
    let columns = ["name", "role", "storage", "fields"].map(str::to_owned).into();
    Ok(Reply::rows(columns, rows).with("at", moment.at()).at(moment.at()))
}

pub fn resources(question: &Question<'_>) -> Result<Reply, Problem> {
    let moment = question.moment()?;
    let row = |(id, value): (&sandtable::ecs::KindId, &sandtable::ecs::Bytes)| {
        let kind = moment.world.registry.get(*id);
        vec![Json::from(kind.name.as_str()), to_json(kind, value)]
    };
    let rows = moment.world.resources.iter().map(row).collect();
    let columns = ["name", "value"].map(str::to_owned).into();
    Ok(Reply::rows(columns, rows).with("at", moment.at()).at(moment.at()))
}
