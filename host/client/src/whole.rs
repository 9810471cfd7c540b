//! One entity with all that it has.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::answers::Row;
use super::client::Answer;
use super::error::Error;
use super::names::{At, Entity};
use super::operations::EntityOf;

/// One entity, whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Whole {
    /// The entity.
    pub entity: Entity,
    /// What people know it by.
    pub label: Option<String>,
    /// The tick that this is of.
    pub at: At,
    /// Its components by their kinds.
    pub components: Row,
    /// Edges that begin there, 1,000 at most.
    pub outgoing: Vec<Edge>,
    /// Edges that end there, 1,000 at most.
    pub incoming: Vec<Edge>,
    /// How many edges begin there.
    #[serde(default)]
    pub outgoing_count: u64,
    /// How many edges end there.
    #[serde(default)]
    pub incoming_count: u64,
    /// What it is recognised by as it is, for [`if_match`](crate::EditOf::if_match).
    #[serde(skip)]
    pub tag: Option<String>,
}

impl EntityOf {
    /// Asks.
    ///
    /// # Errors
    ///
    /// The server refuses or cannot be reached, or what it answers is none.
    pub fn ask(&self) -> Result<Whole, Error> {
        let Answer { body, tag } = self.0.answer()?;
        let whole: Result<Whole, _> = serde_json::from_slice(&body);
        Ok(Whole { tag, ..whole.map_err(|error| self.0.misunderstood(error))? })
    }

    /// Asks, for the JSON that the server answers.
    ///
    /// # Errors
    ///
    /// The server refuses or cannot be reached.
    pub fn raw(&self) -> Result<Json, Error> {
        self.0.ask()
    }
}

impl Whole {
    /// A component as a type of yours, whose fields are called as its own; nothing where
    /// the entity lacks it.
    ///
    /// # Errors
    ///
    /// The component is not of the type.
    pub fn component<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let component = self.components.get(name).cloned();
        component.map(serde_json::from_value).transpose().map_err(|error| Error::Misunderstood {
            asked: format!("`{name}` of {}", self.entity),
            why: error.to_string(),
        })
    }
}

/// An edge, seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// The relation.
    pub kind: String,
    /// The other end.
    pub entity: Entity,
    /// What people know that by.
    pub label: Option<String>,
    /// What the edge carries.
    pub data: Json,
}
