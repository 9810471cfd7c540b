//! What is sent to a world: inputs and edits, read from the body of a request.

use axum::http::HeaderMap;
use sandtable::ecs::Entity;
use sandtable::edit::{Edit, EditPlace, Expectation};
use sandtable::record::{RequestKey, hex};
use sandtable::save::Parcel;
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::named::entity_of;
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::rights::Scope;
use super::{entities, run};

/// Inputs of a request at most, where they do not come line by line.
const INPUTS_MAX: usize = 10_000;
/// Bytes of a key at most.
const KEY_MAX: usize = 200;

/// An input as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its full name.
    pub input: String,
    /// Its fields.
    #[serde(default)]
    pub value: Json,
}

/// What a request of inputs sends: an object, or an array of them.
///
/// # Errors
///
/// The body is none, or the token does not allow one of the inputs.
pub fn inputs(question: &Question<'_>, headers: &HeaderMap) -> Result<Parcel, Problem> {
    let json: Json = read(&question.body)?;
    let list = match json {
        Json::Array(list) => list,
        one => vec![one],
    };
    if list.is_empty() || list.len() > INPUTS_MAX {
        let what = format!(
            "the body has {} inputs: send 1 to {INPUTS_MAX}, or lines of JSON as \
             application/x-ndjson",
            list.len()
        );
        return Err(Problem::new(Kind::Body, what));
    }
    let read = |(at, json): (usize, Json)| one(json).map_err(|why| wrong(at + 1, "input", &why));
    let inputs: Vec<Sent> = list.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let inputs = allowed(question, inputs)?;
    let key = key(headers, &question.body)?;
    Ok(Parcel { sender: question.principal.name(), key, inputs, edits: Vec::new() })
}

/// One input.
pub fn one(json: Json) -> Result<Sent, String> {
    Sent::deserialize(json).map_err(|error| error.to_string())
}

/// Inputs that the token allows.
///
/// # Errors
///
/// It does not allow one of them.
pub fn allowed(question: &Question<'_>, inputs: Vec<Sent>) -> Result<Vec<(String, Json)>, Problem> {
    let world = question.place("world");
    let pair = |Sent { input, value }: Sent| {
        question.principal.check_kind(Scope::Send, world, &input)?;
        Ok((input, if value.is_null() { Json::Object(Default::default()) } else { value }))
    };
    inputs.into_iter().map(pair).collect()
}

fn wrong(at: usize, what: &str, why: &str) -> Problem {
    Problem::new(
        Kind::Body,
        format!(
            "{what} {at} is none: {why}; send {{\"input\": \"economy/TaxDecree\", \"value\": {{…}}}}"
        ),
    )
}

/// What a request of an edit sends. With `If-Match`, an entity must be what it was when
/// that was answered.
///
/// # Errors
///
/// The body is none, or the entity is another by now.
pub fn edit(question: &Question<'_>, headers: &HeaderMap) -> Result<Parcel, Problem> {
    let json: Json = read(&question.body)?;
    let mut edit = Edit::parse(&json).map_err(|why| Problem::new(Kind::Body, why))?;
    let now = question.served.now();
    let labels = question.served.labels(&now.world);
    edit.name_by(&mut |text| {
        entity_of(&now.world, text, &labels).map(|it| it.to_string()).map_err(|it| it.detail)
    })
    .map_err(|why| Problem::new(Kind::NotFound, why))?;
    if let Some(tag) = headers.get("if-match").and_then(|it| it.to_str().ok()) {
        edit.expects.push(expected(question, &edit, tag)?);
    }
    parcel(question, headers, edit)
}

/// What takes an edit back.
///
/// # Errors
///
/// There is no such edit, or its tick is no longer kept.
pub fn undo(question: &Question<'_>, headers: &HeaderMap) -> Result<Parcel, Problem> {
    let place: EditPlace = run::read(&question.body, r#"{"tick": 120, "number": 0}"#)?;
    let edit = question.served.reader()?.inverse(place)?;
    parcel(question, headers, edit)
}

fn parcel(question: &Question<'_>, headers: &HeaderMap, edit: Edit) -> Result<Parcel, Problem> {
    let key = key(headers, edit.text().as_bytes())?;
    let sender = question.principal.name();
    Ok(Parcel { sender, key, inputs: Vec::new(), edits: vec![edit] })
}

/// That the one entity of an edit is as it was when it was answered with this tag.
fn expected(question: &Question<'_>, edit: &Edit, tag: &str) -> Result<Expectation, Problem> {
    let all = edit.entities();
    let [entity] = &all[..] else {
        let what = "`If-Match` is about one entity, and the edit about none or several: say what \
                    it `expects` instead";
        return Err(Problem::new(Kind::Body, what));
    };
    let changed = || {
        let what = format!("entity {entity} has changed since it was looked at: look again");
        Problem::new(Kind::Changed, what)
    };
    let now = question.served.now();
    let living = Entity::parse(entity).ok_or_else(changed)?;
    // Behind it stands the form of the answer.
    let is = entities::tag(question, &now, living);
    let is_it = |tag: &str| tag == "*" || tag.trim_matches('"').starts_with(&is);
    if now.world.entities.locate(living).is_none() || !tag.split(',').any(|it| is_it(it.trim())) {
        return Err(changed());
    }
    let digest = now.world.entity_digest(living).ok_or_else(changed)?;
    Ok(Expectation::Entity { entity: entity.to_owned(), digest: hex(&digest) })
}

/// By which a request counts once.
///
/// # Errors
///
/// The key is too long, or no text.
pub fn key(headers: &HeaderMap, body: &[u8]) -> Result<Option<RequestKey>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().map(|key| key.trim().trim_matches('"'));
    match key.filter(|key| (1..=KEY_MAX).contains(&key.len())) {
        Some(key) => {
            let digest = *blake3::hash(body).as_bytes();
            Ok(Some(RequestKey { key: key.to_owned(), digest }))
        }
        None => {
            let what = format!("is none: give 1 to {KEY_MAX} letters, such as a random number");
            Err(Problem::parameter("Idempotency-Key", what))
        }
    }
}

fn read(body: &[u8]) -> Result<Json, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(Kind::Body, format!("the body is not JSON: {error}")))
}
