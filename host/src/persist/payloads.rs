//! Payloads of the log, each read in the declaration that it was written in.
//!
//! The log has a tick for each, and the sets of mods say how its kind was
//! declared in that tick. What nobody had read when a kind was declared anew was
//! brought along, so that it has the form of after.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::ecs::{Kind, KindId, Registry, Role, Topic};

use super::declarations::Declarations;
use super::history::Value;
use super::log::topic_number;
use super::restore::{check_value, subject};
use super::shape::Shape;

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
    /// Up to which number everybody has read a topic.
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
        Ok(Self { shapes: shapes.collect(), passed: passed.collect::<Result<_, _>>()? })
    }

    /// A payload of an event or input as a value; nothing where it is none. One
    /// that waits was not written in any tick.
    pub(super) fn value(
        &self,
        id: KindId,
        payload: &[u8],
        written: Option<Written>,
    ) -> Option<Value> {
        let shape = self.shapes.get(&id)?;
        let lineage = shape.lineage();
        let fits = |kind: &&Arc<Kind>| check_value(kind, payload).is_ok();
        let kind = match written.and_then(|it| Some((it, lineage.place_in(it.tick)?))) {
            None => Some(shape.kind()).filter(fits),
            Some((Written { number, .. }, mut at)) => {
                while let (Some(number), Some(kind)) = (number, lineage.kind(at)) {
                    let was_brought_along = || self.was_unread(id, number) || !fits(&kind);
                    if at + 1 >= lineage.len() || !was_brought_along() {
                        break;
                    }
                    at += 1;
                }
                // A save that was repaired may have any.
                let any = || (0..lineage.len()).rev().filter_map(|at| lineage.kind(at)).find(fits);
                lineage.kind(at).filter(fits).or_else(any)
            }
        };
        Some(Value { kind: kind?.clone(), bytes: payload.into() })
    }

    /// Whether an event is unread to this day.
    fn was_unread(&self, id: KindId, number: u64) -> bool {
        self.passed.get(&topic_number(Topic::Kind(id))).is_some_and(|passed| number > *passed)
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
            _ => subject(payload).map(|entity| json!({ "entity": entity.to_bits() })),
        }
    }
}
