//! Answers that are made of those of several operations.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Map, Value as Json, json};

use super::super::cursor::Secret;
use super::super::operations::Answer;
use super::super::principal::Principal;
use super::super::problem::{Kind, Problem};
use super::super::question::Carried;
use super::super::worlds::Worlds;
use super::call::{Call, operation};

/// The parts of what a world is made of.
pub const PARTS: [&str; 5] = ["mods", "kinds", "resources", "tables", "questions"];

/// Which worlds there are, in short.
pub fn worlds(
    worlds: &Worlds,
    principal: Principal,
    is_saved: bool,
) -> Result<Map<String, Json>, Problem> {
    let unknown = || Problem::new(Kind::NotFound, "no operation lists worlds");
    let Some(Answer::OfAll(list)) = operation("worlds").map(|it| it.answer) else {
        return Err(unknown());
    };
    let carried = Carried {
        principal,
        trust: None,
        places: BTreeMap::new(),
        given: Vec::new(),
        body: Bytes::new(),
        secret: Secret::default(),
    };
    let rows = list(&carried.of_all(worlds))?.members().remove("rows").unwrap_or_default();
    // Whether a save runs elsewhere is not known.
    let status = (!is_saved).then_some("status");
    let shown: Vec<&str> =
        ["name", "tick", "at", "entities", "problem"].into_iter().chain(status).collect();
    let row = |row: &Json| shown.iter().map(|of| ((*of).to_owned(), row[of].clone())).collect();
    let rows: Vec<Json> = rows.as_array().into_iter().flatten().map(row).collect();
    let mut told = Map::new();
    if let [one] = &rows[..]
        && one["at"].is_string()
    {
        told.insert("at".to_owned(), one["at"].clone());
    }
    told.insert("rows".to_owned(), rows.into());
    Ok(told)
}

/// What a world is made of, in short.
pub fn describe(call: &Call<'_>) -> Result<Map<String, Json>, Problem> {
    let part = call.parameter("part");
    if let Some(other) = part.filter(|part| !PARTS.contains(part)) {
        let parts = PARTS.join(", ");
        return Err(Problem::parameter("part", format!("is `{other}`: give one of {parts}")));
    }
    let at: Vec<(&str, &str)> = call.parameter("at").map(|at| ("at", at)).into_iter().collect();
    let mut told = call.ask("kinds", &at)?;
    told.remove("rows");
    if at.is_empty() && part.is_none() {
        let world = call.ask("world", &[])?;
        let of = ["name", "entities", "relations", "dt_seconds", "suspended"];
        told.extend(of.map(|of| (of.to_owned(), world.get(of).cloned().unwrap_or_default())));
    }
    let name = call.parameter("name").unwrap_or_default();
    let short = |row: &Json, name: &str, many: &str, ty: Option<&str>| {
        let one = |it: &Json| match ty.map(|ty| it[ty].as_str().unwrap_or_default()) {
            None | Some("") => it[name].as_str().unwrap_or_default().to_owned(),
            Some(ty) => format!("{}: {ty}", it[name].as_str().unwrap_or_default()),
        };
        let all = row[many].as_array().into_iter().flatten().map(one);
        Json::from(all.collect::<Vec<_>>().join(", "))
    };
    for of in PARTS.into_iter().filter(|of| part.is_none_or(|part| part == *of)) {
        // Questions are those of now, whatever the tick.
        let at = if of == "questions" { &[][..] } else { &at };
        let rows = match call.ask(of, at) {
            Ok(mut told) => told.remove("rows").unwrap_or_default(),
            // A token may lack the right to SQL.
            Err(problem) if part.is_none() && problem.kind == Kind::Scope => continue,
            Err(problem) => return Err(problem),
        };
        let rows = rows.as_array().into_iter().flatten();
        let key = if of == "mods" { "id" } else { "name" };
        let rows = rows.filter(|row| row[key].as_str().is_some_and(|it| it.contains(name)));
        let row = |row: &Json| match of {
            "mods" => json!({ "id": row["id"], "version": row["version"] }),
            "kinds" => {
                let fields = short(row, "name", "fields", Some("type"));
                json!({ "name": row["name"], "role": row["role"], "fields": fields })
            }
            "tables" => {
                json!({ "name": row["name"], "columns": short(row, "name", "columns", None) })
            }
            "questions" => {
                let parameters = short(row, "name", "parameters", Some("type"));
                json!({ "name": row["name"], "about": row["about"], "parameters": parameters })
            }
            _ => row.clone(),
        };
        told.insert(of.to_owned(), rows.map(row).collect());
    }
    Ok(told)
}
