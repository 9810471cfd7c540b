//! Changes of a world by hand: what is asked for, and how a tick does it.
//!
//! An edit is an input like any other: it is kept as it was sent, as JSON with the
//! names of kinds, and a tick reads it by the kinds of its time. All of an edit is done
//! or nothing: what it expects is compared at the tick that has it, before its
//! operations, and each of those is checked as commands of a mod are.

mod apply;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::ecs::Entity;

pub use apply::Done;

/// A change of a world by hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// What is done, in order.
    pub operations: Vec<Operation>,
    /// What must be so for any of it to be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expects: Vec<Expectation>,
    /// The edit that it takes back, if it does that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<EditPlace>,
}

/// Which edit, of all of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditPlace {
    /// The tick that had it.
    pub tick: u64,
    /// Its number among the edits of that tick.
    pub number: u64,
}

/// One thing that an edit does. Entities are written as `12v3`; one that the same edit
/// spawns, by the name that it has there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// Gives fields of a component other values; all else of it stays.
    Set {
        /// Whose.
        entity: String,
        /// Which component.
        component: String,
        /// The fields.
        value: Map<String, Json>,
    },
    /// Gives an entity a component, or another value for it.
    Insert {
        /// Which entity.
        entity: String,
        /// Which component.
        component: String,
        /// All of its fields.
        value: Map<String, Json>,
    },
    /// Takes a component away.
    Remove {
        /// Whose.
        entity: String,
        /// Which component.
        component: String,
    },
    /// Makes an entity.
    Spawn {
        /// What later operations of the edit call it.
        #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What it has.
        #[serde(default)]
        components: Map<String, Json>,
    },
    /// Ends the life of an entity.
    Despawn {
        /// Which.
        entity: String,
    },
    /// Makes an edge, or gives it another value.
    Relate {
        /// Where it starts.
        from: String,
        /// Which relation.
        relation: String,
        /// Where it ends.
        to: String,
        /// All of its fields.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        value: Map<String, Json>,
    },
    /// Takes an edge away.
    Unrelate {
        /// Where it starts.
        from: String,
        /// Which relation.
        relation: String,
        /// Where it ends.
        to: String,
    },
    /// Gives fields of a resource other values; all else of it stays.
    SetResource {
        /// Which.
        resource: String,
        /// The fields.
        value: Map<String, Json>,
    },
}

/// What must be so when an edit is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Expectation {
    /// A component has these values in these fields; without a value, that the entity
    /// lacks it.
    Component {
        /// Whose.
        entity: String,
        /// Which component.
        component: String,
        /// Fields and what they are.
        value: Option<Map<String, Json>>,
    },
    /// An edge has these values in these fields; without a value, that there is none.
    Edge {
        /// Where it starts.
        from: String,
        /// Which relation.
        relation: String,
        /// Where it ends.
        to: String,
        /// Fields and what they are.
        value: Option<Map<String, Json>>,
    },
    /// A resource has these values in these fields; without a value, that there is none.
    Resource {
        /// Which.
        resource: String,
        /// Fields and what they are.
        value: Option<Map<String, Json>>,
    },
    /// An entity with all that it has is as it was: by
    /// [`World::entity_digest`](crate::ecs::World::entity_digest).
    Entity {
        /// Which.
        entity: String,
        /// The digest, in hexadecimal digits.
        digest: String,
    },
}

impl Edit {
    /// How much one edit may do.
    pub const OPERATIONS_MAX: usize = 10_000;
    /// Bytes that one may have as text.
    pub const BYTES_MAX: usize = 1 << 20;

    /// Reads an edit: whole, or its operations alone, or one operation.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn parse(json: &Json) -> Result<Self, String> {
        let operations = |list: &[Json]| -> Result<Vec<Operation>, String> {
            let one = |(at, json): (usize, &Json)| {
                let read = Operation::deserialize(json);
                read.map_err(|error| format!("operation {} is none: {error}", at + 1))
            };
            list.iter().enumerate().map(one).collect()
        };
        let edit = match json {
            Json::Array(list) => Self { operations: operations(list)?, ..Self::default() },
            Json::Object(members) if members.contains_key("op") => {
                Self { operations: operations(std::slice::from_ref(json))?, ..Self::default() }
            }
            Json::Object(members) => {
                let list = members.get("operations").and_then(Json::as_array);
                let list = list.map(|list| operations(list)).transpose()?;
                let mut rest = members.clone();
                rest.insert("operations".to_owned(), Json::Array(Vec::new()));
                let read = Self::deserialize(Json::Object(rest));
                let read = read.map_err(|error| format!("the edit is none: {error}"))?;
                Self { operations: list.unwrap_or_default(), ..read }
            }
            _ => Self::default(),
        };
        match edit.operations.len() {
            0 => Err("an edit is an operation, such as {\"op\": \"set\", \"entity\": \"12v3\", \
                      \"component\": \"economy/Economy\", \"value\": {…}}, or a list of them"
                .to_owned()),
            1..=Self::OPERATIONS_MAX => Ok(edit),
            many => Err(format!(
                "an edit has {} operations at most, and this one has {many}: send several",
                Self::OPERATIONS_MAX
            )),
        }
    }

    /// The entities that its operations are about, each once, as they are written; none
    /// that it spawns.
    pub fn entities(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for mut operation in self.operations.clone() {
            let (one, other) = operation.entities_mut();
            for entity in one.into_iter().chain(other).map(std::mem::take) {
                if !self.names().any(|name| name == entity) && !all.contains(&entity) {
                    all.push(entity);
                }
            }
        }
        all
    }

    /// Writes entities that are written otherwise than as `12v3` as a function says.
    ///
    /// # Errors
    ///
    /// The first that the function does not know.
    pub fn name_by<E>(&mut self, name: &mut dyn FnMut(&str) -> Result<String, E>) -> Result<(), E> {
        let known: Vec<String> = self.names().map(str::to_owned).collect();
        let mut written = |text: &mut String| {
            if Entity::parse(text).is_none() && !known.contains(text) {
                *text = name(text)?;
            }
            Ok(())
        };
        for operation in &mut self.operations {
            let (one, other) = operation.entities_mut();
            one.into_iter().chain(other).try_for_each(&mut written)?;
        }
        for expectation in &mut self.expects {
            match expectation {
                Expectation::Component { entity, .. } | Expectation::Entity { entity, .. } => {
                    written(entity)?;
                }
                Expectation::Edge { from, to, .. } => {
                    written(from)?;
                    written(to)?;
                }
                Expectation::Resource { .. } => {}
            }
        }
        Ok(())
    }

    /// What it calls the entities that it spawns.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Spawn { name, .. } => name.as_deref(),
            _ => None,
        })
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Operation {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Set { .. } => "set",
            Operation::Insert { .. } => "insert",
            Operation::Remove { .. } => "remove",
            Operation::Spawn { .. } => "spawn",
            Operation::Despawn { .. } => "despawn",
            Operation::Relate { .. } => "relate",
            Operation::Unrelate { .. } => "unrelate",
            Operation::SetResource { .. } => "set-resource",
        }
    }

    fn entities_mut(&mut self) -> (Option<&mut String>, Option<&mut String>) {
        match self {
            Operation::Set { entity, .. }
            | Operation::Insert { entity, .. }
            | Operation::Remove { entity, .. }
            | Operation::Despawn { entity } => (Some(entity), None),
            Operation::Relate { from, to, .. } | Operation::Unrelate { from, to, .. } => {
                (Some(from), Some(to))
            }
            Operation::Spawn { .. } | Operation::SetResource { .. } => (None, None),
        }
    }
}
