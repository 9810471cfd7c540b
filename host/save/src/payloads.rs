//! Payloads of the log, each read in the declaration that it was written in.
//!
//! The log has a tick for each, and the sets of mods say how its kind was
//! declared in that tick. What a system had yet to read when a kind was declared
//! anew was brought along, so that it has the form of after.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use sandtable_world::ecs::{Kind, KindId, Registry, Role, Topic};

use super::declarations::Declarations;
use super::history::PastValue;
use super::restore::check_value;
use super::shape::Shape;
use super::topics::{subject, topic_number};

/// When a payload of the log was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// In which tick.
    pub tick: u64,
    /// Of an event: its number in its topic.
    pub number: Option<u64>,
}

/// Reads payloads of events and inputs.
#[derive(Debug)]
pub(super) struct Payloads {
    shapes: BTreeMap<KindId, Shape>,
    /// Up to which number everybody has read a topic: by the set of mods that
    /// declared its kind anew then, and now.
    passed_at: BTreeMap<(i64, i64), u64>,
    passed: BTreeMap<i64, u64>,
}

impl Payloads {
    /// Of the save of this connection, shown with kinds as a registry has them.
    pub(super) fn read(
        connection: &Connection,
        declarations: &Declarations,
        registry: &Registry,
    ) -> rusqlite::Result<Self> {
        let sent = |kind: &Kind| matches!(kind.role, Role::Event | Role::Input);
        let shapes = registry.iter().filter(|(_, kind)| sent(kind));
        let shapes = shapes.map(|(id, kind)| (id, Shape::new(kind.clone(), declarations.of(kind))));
        let mut select = connection.prepare("SELECT topic, passed FROM st_topics")?;
        let passed = select.query_map([], |row| {
            let passed: i64 = row.get(1)?;
            Ok((row.get(0)?, passed.unsigned_abs()))
        })?;
        let passed = passed.collect::<Result<_, _>>()?;
        let mut select = connection.prepare("SELECT mod_set, topic, passed FROM st_recasts")?;
        let passed_at = select.query_map([], |row| {
            let passed: i64 = row.get(2)?;
            Ok(((row.get(0)?, row.get(1)?), passed.unsigned_abs()))
        })?;
        let passed_at = passed_at.collect::<Result<_, _>>()?;
        Ok(Self { shapes: shapes.collect(), passed_at, passed })
    }

    /// A payload of an event or input as a value; nothing where it is none. One
    /// that waits was not written in any tick.
    pub(super) fn value(
        &self,
        id: KindId,
        payload: &[u8],
        written: Option<Written>,
    ) -> Option<PastValue> {
        let shape = self.shapes.get(&id)?;
        let (lineage, topic) = (shape.lineage(), topic_number(Topic::Kind(id)));
        let fits = |kind: &&Arc<Kind>| check_value(kind, payload).is_ok();
        let kind = match written.and_then(|it| Some((it, lineage.place_in(it.tick)?))) {
            None => Some(shape.kind()).filter(fits),
            Some((Written { number, .. }, mut at)) => {
                while let (Some(number), Some(kind)) = (number, lineage.kind(at)) {
                    let Some((set, _)) = lineage.since(at + 1) else { break };
                    let was_brought_along = match self.passed_at.get(&(set, topic)) {
                        Some(passed) => number > *passed,
                        // Saves of before did not write that down.
                        None => self.is_unread(topic, number) || !fits(&kind),
                    };
                    if !was_brought_along {
                        break;
                    }
                    at += 1;
                }
                // A save that was repaired may have any.
                let any =
                    || (0..lineage.count()).rev().filter_map(|at| lineage.kind(at)).find(fits);
                lineage.kind(at).filter(fits).or_else(any)
            }
        };
        Some(PastValue { kind: kind?.clone(), bytes: payload.into() })
    }

    /// Whether an event is unread to this day.
    fn is_unread(&self, topic: i64, number: u64) -> bool {
        self.passed.get(&topic).is_some_and(|passed| number > *passed)
    }

    /// A payload as JSON; nothing where it is none.
    pub(super) fn json(
        &self,
        topic: Topic,
        payload: &[u8],
        written: Option<Written>,
    ) -> Option<Json> {
        match topic {
            Topic::Kind(id) => {
                let value = self.value(id, payload, written)?;
                Some(self.shapes.get(&id)?.json(&value))
            }
            _ => subject(payload).map(|entity| json!({ "entity": entity.to_string() })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use sandtable_world::ecs::{Field, FieldHistory, Lineage, OnDespawn, Storage, Type, from_json};

    fn event(fields: [&str; 2]) -> Arc<Kind> {
        let field = |name: &str| Field { name: name.to_owned(), ty: Type::Unsigned(4), offset: 0 };
        let (fields, dynamic) = (fields.map(field).into(), Storage::Dynamic);
        let name = "shop/Sold".to_owned();
        let kind = Kind::new(name, Role::Event, dynamic, 0, fields, OnDespawn::Detach);
        Arc::new(kind.expect("a kind"))
    }

    /// Two fields of one type exchange their places after tick 10, so that no
    /// value tells which declaration it has.
    fn exchanged(schema_changes: &str) -> (Payloads, Arc<Kind>, Arc<Kind>) {
        let mut connection = Connection::open_in_memory().expect("memory");
        schema::migrate(&mut connection).expect("tables");
        let topics = "INSERT INTO st_topics (topic, last, passed) VALUES (0, 9, 7)";
        connection.execute_batch(&format!("{topics}; {schema_changes}")).expect("rows");
        let (one, two) = (event(["price", "count"]), event(["count", "price"]));
        let mut lineage = Lineage::default();
        for (set, since, kind) in [(1, 0, &one), (2, 10, &two)] {
            lineage.declare((set, since), kind.clone(), vec![FieldHistory::default(); 2]);
        }
        let mut registry = Registry::default();
        registry.add((*two).clone());
        let declarations = Declarations::of_one(lineage);
        let payloads = Payloads::read(&connection, &declarations, &registry).expect("read");
        (payloads, one, two)
    }

    fn told(payloads: &Payloads, kind: &Kind, number: u64) -> Json {
        let payload = from_json(kind, &json!({"price": 1, "count": 2})).expect("fits");
        let written = Some(Written { tick: 5, number: Some(number) });
        payloads.json(Topic::Kind(KindId(0)), &payload, written).expect("a value")
    }

    #[test]
    fn what_no_system_had_read_has_the_form_of_after() {
        let (payloads, one, two) = exchanged("INSERT INTO st_recasts VALUES (2, 0, 4)");
        for (kind, number) in [(&one, 3), (&one, 4), (&two, 5), (&two, 8)] {
            assert_eq!(told(&payloads, kind, number), json!({"price": 1, "count": 2}), "{number}");
        }
    }

    #[test]
    fn a_save_that_did_not_write_that_down_knows_it_of_what_is_unread() {
        let (payloads, one, two) = exchanged("");
        assert_eq!(told(&payloads, &one, 3), json!({"price": 1, "count": 2}));
        assert_eq!(told(&payloads, &two, 8), json!({"price": 1, "count": 2}));
    }
}
