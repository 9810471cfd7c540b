//! What a request asks.

use std::collections::BTreeMap;

use axum::body::Bytes;

use super::at::At;
use super::cursor::Secret;
use super::principal::Principal;
use super::problem::Problem;
use super::served::{Moment, Served, entity_of};

/// What is asked.
pub struct Question<'a> {
    /// Of which world.
    pub served: &'a Served,
    /// Who asks. The scope of the operation was checked.
    pub principal: Principal,
    /// What stands in the address in place of names in braces.
    pub places: BTreeMap<String, String>,
    /// What stands behind the `?`; some of it may be there several times.
    pub given: Vec<(String, String)>,
    /// What the request carries.
    pub body: Bytes,
    /// What cursors are sealed with.
    pub secret: Secret,
}

impl Question<'_> {
    /// What is given for a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All that is given for a parameter that may be there several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// A number, if one is given.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let wrong = || Problem::parameter(name, format!("is `{text}`: give a whole number"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// Rows at most.
    pub fn limit(&self) -> Result<usize, Problem> {
        const MOST: u64 = 10_000;
        match self.number("limit")? {
            None => Ok(1_000),
            Some(limit @ 1..=MOST) => Ok(limit as usize),
            Some(limit) => {
                Err(Problem::parameter("limit", format!("is {limit}: give 1 to {MOST}")))
            }
        }
    }

    /// The tick that is asked about, where that is not now.
    pub fn at(&self) -> Result<Option<At>, Problem> {
        self.parameter("at").map(At::parse).transpose()
    }

    /// The world that is asked about.
    pub fn moment(&self) -> Result<Moment, Problem> {
        self.served.moment(self.at()?.as_ref())
    }

    /// The entity of a text for questions about the past: as 12v3 where the past goes up
    /// to now and an entity is called so, which is found at once; else as it is, to be
    /// looked for.
    pub fn entity(&self, text: &str) -> String {
        if self.parameter("to").or(self.parameter("at")).is_some() {
            return text.to_owned();
        }
        let now = self.served.now();
        let found = entity_of(&now.world, text, &self.served.labels(&now.world));
        found.map_or_else(|_| text.to_owned(), |entity| entity.to_string())
    }

    /// What stands in the address for a name.
    pub fn place(&self, name: &str) -> &str {
        self.places.get(name).map_or("", String::as_str)
    }
}
