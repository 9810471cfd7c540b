//! Rows of history: what happened, read as the query asks for it.
//!
//! They come by a connection of their own, because SQLite is in the midst of the
//! query while they are read. It may see a later commit than the query does, of
//! which nothing is shown.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, Error, Result};

use crate::error::{Failure, Fallible};
use crate::history::{Change, ChangeStream, Filter, HistoryReader};
use sandtable_world::ecs::{Entity, KindId};

use super::cells;

/// The history of a save up to a tick.
#[derive(Debug)]
pub(crate) struct Archive {
    connection: Mutex<Connection>,
    last: u64,
}

/// Which rows are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub kind: Option<KindId>,
    pub entity: Option<Entity>,
    pub from: u64,
    pub to: u64,
}

impl Archive {
    /// Of the save of this connection, which no other reader uses, up to a tick.
    pub(crate) fn new(connection: Connection, last: u64) -> Self {
        Self { connection: Mutex::new(connection), last }
    }

    fn read<T>(&self, read: impl FnOnce(HistoryReader<'_>) -> Fallible<T>) -> Result<T> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        read(HistoryReader::new(&connection)).map_err(|failure| match failure {
            Failure::Sqlite(error) => error,
            failure => Error::ModuleError(failure.told()),
        })
    }

    /// Rows, the earliest first.
    pub(super) fn rows(self: Arc<Self>, wanted: Wanted) -> impl Iterator<Item = Result<Change>> {
        let mut rows = PastRows { archive: self, wanted, course: None, ahead: VecDeque::new() };
        let mut failed = false;
        std::iter::from_fn(move || {
            let next = if failed { None } else { rows.next().transpose() };
            failed = next.as_ref().is_some_and(Result::is_err);
            next
        })
    }
}

struct PastRows {
    archive: Arc<Archive>,
    wanted: Wanted,
    course: Option<ChangeStream>,
    ahead: VecDeque<Change>,
}

impl PastRows {
    fn next(&mut self) -> Result<Option<Change>> {
        let Wanted { from, to, .. } = self.wanted;
        loop {
            if let Some(change) = self.ahead.pop_front() {
                return Ok(Some(change));
            }
            let course = match &mut self.course {
                Some(course) => course,
                none => {
                    match self.archive.read(|past| start(past, self.wanted, self.archive.last))? {
                        Some(course) => none.insert(course),
                        None => return Ok(None),
                    }
                }
            };
            let Some(more) = self.archive.read(|past| course.next(past))? else { return Ok(None) };
            self.ahead = more.into();
            self.ahead.retain(|change| (from..=to).contains(&change.origin.tick));
        }
    }
}

fn start(past: HistoryReader<'_>, wanted: Wanted, last: u64) -> Fallible<Option<ChangeStream>> {
    let Wanted { kind, entity, from, to } = wanted;
    let Some(first) = past.chain()?.first().map(|anchor| anchor.tick) else { return Ok(None) };
    let to = to.min(last);
    if to < first || from > to {
        return Ok(None);
    }
    // What a component was at first is part of its history, and no change.
    let is_start = kind.is_some() && from <= first;
    let filter = Filter { entity, kind, start: is_start, both_ends: false };
    ChangeStream::between(past, from.saturating_sub(1).max(first), to, filter).map(Some)
}

/// A cell of a row of `changes`.
pub(super) fn change_cell(change: &Change, column: usize) -> Value {
    match column {
        0 => Value::Integer(change.origin.tick as i64),
        1 => change.entity.map_or(Value::Null, cells::entity),
        2 => change.kind.as_ref().map_or(Value::Null, |kind| Value::Text(kind.name.clone())),
        3 => Value::Text(change.action.name().to_owned()),
        4 => cells::json(change.old.as_ref()),
        5 => cells::json(change.new.as_ref()),
        10 => change.target.map_or(Value::Null, cells::entity),
        at => cells::by_whom(&change.origin, at - 6),
    }
}

/// A cell of a row of a component's history, of which so many are fields.
pub(super) fn history_cell(
    change: &Change,
    fields: usize,
    field: impl FnOnce(usize) -> Value,
    column: usize,
) -> Value {
    let past_fields = 2 + fields;
    match column {
        0 => Value::Integer(change.origin.tick as i64),
        1 => change.entity.map_or(Value::Null, cells::entity),
        at if at < past_fields => field(at - 2),
        at if at == past_fields => Value::Text(change.action.name().to_owned()),
        at => cells::by_whom(&change.origin, at - past_fields - 1),
    }
}
