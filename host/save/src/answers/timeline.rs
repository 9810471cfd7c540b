//! The life of one entity.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::{Answer, Ticks, Told, by_hand, by_whom, columns, entity, number, text};
use crate::declarations::Declarations;
use crate::error::{Failure, Fallible, SaveError};
use crate::history::{Action, Change, Filter};
use crate::payloads::{Payloads, Written};
use crate::reader::Reader;
use crate::restore::read_kinds;
use crate::sql::cells::json;
use crate::topics::topic_of;
use sandtable_world::ecs::{Entity, Role, Topic, canonical_value};

/// A row, with the tick that it is sorted by, and who else it is about.
struct Line {
    tick: u64,
    other: Option<Entity>,
    row: Vec<Value>,
}

impl Reader {
    /// When an entity came and went, and what it got, lost and was named in
    /// meanwhile. Of changes to a component only the first and the last are listed.
    ///
    /// # Errors
    ///
    /// There is no such entity, history does not reach back to the ticks, or the save
    /// cannot be read or is damaged.
    pub fn timeline(&self, entity: &str, ticks: Ticks) -> Result<Answer, SaveError> {
        self.answer(self.try_timeline(entity, ticks))
    }

    fn try_timeline(&self, name: &str, ticks: Ticks) -> Fallible<Answer> {
        let entity = self.entity_named(name, ticks)?;
        let filter =
            Filter { entity: Some(entity), both_ends: true, start: true, ..Filter::default() };
        let Told { changes, mut notes } = self.told(ticks, filter)?;
        if changes.is_empty() && !self.head_world()?.entities.was_issued(entity) {
            return Err(Failure::Told(format!("never had an entity {entity}")));
        }
        notes.extend(self.called(entity, ticks)?);
        let window = self.window(ticks, &mut Vec::new())?;
        let labels = self.labels()?;
        let mut lines = lives(entity, &changes);
        let events = self.events_naming(entity, *window.start(), *window.end())?;
        lines.extend(events);
        lines.sort_by_key(|line| line.tick);
        if lines.is_empty() {
            notes.push(format!("{entity} was not alive in these ticks"));
        }
        let names = [
            "tick", "action", "name", "other", "value", "times", "mod", "system", "step", "sender",
        ];
        let mut columns = columns(&names);
        if !labels.is_empty() {
            let past = self.past();
            let (last, first) = (past.world(*window.end())?.0, past.world(*window.start())?.0);
            for line in &mut lines {
                line.row.insert(4, labels.shown([&last, &first], line.other));
            }
            columns.insert(4, "label".to_owned());
        }
        let rows = lines.into_iter().map(|line| line.row).collect();
        Ok(Answer { table: by_hand(columns, rows), notes })
    }

    /// The events and inputs that name an entity.
    fn events_naming(&self, wanted: Entity, from: u64, to: u64) -> Fallible<Vec<Line>> {
        let registry = read_kinds(&self.connection)?;
        let declarations = Declarations::read(&self.connection)?;
        let payloads = Payloads::read(&self.connection, &declarations, &registry)?;
        let mut select = self.connection.prepare(
            "SELECT tick, topic, system, payload, number FROM st_events WHERE tick BETWEEN ?1 AND ?2
             ORDER BY tick, topic, number",
        )?;
        let mut rows = select.query([from as i64, to as i64])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(Topic::Kind(id)) = topic_of(row.get(1)?) else { continue };
            let number = Some(row.get::<_, i64>(4)?.unsigned_abs());
            let written = Written { tick: row.get::<_, i64>(0)?.unsigned_abs(), number };
            let payload = row.get_ref(3)?.as_blob().unwrap_or_default();
            let mut is_named = false;
            let mut look = |entity| {
                is_named |= entity == wanted;
                Ok(entity)
            };
            // What cannot be read names no entity.
            let Some(value) = payloads.value(id, payload, Some(written)) else { continue };
            let kind = &value.kind;
            let read = canonical_value(kind, &mut &payload[..], &mut Vec::new(), &mut look);
            if read.is_err() || !is_named {
                continue;
            }
            let (tick, system): (i64, String) = (row.get(0)?, row.get(2)?);
            let action = if kind.role == Role::Input { "input" } else { "event" };
            let by = system.split('/').next().filter(|id| !id.is_empty());
            let by = [by.map_or(Value::Null, text), by.map_or(Value::Null, |_| text(&system))];
            let mut line = vec![Value::Integer(tick), text(action), text(&kind.name), Value::Null];
            line.extend([json(Some(&value)), Value::Null]);
            line.extend(by);
            line.extend([Value::Null, Value::Null]);
            lines.push(Line { tick: tick.unsigned_abs(), other: None, row: line });
        }
        Ok(lines)
    }
}

/// The rows for these changes.
fn lives(whose: Entity, changes: &[Change]) -> Vec<Line> {
    let mut lines = Vec::new();
    // Of each component since it came: how often it changed, and the last time.
    let mut changed: BTreeMap<&str, (i64, &Change)> = BTreeMap::new();
    for change in changes {
        let name = change.kind.as_ref().map(|kind| kind.name.as_str());
        match (change.action, name) {
            (Action::Changed, Some(name)) if change.target.is_none() => {
                let (times, last) = changed.entry(name).or_insert((0, change));
                (*times, *last) = (*times + 1, change);
                if *times == 1 {
                    lines.push(line(whose, change, "first changed", Value::Null));
                }
                continue;
            }
            (Action::Removed, Some(name)) => lines.extend(last_of(whose, changed.remove(name))),
            _ => {}
        }
        lines.push(line(whose, change, change.action.name(), Value::Null));
    }
    let last = changed.into_values().flat_map(|last| last_of(whose, Some(last)));
    lines.extend(last);
    lines
}

/// The last of several changes.
fn last_of(whose: Entity, last: Option<(i64, &Change)>) -> Option<Line> {
    let (times, change) = last.filter(|(times, _)| *times > 1)?;
    Some(line(whose, change, "last changed", Value::Integer(times)))
}

fn line(whose: Entity, change: &Change, action: &str, times: Value) -> Line {
    let Change { origin, kind, target, new, old, .. } = change;
    let name = kind.as_ref().map_or(Value::Null, |kind| text(&kind.name));
    // Of an edge, the end that is another entity, and from whom it comes.
    let incoming = target.is_some() && change.entity != Some(whose);
    let other = if incoming { change.entity } else { *target };
    let action = if incoming { format!("{action} by") } else { action.to_owned() };
    let value = json(new.as_ref().or(old.as_ref()));
    let mut row = vec![number(origin.tick), Value::Text(action), name, entity(other), value, times];
    row.extend(by_whom(origin));
    Line { tick: origin.tick, other, row }
}
