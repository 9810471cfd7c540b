//! What is done to a world: inputs, changes by hand, and what would be if.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::done::Accepted;
use super::error::Error;
use super::operations::{CreateToken, CreateWorld, Fork, Inputs, World};

/// A value as JSON. What has none, as a map whose keys are no texts, is null, which the
/// server refuses by its name.
fn json_of(value: impl Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

fn input(name: &str, value: impl Serialize) -> Json {
    json!({ "input": name, "value": json_of(value) })
}

impl World {
    /// Gives the next tick an input, by its full name, with its fields as a type of yours or
    /// as `json!({…})`.
    pub fn send(&self, name: &str, value: impl Serialize) -> Inputs {
        self.inputs(input(name, value))
    }

    /// Gives the world any number of inputs, in the order in which they stand, a thousand
    /// or fewer in each tick.
    pub fn send_all<N, V>(&self, inputs: impl IntoIterator<Item = (N, V)>) -> Lines
    where
        N: AsRef<str>,
        V: Serialize,
    {
        let lines = inputs.into_iter().map(|(name, value)| input(name.as_ref(), value));
        let text: String = lines.flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
        let Inputs(mut request) = self.inputs("");
        request.content("application/x-ndjson", text);
        Lines(Inputs(request))
    }
}

/// Inputs that are sent line by line.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent yet"]
pub struct Lines(Inputs);

impl Lines {
    /// By this key they count once, however often they are sent. Without one they have a
    /// random key, which is another each time that it is asked.
    pub fn key(self, key: impl Display) -> Self {
        Self(self.0.key(key))
    }

    /// Has it done. Where the connection breaks all are sent again, and those that are in
    /// the save do not count twice.
    ///
    /// # Errors
    ///
    /// The server refuses one of them, and says how many before it are in the save; or it
    /// cannot be reached, or what it answers is none.
    pub fn ask(&self) -> Result<Accepted, Error> {
        let Inputs(request) = &self.0;
        request.act_once()
    }
}

impl CreateWorld {
    /// Of a pack, by its bytes.
    pub fn of_pack(mut self, pack: Vec<u8>) -> Self {
        self.0.bytes_of("application/zip", pack);
        self
    }
}

impl CreateToken {
    /// Grants it something, such as `earth:read:geography/*`; several times for several.
    pub fn grant(mut self, grant: &str) -> Self {
        self.0.push("grants", grant.into());
        self
    }
}

impl Fork {
    /// With an input that the first of its ticks is given.
    pub fn input(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.push("inputs", input(name, value));
        self
    }

    /// With a change by hand that the first of its ticks is given.
    pub fn edit(mut self, edit: &Edit) -> Self {
        self.0.push("edits", edit.json());
        self
    }

    /// Notes the first cell of the answer to a SELECT on the way.
    pub fn watch(mut self, title: &str, sql: &str) -> Self {
        self.0.push("watch", json!({ "title": title, "sql": sql }));
        self
    }

    /// Notes a field of an entity on the way, as in `economy/Economy.gdp_usd`.
    pub fn watch_field(mut self, entity: impl Display, field: &str) -> Self {
        self.0.push("watch", json!({ "entity": entity.to_string(), "component": field }));
        self
    }
}

/// A change of a world by hand: all of it is done or nothing. Entities are named as
/// `12v3`, by their label, or as [`Edit::spawn_as`] calls one that it spawns.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "nothing is changed yet"]
pub struct Edit {
    operations: Vec<Json>,
    expects: Vec<Json>,
}

impl Edit {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, operation: Json) -> Self {
        self.operations.push(operation);
        self
    }

    fn expecting(mut self, expectation: Json) -> Self {
        self.expects.push(expectation);
        self
    }

    /// Gives fields of a component other values; all else of it stays.
    pub fn set(self, entity: impl Display, component: &str, fields: impl Serialize) -> Self {
        let (entity, value) = (entity.to_string(), json_of(fields));
        self.with(json!({ "op": "set", "entity": entity, "component": component, "value": value }))
    }

    /// Gives an entity a component, or another value for it.
    pub fn insert(self, entity: impl Display, component: &str, value: impl Serialize) -> Self {
        let (entity, value) = (entity.to_string(), json_of(value));
        self.with(
            json!({ "op": "insert", "entity": entity, "component": component, "value": value }),
        )
    }

    /// Takes a component away.
    pub fn remove(self, entity: impl Display, component: &str) -> Self {
        let entity = entity.to_string();
        self.with(json!({ "op": "remove", "entity": entity, "component": component }))
    }

    /// Makes an entity with these components, by their names.
    pub fn spawn(self, components: impl Serialize) -> Self {
        self.with(json!({ "op": "spawn", "components": json_of(components) }))
    }

    /// Makes an entity with these components, which what follows calls by a name.
    pub fn spawn_as(self, name: &str, components: impl Serialize) -> Self {
        self.with(json!({ "op": "spawn", "as": name, "components": json_of(components) }))
    }

    /// Ends the life of an entity.
    pub fn despawn(self, entity: impl Display) -> Self {
        self.with(json!({ "op": "despawn", "entity": entity.to_string() }))
    }

    /// Makes an edge, or gives it another value.
    pub fn relate(
        self,
        from: impl Display,
        relation: &str,
        to: impl Display,
        value: impl Serialize,
    ) -> Self {
        let (from, to, value) = (from.to_string(), to.to_string(), json_of(value));
        self.with(
            json!({ "op": "relate", "from": from, "relation": relation, "to": to, "value": value }),
        )
    }

    /// Takes an edge away.
    pub fn unrelate(self, from: impl Display, relation: &str, to: impl Display) -> Self {
        let (from, to) = (from.to_string(), to.to_string());
        self.with(json!({ "op": "unrelate", "from": from, "relation": relation, "to": to }))
    }

    /// Gives fields of a resource other values; all else of it stays.
    pub fn set_resource(self, resource: &str, fields: impl Serialize) -> Self {
        let value = json_of(fields);
        self.with(json!({ "op": "set-resource", "resource": resource, "value": value }))
    }

    /// Only where a component has these values in these fields then.
    pub fn if_set(self, entity: impl Display, component: &str, fields: impl Serialize) -> Self {
        let (entity, value) = (entity.to_string(), json_of(fields));
        self.expecting(json!({ "entity": entity, "component": component, "value": value }))
    }

    /// Only where an entity lacks a component then.
    pub fn if_lacking(self, entity: impl Display, component: &str) -> Self {
        let entity = entity.to_string();
        self.expecting(json!({ "entity": entity, "component": component, "value": null }))
    }

    /// As the server reads it.
    pub fn json(&self) -> Json {
        json!({ "operations": self.operations, "expects": self.expects })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.json(), f)
    }
}
