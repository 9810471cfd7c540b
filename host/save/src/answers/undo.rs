//! What takes an edit back: the edit that makes it as it was before.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::Ticks;
use crate::error::{Failure, Fallible, SaveError};
use crate::history::{Action, Change, ChangeStream, Filter, PastValue};
use crate::reader::Reader;
use sandtable_world::ecs::Entity;
use sandtable_world::edit::{Edit, EditPlace, Expectation, Operation};

/// Fields by name.
type Fields = Map<String, Json>;

impl Reader {
    /// The edit that takes another one back, which is refused where what that set has
    /// changed since. An entity that it ended comes again as a new one, with what it had.
    ///
    /// # Errors
    ///
    /// There is no such edit, nothing came of it, history does not reach back to its tick,
    /// or the save cannot be read or is damaged.
    pub fn inverse(&self, place: EditPlace) -> Result<Edit, SaveError> {
        self.answer(self.try_inverse(place))
    }

    /// The entity of a text as things stand: `12v3`, its number as SQL has it, or its
    /// label.
    ///
    /// # Errors
    ///
    /// There is none, or several are called so; or the save cannot be read.
    pub fn entity_called(&self, text: &str) -> Result<Entity, SaveError> {
        self.answer(self.entity_named(text, Ticks::default()))
    }

    fn try_inverse(&self, place: EditPlace) -> Fallible<Edit> {
        let EditPlace { tick, number } = place;
        let past = self.past();
        let (first, head) = (past.first()?, past.head()?);
        if tick <= first || tick > head {
            return Err(Failure::Told(format!(
                "has no history of an edit in tick {tick}: it keeps that of {} to {head}",
                first + 1
            )));
        }
        let mut course = ChangeStream::between(past, tick - 1, tick, Filter::default())?;
        let mut changes = Vec::new();
        while let Some(more) = course.next(past)? {
            let is_of_it = |change: &Change| {
                let edit = change.origin.edit.as_ref();
                change.origin.tick == tick && edit.is_some_and(|(it, _)| u64::from(*it) == number)
            };
            changes.extend(more.into_iter().filter(is_of_it));
        }
        if changes.is_empty() {
            return Err(Failure::Told(format!(
                "has no edit {number} of tick {tick} that changed anything: `SELECT * FROM edits` \
                 lists them"
            )));
        }
        Ok(inverse(&changes, place))
    }
}

/// What makes these changes undone.
fn inverse(changes: &[Change], place: EditPlace) -> Edit {
    let mut edit = Edit { undoes: Some(place), ..Edit::default() };
    let of = |action: Action| {
        changes.iter().filter(move |it| it.action == action).filter_map(|it| it.entity)
    };
    let spawned: Vec<Entity> = of(Action::Spawned).collect();
    let gone: BTreeMap<Entity, String> =
        of(Action::Despawned).map(|entity| (entity, format!("was {entity}"))).collect();
    let named = |entity: Entity| gone.get(&entity).cloned().unwrap_or_else(|| entity.to_string());
    // What comes again comes first, so that all else may name it.
    for (entity, name) in &gone {
        let had = changes.iter().filter(|it| {
            it.entity == Some(*entity) && it.target.is_none() && it.action == Action::Removed
        });
        let components = had.filter_map(|it| Some((it.kind.as_ref()?.name.clone(), all(&it.old)?)));
        let components = components.map(|(name, value)| (name, Json::Object(value))).collect();
        edit.operations.push(Operation::Spawn { name: Some(name.clone()), components });
    }
    for change in changes {
        let ends = change.entity.iter().chain(&change.target);
        if ends.clone().any(|end| spawned.contains(end)) {
            continue;
        }
        match (change.entity, change.target, &change.kind) {
            (Some(entity), None, Some(kind)) if !gone.contains_key(&entity) => {
                component(&mut edit, &entity.to_string(), &kind.name, change);
            }
            (Some(from), Some(to), Some(kind)) => {
                edge(&mut edit, (named(from), named(to)), &kind.name, change);
            }
            (None, None, Some(kind)) => {
                if let (Some(was), Some(is)) = fields(change) {
                    let resource = kind.name.clone();
                    edit.operations
                        .push(Operation::SetResource { resource: resource.clone(), value: was });
                    edit.expects.push(Expectation::Resource { resource, value: Some(is) });
                }
            }
            _ => {}
        }
    }
    let ends = spawned.iter().map(|entity| Operation::Despawn { entity: entity.to_string() });
    edit.operations.extend(ends);
    edit
}

fn component(edit: &mut Edit, entity: &str, component: &str, change: &Change) {
    let (entity, component) = (entity.to_owned(), component.to_owned());
    let (was, is) = fields(change);
    let (of, name) = (entity.clone(), component.clone());
    edit.operations.push(match (&change.old, was) {
        (None, _) => Operation::Remove { entity: of, component: name },
        (Some(_), Some(value)) if change.new.is_some() => {
            Operation::Set { entity: of, component: name, value }
        }
        (Some(_), value) => {
            Operation::Insert { entity: of, component: name, value: value.unwrap_or_default() }
        }
    });
    edit.expects.push(Expectation::Component { entity, component, value: is });
}

fn edge(edit: &mut Edit, (from, to): (String, String), relation: &str, change: &Change) {
    let relation = relation.to_owned();
    let (of, name, end) = (from.clone(), relation.clone(), to.clone());
    edit.operations.push(match all(&change.old) {
        None => Operation::Unrelate { from: of, relation: name, to: end },
        Some(value) => Operation::Relate { from: of, relation: name, to: end, value },
    });
    // Ends that come again have no edges that could have changed.
    if [&from, &to].iter().all(|end| Entity::parse(end).is_some()) {
        edit.expects.push(Expectation::Edge { from, relation, to, value: all(&change.new) });
    }
}

/// What was and what is since: where there are both, only the fields that differ.
fn fields(change: &Change) -> (Option<Fields>, Option<Fields>) {
    let (mut was, mut is) = (all(&change.old), all(&change.new));
    if let (Some(was), Some(is)) = (&mut was, &mut is) {
        let same: Vec<String> = was
            .iter()
            .filter(|(name, value)| is.get(*name) == Some(value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in same {
            was.remove(&name);
            is.remove(&name);
        }
    }
    (was, is)
}

fn all(value: &Option<PastValue>) -> Option<Fields> {
    match value.as_ref()?.to_json() {
        Json::Object(fields) => Some(fields),
        _ => None,
    }
}
