//! A call of a tool, answered by operations.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::{Map, Value as Json};

use super::super::at::{At, shown};
use super::super::cursor::Secret;
use super::super::operations::{OPERATIONS, Operation, REPEATED};
use super::super::principal::Principal;
use super::super::problem::{Kind, Problem};
use super::super::question::{Carried, Question};
use super::super::served::Served;

/// The operation of a name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// What is given for parameters; for some of them several times.
pub type Given = Vec<(String, String)>;

/// Parameters that are ticks, and may be given as permanent links have them.
const TICKS: [&str; 2] = ["from", "to"];

/// Parameters that are objects or lists of them, and are given as their text.
pub const WHOLE: [&str; 5] = ["value", "values", "inputs", "edits", "watch"];

/// A call of a tool.
pub struct Call<'a> {
    /// Of which world.
    pub served: &'a Served,
    /// What the world is called in addresses.
    pub world: String,
    /// Who calls.
    pub principal: Principal,
    /// What cursors are sealed with.
    pub secret: Secret,
    /// What is given.
    pub given: Given,
    /// The tick that was answered already, of which it is no more to be answered again.
    pub answered: Option<String>,
}

impl Call<'_> {
    /// What is given for a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Gives something in the place of what was given for a parameter.
    pub fn give(&mut self, name: &str, value: String) {
        self.given.retain(|(of, _)| of != name);
        self.given.push((name.to_owned(), value));
    }

    /// Asks an operation. The answer says in any case as of which tick it is, or which
    /// tick is the last that it tells of.
    ///
    /// # Errors
    ///
    /// What the operation says.
    pub fn ask(&self, name: &str, given: &[(&str, &str)]) -> Result<Map<String, Json>, Problem> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.ask_all(name, given.collect())
    }

    /// Asks an operation with all that is given.
    ///
    /// # Errors
    ///
    /// What the operation says.
    pub fn ask_all(&self, name: &str, given: Given) -> Result<Map<String, Json>, Problem> {
        self.ask_with(name, given, Bytes::new())
    }

    /// Asks an operation with all that is given, and a body.
    ///
    /// # Errors
    ///
    /// What the operation says.
    pub fn ask_with(
        &self,
        name: &str,
        given: Given,
        body: Bytes,
    ) -> Result<Map<String, Json>, Problem> {
        let unknown = || Problem::new(Kind::NotFound, format!("nothing here answers `{name}`"));
        let operation = operation(name).ok_or_else(unknown)?;
        let answer = operation.answer.function().ok_or_else(unknown)?;
        let served = self.served;
        let is_place = |name: &str| operation.places().any(|place| place == name);
        let (places, given): (Given, Given) =
            given.into_iter().partition(|(name, _)| is_place(name));
        let mut places: BTreeMap<_, _> = places.into_iter().collect();
        places.insert("world".to_owned(), self.world.clone());
        if let Some(missing) = operation.places().find(|place| !places.contains_key(*place)) {
            return Err(Problem::parameter(missing, "is missing: give one"));
        }
        let given = given.into_iter().map(|(name, value)| match TICKS.contains(&name.as_str()) {
            true => tick_of(served, &value).map(|value| (name, value)),
            false => Ok((name, value)),
        });
        let given = given.collect::<Result<Given, Problem>>()?;
        let is_new = |(name, value): &&(String, String)| {
            name != "at" || Some(value) != self.answered.as_ref()
        };
        let asked: Given = given.iter().filter(is_new).cloned().collect();
        operation.allow(&self.principal, Some(&self.world), &asked)?;
        operation.check(&given)?;
        let (principal, secret) = (self.principal.clone(), self.secret);
        let carried = Carried { principal, trust: None, places, given, body, secret };
        let question = carried.question(operation.name, served)?;
        let reply = answer(&question)?;
        let (at, told) = (reply.at.clone(), reply.members());
        let at = match (told.get("at").and_then(Json::as_str), at) {
            (Some(at), _) => at.to_owned(),
            (None, Some(at)) => at,
            (None, None) => told_of(&question, &told)?,
        };
        let mut members = Map::from_iter([("at".to_owned(), Json::from(at))]);
        members.extend(told);
        Ok(members)
    }
}

/// A tick as operations take it, which must be of the course of the world where that
/// is said.
fn tick_of(served: &Served, text: &str) -> Result<String, Problem> {
    if !text.contains('~') {
        return Ok(text.to_owned());
    }
    let at = At::parse(text)?;
    served.check(&at)?;
    Ok(at.tick.to_string())
}

/// The last tick that an answer tells of: the one that it says, the one up to which it
/// was asked, or the last in the save.
fn told_of(question: &Question<'_>, told: &Map<String, Json>) -> Result<String, Problem> {
    let saved = question.served.feed().now().saved_tick;
    let to = || question.number("to").ok().flatten();
    let tick = told.get("tick").and_then(Json::as_u64).or_else(to).unwrap_or(saved);
    let (tick, served) = (tick.min(saved), question.served);
    let now = served.now();
    if now.world.tick() == tick {
        return Ok(now.at());
    }
    let chain = served.reader()?.chain(tick)?;
    Ok(chain.map_or_else(|| tick.to_string(), |chain| shown(tick, &chain)))
}

/// What a model gave, as requests give it: numbers and truth values as their text, a
/// list as its items one after the other, nothing for null.
///
/// # Errors
///
/// A value is none that a request could carry.
pub fn given(arguments: Map<String, Json>) -> Result<Given, Problem> {
    let mut given = Given::new();
    for (name, value) in arguments {
        let values = match value {
            Json::Array(values) if REPEATED.contains(&name.as_str()) => values,
            value => vec![value],
        };
        for value in values {
            let value = match value {
                Json::Null => continue,
                Json::String(text) => text,
                Json::Bool(_) | Json::Number(_) => value.to_string(),
                Json::Object(_) | Json::Array(_) if WHOLE.contains(&name.as_str()) => {
                    value.to_string()
                }
                Json::Array(_) | Json::Object(_) => {
                    return Err(Problem::parameter(&name, "is no text and no number: give one"));
                }
            };
            given.push((name.clone(), value));
        }
    }
    Ok(given)
}
