//! The worlds of a server: which there are, more of them, fewer.

use std::fs;
use std::sync::Arc;

use axum::http::StatusCode;
use sandtable::names::is_pack;
use sandtable::pack::{Keys, Pack};
use sandtable::record::hex;
use serde_json::{Map, Value as Json, json};

use super::super::at::shown;
use super::super::problem::{Kind, Problem};
use super::super::question::WorldsQuestion;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::super::worlds::{Listed, Saves, check_name};
use super::host::about;

pub fn list(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let mut columns = Vec::new();
    let rows = question.worlds.list()?;
    let may_see =
        |listed: &&Listed| question.principal.check(Scope::Read, Some(&listed.name)).is_ok();
    // All rows have the same columns.
    let rows = rows.iter().filter(may_see).map(|listed| {
        // Of a closed world it is not known what one sees of it.
        let is_whole = question.principal.sees_all(&listed.name);
        let (names, cells): (Vec<_>, Vec<_>) = row(listed, is_whole).into_iter().unzip();
        columns = names;
        cells
    });
    let rows = rows.collect();
    Ok(Reply::rows(columns, rows).passing())
}

/// Makes a world of a pack.
pub fn create(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let saves = folder(question)?;
    let name = question.parameter("name").unwrap_or_default();
    check_name(name)?;
    let refused = |error: sandtable::pack::Error| Problem::new(Kind::Body, error.to_string());
    let keys = Keys::new(&saves.options().trust).map_err(refused)?;
    let pack = match question.parameter("pack") {
        Some(pack) => {
            let wrong = || {
                let what = format!("is `{pack}`: there is no pack of this name in the folder");
                Problem::parameter("pack", what)
            };
            // The name is compared with those that are there, and leads nowhere else.
            let mut files = fs::read_dir(saves.folder()).map_err(|_| wrong())?.flatten();
            let file = files.find(|file| file.file_name() == pack && is_pack(&file.path()));
            Pack::read(&file.ok_or_else(wrong)?.path(), &keys)
        }
        None if question.body.is_empty() => {
            let what = "is missing: send a pack, or name one that lies in the folder";
            return Err(Problem::parameter("pack", what));
        }
        None => Pack::of_bytes(&saves.folder().join("sent.pack"), &question.body, &keys),
    };
    let Pack { config, mods, .. } = pack.map_err(refused)?;
    saves.create(name, config, mods)?;
    let made = saves.list()?.into_iter().find(|listed| listed.name == name);
    Ok(Reply::object(made.as_ref().map(|made| row(made, true)).unwrap_or_default())
        .status(StatusCode::CREATED))
}

/// Deletes a world with its save.
pub fn delete(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let name = question.places.get("world").map_or("", String::as_str);
    folder(question)?.delete(name)?;
    Ok(Reply::of(json!({ "deleted": name })))
}

fn folder<'a>(question: &WorldsQuestion<'a>) -> Result<&'a Arc<Saves>, Problem> {
    question.worlds.saves().ok_or_else(|| {
        let what =
            "worlds are made and deleted where a folder of saves is served: this is one world";
        Problem::new(Kind::Conflict, what)
    })
}

/// What a list says of a world: of a closed one what its save says of itself. To one who
/// may not see all of it, no hashes and counts are told.
fn row(listed: &Listed, is_whole: bool) -> Map<String, Json> {
    let Listed { name, status, bytes, world, glance, problem } = listed;
    let mut row = match (world, glance) {
        (Some(world), _) => {
            let served = world.served();
            about(served, &served.now().world, is_whole)
        }
        (None, Some(glance)) => members(json!({
            "name": name,
            "tick": glance.tick,
            "saved_tick": glance.tick,
            "at": shown(glance.tick, &glance.chain),
            "state": hex(&glance.state),
            "chain": hex(&glance.chain),
            "entities": null,
        })),
        (None, None) => members(json!({
            "name": name,
            "tick": null,
            "saved_tick": null,
            "at": null,
            "state": null,
            "chain": null,
            "entities": null,
        })),
    };
    if !is_whole {
        for name in ["state", "chain", "entities"] {
            row.insert(name.to_owned(), Json::Null);
        }
    }
    row.extend(members(json!({ "status": status.name(), "bytes": bytes, "problem": problem })));
    row
}

fn members(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}
