//! A world as rows: all of it, or what differs from an earlier one.

use std::collections::BTreeMap;

use sandtable_save::{Action, Change, PastValue, differences};
use sandtable_world::ecs::{Entity, Kind, Role, World, plain, to_json};

use crate::cell::{Cell, ColumnType};
use crate::layout::{Source, Wanted};

/// A row, in the order of the columns that are wanted.
pub(crate) type Row = Vec<Cell>;

/// What becomes of the rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Rows that are new or other than before.
    pub rows: Vec<Row>,
    /// Keys of rows that went.
    pub gone: Vec<Row>,
}

/// All rows of a table over a world; none of one that is not over it.
pub(crate) fn all<'a>(world: &'a World, wanted: &Wanted) -> Box<dyn Iterator<Item = Row> + 'a> {
    match &wanted.source {
        Source::Entities => {
            let archetypes = world.archetypes().iter();
            let places = archetypes.flat_map(|archetype| {
                (0..archetype.len()).map(move |row| archetype.entities().row(row)[0])
            });
            Box::new(places.map(of_entity))
        }
        Source::Relations => Box::new(world.relations.iter().map(|(kind, from, to, data)| {
            let kind = world.registry.get(kind);
            of_edge(kind, from, to, data)
        })),
        Source::Resources => Box::new(world.resources.iter().map(|(kind, value)| {
            let kind = world.registry.get(*kind);
            of_resource(kind, value)
        })),
        Source::Component(name) => {
            let Some(id) = world.registry.find_as(name, &[Role::Component]) else {
                return Box::new(std::iter::empty());
            };
            let kind = world.registry.get(id);
            let types: Vec<ColumnType> = wanted.columns.iter().map(|(_, ty)| *ty).collect();
            Box::new(
                world
                    .values(id)
                    .map(move |(entity, value)| of_component(kind, entity, value, &types)),
            )
        }
        Source::Events | Source::Ticks | Source::Kept(_) => Box::new(std::iter::empty()),
    }
}

/// What of the tables over a world differs from an earlier one.
pub(crate) fn between(
    before: &World,
    after: &World,
    wanted: &[Wanted],
) -> BTreeMap<Source, Changed> {
    let types: BTreeMap<&str, Vec<ColumnType>> = wanted
        .iter()
        .filter_map(|wanted| match &wanted.source {
            Source::Component(name) => {
                Some((name.as_str(), wanted.columns.iter().map(|(_, ty)| *ty).collect()))
            }
            _ => None,
        })
        .collect();
    let mut changed: BTreeMap<Source, Changed> = BTreeMap::new();
    for change in differences(before, after, None) {
        let Change { action, entity, target, kind, new, .. } = change;
        let value = new.as_ref().map(|PastValue { kind, bytes }| (&**kind, &**bytes));
        let name = kind.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
        let (source, key, row) = match (entity, target) {
            (Some(entity), None) if kind.is_none() => {
                let row = (action != Action::Despawned).then(|| of_entity(entity));
                (Source::Entities, vec![of_id(entity)], row)
            }
            (Some(entity), None) => {
                let types = types.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
                let row = value.map(|(kind, value)| of_component(kind, entity, value, types));
                (Source::Component(name), vec![of_id(entity)], row)
            }
            (Some(from), Some(to)) => {
                let row = value.map(|(kind, data)| of_edge(kind, from, to, data));
                (Source::Relations, vec![Cell::Text(name), of_id(from), of_id(to)], row)
            }
            (None, _) => {
                let row = value.map(|(kind, value)| of_resource(kind, value));
                (Source::Resources, vec![Cell::Text(name)], row)
            }
        };
        let into = changed.entry(source).or_default();
        match row {
            Some(row) => into.rows.push(row),
            None => into.gone.push(key),
        }
    }
    changed
}

fn of_id(entity: Entity) -> Cell {
    Cell::Signed(entity.to_bits().cast_signed())
}

fn of_entity(entity: Entity) -> Row {
    vec![of_id(entity), Cell::Text(entity.to_string())]
}

fn of_component(kind: &Kind, entity: Entity, value: &[u8], types: &[ColumnType]) -> Row {
    let fields = plain(kind, value).into_iter().zip(types.iter().skip(1));
    let fields = fields.map(|(value, ty)| Cell::of(value, *ty));
    std::iter::once(of_id(entity)).chain(fields).collect()
}

fn of_edge(kind: &Kind, from: Entity, to: Entity, data: &[u8]) -> Row {
    let data = Cell::Json(to_json(kind, data));
    vec![Cell::Text(kind.name.clone()), of_id(from), of_id(to), data]
}

fn of_resource(kind: &Kind, value: &[u8]) -> Row {
    vec![Cell::Text(kind.name.clone()), Cell::Json(to_json(kind, value))]
}
