//! What people call entities: the value of a component's field that the world
//! names in its settings, as it was at the tick that is asked about.

use std::collections::BTreeMap;

use rusqlite::types::Value as Cell;

use sandtable_world::ecs::{Entity, KindId, Registry, World};
use sandtable_world::label;

use super::declarations::Declarations;
use super::history::PastValue;
use super::shape::Shape;
use super::sql::exact;

/// What entities are called. One after another: an entity is called by the first label
/// that it has.
#[derive(Debug, Default)]
pub struct Labels {
    fields: Vec<Label>,
}

/// A component and a field of it.
#[derive(Debug)]
struct Label {
    kind: KindId,
    shape: Shape,
    at: usize,
}

impl Labels {
    /// The labels that the settings name, as far as there are such kinds.
    pub(super) fn of(names: &[String], registry: &Registry, declarations: &Declarations) -> Self {
        let label = |name: &String| {
            let (id, at) = label::find(name, registry).ok()?;
            let kind = registry.known(id)?;
            let shape = Shape::new(kind.clone(), declarations.of(kind));
            Some(Label { kind: id, shape, at })
        };
        Self { fields: names.iter().filter_map(label).collect() }
    }

    /// The labels that settings name, in worlds of these kinds as they are declared now;
    /// those of kinds that are not there are passed over.
    pub fn over(names: &[String], registry: &Registry) -> Self {
        Self::of(names, registry, &Declarations::default())
    }

    /// Whether entities have no names.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The components that they are in.
    pub(super) fn kinds(&self) -> impl Iterator<Item = KindId> {
        self.fields.iter().map(|label| label.kind)
    }

    /// What an entity is called in a world, if it is called anything.
    pub fn label(&self, world: &World, entity: Entity) -> Option<String> {
        self.fields.iter().find_map(|label| {
            let bytes = world.component(entity, label.kind)?.into();
            let kind = world.registry.known(label.kind)?.clone();
            label.text(&PastValue { kind, bytes })
        })
    }

    /// The living entity of a text: `12v3`, its number as SQL has it, or its label.
    ///
    /// # Errors
    ///
    /// A sentence: none is called so, or several are.
    pub fn entity(&self, world: &World, text: &str) -> Result<Entity, String> {
        let of_number = || text.parse().map(|bits: i64| Entity::from_bits(bits as u64)).ok();
        let written = Entity::parse(text).or_else(of_number);
        if let Some(entity) = written.filter(|it| world.entities.locate(*it).is_some()) {
            return Ok(entity);
        }
        let pages = world.archetypes().iter().flat_map(|it| it.entities().pages());
        let called = |entity: &Entity| self.label(world, *entity).is_some_and(|it| it == text);
        let mut found = match written {
            Some(_) => Vec::new(),
            None => pages.flat_map(|page| page.iter().copied()).filter(called).take(2).collect(),
        };
        let tick = world.tick();
        match (found.len(), found.pop()) {
            (1, Some(entity)) => Ok(entity),
            (2, Some(entity)) => Err(format!(
                "several entities are called `{text}` at tick {tick}: {entity} is one of them"
            )),
            _ => Err(format!(
                "no entity `{text}` is alive at tick {tick}: entities are written as 12v3"
            )),
        }
    }

    /// What an entity is called in the first of some worlds in which it is called
    /// anything.
    pub(super) fn shown(&self, worlds: [&World; 2], entity: Option<Entity>) -> Cell {
        let label = entity.and_then(|entity| worlds.iter().find_map(|it| self.label(it, entity)));
        label.map_or(Cell::Null, Cell::Text)
    }

    /// What an entity that has this value of one of the components is called for it.
    pub(super) fn label_of(&self, kind: KindId, value: &PastValue) -> Option<String> {
        self.fields.iter().filter(|label| label.kind == kind).find_map(|label| label.text(value))
    }

    /// Everybody in a world who is called something.
    pub(super) fn all(&self, world: &World) -> BTreeMap<Entity, String> {
        let mut all = BTreeMap::new();
        for label in &self.fields {
            let Some(kind) = world.registry.known(label.kind) else { continue };
            for (entity, bytes) in world.values(label.kind) {
                let value = PastValue { kind: kind.clone(), bytes: bytes.into() };
                if let Some(text) = label.text(&value) {
                    all.entry(entity).or_insert(text);
                }
            }
        }
        all
    }
}

impl Label {
    fn text(&self, value: &PastValue) -> Option<String> {
        match self.shape.cell(Some(value), self.at) {
            Cell::Null => None,
            cell => Some(exact(&cell)).filter(|text| !text.is_empty()),
        }
    }
}
