//! What happened in some ticks.

use std::collections::VecDeque;

use super::Ticks;
use crate::error::{Failure, Fallible, SaveError};
use crate::history::{Change, ChangeStream, Filter};
use crate::reader::Reader;
use crate::restore::read_kinds;
use sandtable_world::ecs::Role;

/// Of what a world has values.
const KEPT: [Role; 2] = [Role::Component, Role::Relation];

/// What happened in some ticks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// All of it, or the last of it; in the order in which it happened.
    pub changes: Vec<Change>,
    /// Whether something came before.
    pub is_cut: bool,
    /// Sentences about what could not be known.
    pub notes: Vec<String>,
}

/// Of what the changes are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangesOf<'a> {
    /// Of an entity alone, named as for `history`.
    pub entity: Option<&'a str>,
    /// Of a component, relation or resource alone, by its name.
    pub kind: Option<&'a str>,
}

impl Reader {
    /// The last changes of those that happened in some ticks: from the first of them,
    /// as it began, to the end of the last.
    ///
    /// # Errors
    ///
    /// There is no such entity or kind, history does not reach back to the ticks, or
    /// the save cannot be read or is damaged.
    pub fn changes(
        &self,
        of: ChangesOf<'_>,
        ticks: Ticks,
        limit: usize,
    ) -> Result<Changes, SaveError> {
        self.answer(self.try_changes(of, ticks, limit))
    }

    fn try_changes(&self, of: ChangesOf<'_>, ticks: Ticks, limit: usize) -> Fallible<Changes> {
        let mut told = Changes::default();
        let window = self.window(ticks, &mut told.notes)?;
        let entity = of.entity.map(|name| self.entity_named(name, ticks)).transpose()?;
        let kind = match of.kind {
            None => None,
            Some(name) => match read_kinds(&self.connection)?.find_as(name, &KEPT) {
                Some(kind) => Some(kind),
                None => {
                    return Err(Failure::Told(format!(
                        "has no component, relation or resource `{name}`: `SELECT name FROM \
                         kinds` lists those it has"
                    )));
                }
            },
        };
        let past = self.past();
        let filter = Filter { entity, kind, start: false, both_ends: entity.is_some() };
        let (from, to) = (*window.start(), *window.end());
        let mut course = ChangeStream::between(past, from.saturating_sub(1), to, filter)?;
        let mut last = VecDeque::new();
        while let Some(changes) = course.next(past)? {
            for change in changes.into_iter().filter(|it| it.origin.tick >= from) {
                if last.len() == limit {
                    last.pop_front();
                    told.is_cut = true;
                }
                last.push_back(change);
            }
        }
        told.changes = last.into();
        if let Some(entity) = entity
            && told.changes.is_empty()
            && !self.head_world()?.entities.was_issued(entity)
        {
            return Err(Failure::Told(format!("never had an entity {entity}")));
        }
        Ok(told)
    }
}
