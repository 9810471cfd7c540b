//! Answers about what led to the world: what happened, when, why and by whom.
//!
//! Each is a [`Table`], for people and programs alike, with notes where less is
//! known than was asked for.

mod changes;
mod diff;
mod entities;
mod history;
mod names;
mod series;
mod timeline;
mod undo;
mod why;

use std::ops::RangeInclusive;

use rusqlite::types::Value;

use sandtable_world::ecs::Entity;

use super::error::{Failure, Fallible, SaveError};
use super::history::{Change, ChangeStream, Filter, Origin, StepKind};
use super::reader::Reader;
use super::sql::{Table, cells};

pub use changes::{Changes, ChangesOf};
pub use series::Answering;
pub use why::{Asked, Seen, Setting, Why};

/// An answer, and what to know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was found.
    pub table: Table,
    /// Sentences about what could not be known.
    pub notes: Vec<String>,
}

/// Which ticks are asked about; the first that is kept and the last where there
/// is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    /// From this one on, as it left the world.
    pub from: Option<u64>,
    /// Up to this one, and what came before the next.
    pub to: Option<u64>,
}

/// What happened in some ticks, and what to know about it.
struct Told {
    changes: Vec<Change>,
    notes: Vec<String>,
}

impl Reader {
    fn answer<T>(&self, answered: Fallible<T>) -> Result<T, SaveError> {
        answered.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The ticks that can be asked about.
    fn window(&self, ticks: Ticks, notes: &mut Vec<String>) -> Fallible<RangeInclusive<u64>> {
        let past = self.past();
        let (first, last) = (past.first()?, past.head()?);
        let (from, to) = (ticks.from.unwrap_or(first), ticks.to.unwrap_or(last));
        if from > to {
            let what = format!("has no ticks from {from} to {to}: give the earlier one first");
            return Err(Failure::Told(what));
        }
        if from > last || to < first {
            return Err(Failure::Told(format!(
                "has no history from tick {from} to {to}: it keeps that of {first} to {last}"
            )));
        }
        if from < first {
            notes.push(format!("the history of this save begins at tick {first}"));
        }
        if to > last {
            notes.push(format!("the last tick of this save is {last}"));
        }
        Ok(from.max(first)..=to.min(last))
    }

    /// What happened in some ticks.
    fn told(&self, ticks: Ticks, filter: Filter) -> Fallible<Told> {
        let mut notes = Vec::new();
        let window = self.window(ticks, &mut notes)?;
        let past = self.past();
        let mut course = ChangeStream::between(past, *window.start(), *window.end(), filter)?;
        let mut changes = Vec::new();
        while let Some(mut more) = course.next(past)? {
            changes.append(&mut more);
        }
        if changes.iter().any(|change| change.origin.step == StepKind::Ticks) {
            notes.push(
                "not every tick is kept, so that it is not known which system changed what: \
                 set `every_ticks` in [history] to 1"
                    .to_owned(),
            );
        }
        Ok(Told { changes, notes })
    }
}

/// Rows whose last column is the sender of an edit, which is left out where there is none.
fn by_hand(mut columns: Vec<String>, mut rows: Vec<Vec<Value>>) -> Table {
    if rows.iter().all(|row| row.last() == Some(&Value::Null)) {
        columns.pop();
        rows.iter_mut().for_each(|row| drop(row.pop()));
    }
    Table { columns, rows }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(number: u64) -> Value {
    Value::Integer(number as i64)
}

fn entity(entity: Option<Entity>) -> Value {
    entity.map_or(Value::Null, |entity| Value::Text(entity.to_string()))
}

/// The mod, the system, the kind of step, and the sender of an edit.
fn by_whom(origin: &Origin) -> [Value; 4] {
    [0, 1, 2, 3].map(|at| cells::by_whom(origin, at))
}

/// Whether two values cannot be told apart.
fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Real(one), Value::Real(two)) => one.to_bits() == two.to_bits(),
        (one, two) => one == two,
    }
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
