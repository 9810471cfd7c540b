//! What a model gives a world, or would.

use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use sandtable::save::Parcel;
use serde_json::{Map, Value as Json, json};

use super::super::apart::Apart;
use super::super::hand_in::{hand_in, refused};
use super::super::operations::inputs;
use super::super::principal::Principal;
use super::super::problem::{Kind, Problem};
use super::super::question::Carried;
use super::super::rights::Scope;
use super::super::worlds::Lease;
use super::call::{Call, Given};

/// How long a model waits for the tick that reads its input.
const PATIENCE: Duration = Duration::from_secs(5);

/// What would be if: the body of a fork is made of what is given.
pub fn what_if(call: &Call<'_>) -> Result<Map<String, Json>, Problem> {
    let mut body = Map::new();
    for (name, value) in &call.given {
        let json = match name.as_str() {
            "at" => Json::from(value.as_str()),
            name => serde_json::from_str(value).map_err(|_| {
                Problem::parameter(name, "is neither a number nor a list: give one")
            })?,
        };
        body.insert(name.clone(), json);
    }
    call.ask_with("fork", Given::new(), Bytes::from(Json::Object(body).to_string()))
}

/// The input that is given, as a request has it.
fn body(given: &Given) -> Result<(String, Json), Problem> {
    let of = |name: &str| {
        let found = given.iter().find(|(of, _)| of == name).map(|(_, value)| value);
        found.ok_or_else(|| Problem::parameter(name, "is missing: give one"))
    };
    let value: Json = serde_json::from_str(of("value")?)
        .map_err(|_| Problem::parameter("value", "is no object: give the fields of the input"))?;
    Ok((of("input")?.clone(), value))
}

/// Gives a world on the air an input, and waits for the tick that reads it.
///
/// # Errors
///
/// It is refused, or they who send it may not.
pub async fn hand(
    lease: Lease,
    carried: Carried,
    apart: &Apart,
) -> Result<Map<String, Json>, Problem> {
    let (input, value) = body(&carried.given)?;
    let body = Bytes::from(json!({ "input": input, "value": value }).to_string());
    let carried = Carried { body, given: Given::new(), ..carried };
    let question = carried.question("inputs", lease.served())?;
    let (parcel, sees_all) = (inputs(&question, &HeaderMap::new())?, question.sight.is_none());
    let outcome = hand_in(&lease, parcel, Some(PATIENCE)).await?;
    let told = move || {
        let now = lease.served().now().at();
        let mut told = Map::from_iter([("at".to_owned(), Json::from(now))]);
        told.extend(outcome.reply(&lease, Kind::Conflict, sees_all)?.members());
        Ok(told)
    };
    apart.run(told).await
}

/// Puts an input into the inbox of a save that this process does not run.
///
/// # Errors
///
/// It is refused, or they who send it may not.
pub fn leave(
    save: &Path,
    world: &str,
    principal: &Principal,
    given: &Given,
) -> Result<Map<String, Json>, Problem> {
    let (input, value) = body(given)?;
    if principal.check_kind(Scope::Send, world, &input).is_err() {
        let what = format!(
            "`{input}` may not be sent here: start `sandtable mcp` with `--allow send:{input}`"
        );
        return Err(Problem::new(Kind::Scope, what));
    }
    let sender = principal.name();
    let parcel = Parcel { sender, inputs: vec![(input, value)], ..Parcel::default() };
    sandtable::send_parcel(save, &parcel).map_err(|error| refused(&error))?;
    Ok(Map::from_iter([("state".to_owned(), "waits".into()), ("in_save".to_owned(), true.into())]))
}
