//! Which entity a text means, and what entities are called.

use std::collections::{BTreeMap, BTreeSet};

use super::Ticks;
use super::names::near;
use crate::declarations::Declarations;
use crate::error::{Failure, Fallible};
use crate::history::{ChangeStream, Filter};
use crate::labels::Labels;
use crate::reader::Reader;
use crate::restore::read_kinds;
use crate::settings::settings;
use sandtable_world::ecs::Entity;

/// How many entities of one label are listed.
const LISTED: usize = 20;

impl Reader {
    /// The entity of a text: `12v3`, its number as SQL has it, or its label at
    /// the last of some ticks; or one that an entity had before.
    pub(super) fn entity_named(&self, text: &str, ticks: Ticks) -> Fallible<Entity> {
        let of_number = || text.parse().map(|bits: i64| Entity::from_bits(bits as u64)).ok();
        let written = Entity::parse(text).or_else(of_number);
        match written {
            Some(entity) if entity.generation() > 0 => Ok(entity),
            Some(entity) => match self.labelled(text, ticks)? {
                Ok(entity) => Ok(entity),
                Err(_) => Err(Failure::Told(format!(
                    "has no entity {text}: write it with its generation, such as {}v1, or as \
                     the number that SQL shows",
                    entity.index()
                ))),
            },
            None => self.labelled(text, ticks)?.map_err(Failure::Told),
        }
    }

    /// What entities are called in this save.
    pub(super) fn labels(&self) -> Fallible<Labels> {
        let names = settings(&self.connection)?.world.label;
        if names.is_empty() {
            return Ok(Labels::default());
        }
        let declarations = Declarations::read(&self.connection)?;
        Ok(Labels::of(&names, &read_kinds(&self.connection)?, &declarations))
    }

    /// The entity that is called by a text, or why there is not one.
    fn labelled(&self, text: &str, ticks: Ticks) -> Fallible<Result<Entity, String>> {
        let labels = self.labels()?;
        if labels.is_empty() {
            return Ok(Err(format!(
                "has no entity `{text}`: entities are written as 12v3, and `label` in [world] of \
                 a world file says by what else they are known"
            )));
        }
        let past = self.past();
        let last = *self.window(ticks, &mut Vec::new())?.end();
        let (world, _) = past.world(last)?;
        let all = labels.all(&world);
        let mut found = called(text, all.iter().map(|(entity, label)| (*entity, label.as_str())));
        let mut when = format!("at tick {last}");
        if found.is_empty() {
            found = self.ever_labelled(&labels, text, last)?;
            when = format!("up to tick {last}");
        }
        let found: Vec<Entity> = found.into_iter().collect();
        Ok(match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let names: BTreeSet<&str> = all.values().map(String::as_str).collect();
                let near = near(text, &names.into_iter().collect::<Vec<_>>());
                let near = match near.is_empty() {
                    true => String::new(),
                    false => format!(": there is {}", near.join(", ")),
                };
                Err(format!("has no entity that is called `{text}` {when}{near}"))
            }
            several => {
                let listed: Vec<String> =
                    several.iter().take(LISTED).map(Entity::to_string).collect();
                let more = if several.len() > LISTED { ", and more" } else { "" };
                let (count, listed) = (several.len(), listed.join(", "));
                Err(format!(
                    "has {count} entities called `{text}` {when}: give one of {listed}{more}"
                ))
            }
        })
    }

    /// Everybody who was called by a text at some tick.
    fn ever_labelled(&self, labels: &Labels, text: &str, last: u64) -> Fallible<BTreeSet<Entity>> {
        let past = self.past();
        let mut known: BTreeSet<(Entity, String)> = BTreeSet::new();
        for kind in labels.kinds() {
            let filter = Filter { kind: Some(kind), start: true, ..Filter::default() };
            let mut course = ChangeStream::between(past, past.first()?, last, filter)?;
            while let Some(changes) = course.next(past)? {
                for change in &changes {
                    let label = change.new.as_ref().and_then(|it| labels.label_of(kind, it));
                    known.extend(change.entity.zip(label));
                }
            }
        }
        Ok(called(text, known.iter().map(|(entity, label)| (*entity, label.as_str()))))
    }

    /// What an entity was called last in some ticks, as a sentence.
    pub(super) fn called(&self, entity: Entity, ticks: Ticks) -> Fallible<Option<String>> {
        let labels = self.labels()?;
        let past = self.past();
        if labels.is_empty() {
            return Ok(None);
        }
        let window = self.window(ticks, &mut Vec::new())?;
        for kind in labels.kinds() {
            let entity = Some(entity);
            let filter = Filter { entity, kind: Some(kind), start: true, both_ends: false };
            let mut course = ChangeStream::between(past, *window.start(), *window.end(), filter)?;
            let mut last = None;
            while let Some(changes) = course.next(past)? {
                let values = changes.into_iter().filter_map(|change| change.new);
                last = values.filter_map(|it| labels.label_of(kind, &it)).last().or(last);
            }
            if let (Some(label), Some(entity)) = (last, entity) {
                return Ok(Some(format!("{entity} is {label}")));
            }
        }
        Ok(None)
    }
}

/// The entities that are called so; where there are none, those of the same letters,
/// small or capital.
fn called<'a>(text: &str, all: impl Iterator<Item = (Entity, &'a str)>) -> BTreeSet<Entity> {
    let small = text.to_lowercase();
    let mut alike: BTreeMap<bool, BTreeSet<Entity>> = BTreeMap::new();
    for (entity, label) in all.filter(|(_, label)| label.to_lowercase() == small) {
        alike.entry(label == text).or_default().insert(entity);
    }
    alike.remove(&true).or_else(|| alike.remove(&false)).unwrap_or_default()
}
