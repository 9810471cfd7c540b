//! How one component of one entity came to be what it is.

use rusqlite::types::Value;

use super::names::{Asked, Named};
use super::{Answer, Ticks, Told, by_hand, by_whom, columns, number, same, text};
use crate::error::{Failure, Fallible, SaveError};
use crate::history::{Action, Change, Filter};
use crate::reader::Reader;
use crate::sql::cells::json;
use sandtable_world::ecs::Entity;

impl Reader {
    /// What a component of an entity, or a field of it, was at the first tick,
    /// and every change since.
    ///
    /// # Errors
    ///
    /// There is no such entity or component, history does not reach back to the ticks,
    /// or the save cannot be read or is damaged.
    pub fn history(
        &self,
        entity: &str,
        component: &str,
        ticks: Ticks,
    ) -> Result<Answer, SaveError> {
        self.answer(self.try_history(entity, component, ticks))
    }

    fn try_history(&self, entity: &str, component: &str, ticks: Ticks) -> Fallible<Answer> {
        let (named, told) = self.one(entity, component, ticks)?;
        let mut names = vec!["tick".to_owned()];
        names.extend(named.columns());
        names.extend(columns(&["action", "mod", "system", "step", "sender"]));
        let row = |change: &Change| {
            let mut row = vec![number(change.origin.tick)];
            row.extend(named.cells(change.new.as_ref()));
            row.push(text(change.action.name()));
            row.extend(by_whom(&change.origin));
            row
        };
        let rows = told.changes.iter().map(row).collect();
        Ok(Answer { table: by_hand(names, rows), notes: told.notes })
    }

    /// Who changed a component of an entity, or a field of it, from what to what.
    ///
    /// # Errors
    ///
    /// As [`Reader::history`].
    pub fn blame(&self, entity: &str, component: &str, ticks: Ticks) -> Result<Answer, SaveError> {
        self.answer(self.try_blame(entity, component, ticks))
    }

    fn try_blame(&self, entity: &str, component: &str, ticks: Ticks) -> Fallible<Answer> {
        let (named, Told { changes, mut notes }) = self.one(entity, component, ticks)?;
        if let [Change { action: Action::Was, origin, .. }] = &changes[..] {
            notes.push(format!("nothing has changed it since tick {}", origin.tick));
        }
        let shown = |value: Option<&_>| match named.asked {
            Asked::Everything => json(value),
            _ => named.cells(value).into_iter().next().unwrap_or(Value::Null),
        };
        let row = |change: &Change| {
            let [mod_id, system, step, sender] = by_whom(&change.origin);
            let (tick, action) = (number(change.origin.tick), text(change.action.name()));
            let (old, new) = (shown(change.old.as_ref()), shown(change.new.as_ref()));
            vec![tick, mod_id, system, step, action, old, new, sender]
        };
        let rows = changes.iter().filter(|change| change.action != Action::Was).map(row).collect();
        let columns = columns(&["tick", "mod", "system", "step", "action", "old", "new", "sender"]);
        Ok(Answer { table: by_hand(columns, rows), notes })
    }

    /// What happened to one component of one entity, or to one field of it.
    fn one(&self, entity: &str, component: &str, ticks: Ticks) -> Fallible<(Named, Told)> {
        let entity = self.entity_named(entity, ticks)?;
        let named = self.component_named(component)?;
        let filter =
            Filter { entity: Some(entity), kind: Some(named.id), start: true, both_ends: false };
        let mut told = self.told(ticks, filter)?;
        if told.changes.is_empty() {
            return Err(Failure::Told(self.never(entity, &named)?));
        }
        if !matches!(named.asked, Asked::Everything) {
            told.changes.retain(|change| {
                let (old, new) = (change.old.as_ref(), change.new.as_ref());
                let called_so = new.or(old).is_none_or(|value| named.was_called_so(value));
                let (old, new) = (named.cells(old), named.cells(new));
                let is_same = old.iter().zip(&new).all(|(old, new)| same(old, new));
                called_so && (change.action != Action::Changed || !is_same)
            });
        }
        told.notes.extend(named.note());
        told.notes.extend(self.called(entity, ticks)?);
        Ok((named, told))
    }

    /// Why there is nothing to show of an entity's component.
    fn never(&self, entity: Entity, named: &Named) -> Fallible<String> {
        let world = self.head_world()?;
        Ok(match world.entities.was_issued(entity) {
            false => format!("never had an entity {entity}"),
            true => format!("has {entity}, which had no {} in these ticks", named.name()),
        })
    }
}
