//! How the worlds of two ticks differ.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::{Answer, Ticks, columns, entity, same, text};
use crate::declarations::Declarations;
use crate::error::{Fallible, SaveError};
use crate::history::{Action, Change, Filter, Origin, StepKind, between};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::sql::cells::json;
use crate::sql::{Table, cell_to_json};
use sandtable_world::ecs::{Entity, KindId, World};

impl Reader {
    /// Who came and went between two ticks, which values, edges and resources
    /// differ, and which rows of the tables of mods.
    ///
    /// # Errors
    ///
    /// History does not reach back to both ticks, or the save cannot be read or is
    /// damaged.
    pub fn diff(&self, ticks: Ticks) -> Result<Answer, SaveError> {
        self.answer(self.try_diff(ticks))
    }

    fn try_diff(&self, ticks: Ticks) -> Fallible<Answer> {
        let mut notes = Vec::new();
        let window = self.window(ticks, &mut notes)?;
        let (from, to) = (*window.start(), *window.end());
        let past = self.past();
        let (before, mut omitted) = past.world(from)?;
        let (after, also) = past.world(to)?;
        omitted.extend(also);
        let origin = Origin::of(to, StepKind::Ticks);
        let changes = between(&before, &after, &omitted, &Filter::default(), &origin);
        let declarations = Declarations::read(&self.connection)?;
        let shapes = after.registry.iter();
        let shapes: BTreeMap<&str, Shape> = shapes
            .map(|(_, kind)| (&*kind.name, Shape::new(kind.clone(), declarations.of(kind))))
            .collect();
        let told = changes.iter().flat_map(|change| {
            let ends = (change.entity, change.target);
            of_change(change, &shapes).into_iter().map(move |row| (ends, row))
        });
        let mut rows: Vec<(Ends, Vec<Value>)> = told.collect();
        notes.extend(shapes.values().filter_map(|shape| shape.became(&before.registry)));
        // They are put together of copies, which takes longer than all else.
        if before.tables != after.tables {
            let tables = (past.tables(from, false)?, past.tables(to, false)?);
            let of_tables = of_tables((&before, &tables.0.lock()), (&after, &tables.1.lock()))?;
            rows.extend(of_tables.into_iter().map(|row| ((None, None), row)));
        }
        let names = omitted.iter().filter_map(|kind| after.registry.known(KindId(*kind)));
        let names: Vec<&str> = names.map(|kind| kind.name.as_str()).collect();
        if !names.is_empty() {
            notes.push(format!("its history does not keep values of {}", names.join(", ")));
        }
        let mut columns = columns(&["action", "entity", "name", "target", "field", "old", "new"]);
        let labels = self.labels()?;
        if !labels.is_empty() {
            let worlds = [&after, &before];
            for ((entity, target), row) in &mut rows {
                row.insert(4, labels.shown(worlds, *target));
                row.insert(2, labels.shown(worlds, *entity));
            }
            columns.insert(4, "target_label".to_owned());
            columns.insert(2, "label".to_owned());
        }
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Answer { table: Table { columns, rows }, notes })
    }
}

/// Whom a row is about: an entity, and one that it is or was related to.
type Ends = (Option<Entity>, Option<Entity>);

/// A row for each field that differs; one where a value came or went.
fn of_change(change: &Change, shapes: &BTreeMap<&str, Shape>) -> Vec<Vec<Value>> {
    let Change { action, kind, target, old, new, .. } = change;
    let name = kind.as_ref().map_or(Value::Null, |kind| text(&kind.name));
    let row = |at: Value, old: Value, new: Value| {
        let (whose, target) = (entity(change.entity), entity(*target));
        vec![text(action.name()), whose, name.clone(), target, at, old, new]
    };
    let shape = kind.as_ref().and_then(|kind| shapes.get(&*kind.name));
    let (Action::Changed, Some(old), Some(new), Some(shape)) = (action, old, new, shape) else {
        return vec![row(Value::Null, json(old.as_ref()), json(new.as_ref()))];
    };
    let cells = shape.told(old).into_iter().zip(shape.told(new));
    let fields = shape.names().zip(cells).filter(|(_, (old, new))| !same(old, new));
    let mut rows: Vec<_> = fields.map(|(name, (old, new))| row(text(name), old, new)).collect();
    if rows.is_empty() {
        // It is the same in another declaration.
        rows.push(row(Value::Null, json(Some(old)), json(Some(new))));
    }
    rows
}

type TextRows = BTreeMap<String, String>;

/// A row for each table with other rows, and one for each of these.
fn of_tables(
    (before, old): (&World, &Connection),
    (after, new): (&World, &Connection),
) -> Fallible<Vec<Vec<Value>>> {
    let mut names: Vec<&String> = before.tables.keys().chain(after.tables.keys()).collect();
    names.sort();
    names.dedup();
    let mut told = Vec::new();
    for name in names {
        if before.tables.get(name) == after.tables.get(name) {
            continue;
        }
        let row = |action: &str, key: Value, old: Value, new: Value| {
            vec![text(action), Value::Null, text(name), Value::Null, key, old, new]
        };
        let count = |world: &World| {
            world.tables.get(name).map_or(Value::Null, |state| super::number(state.rows))
        };
        told.push(row("rows", Value::Null, count(before), count(after)));
        let (old, new) = (rows_of(old, name)?, rows_of(new, name)?);
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let action = match (old.get(key), new.get(key)) {
                (Some(old), Some(new)) if old == new => continue,
                (Some(_), Some(_)) => Action::Changed,
                (None, _) => Action::Inserted,
                (_, None) => Action::Removed,
            };
            let shown = |rows: &TextRows| rows.get(key).map_or(Value::Null, |row| text(row));
            told.push(row(action.name(), text(key), shown(&old), shown(&new)));
        }
    }
    Ok(told)
}

/// The rows of a table by key, both as JSON.
fn rows_of(connection: &Connection, table: &str) -> Fallible<TextRows> {
    let keys: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Ok(TextRows::new());
    }
    let sql = format!("SELECT * FROM main.\"{}\"", table.replace('"', "\"\""));
    let mut select = connection.prepare(&sql)?;
    let names: Vec<String> = select.column_names().map(str::to_owned).collect();
    let mut rows = select.query([])?;
    let mut found = TextRows::new();
    while let Some(row) = rows.next()? {
        let mut object = serde_json::Map::new();
        for (at, name) in names.iter().enumerate() {
            object.insert(name.clone(), cell_to_json(&row.get(at)?));
        }
        let key = keys.iter().map(|key| object.get(key).cloned().unwrap_or(Json::Null));
        let key = Json::Array(key.collect()).to_string();
        found.insert(key, Json::Object(object).to_string());
    }
    Ok(found)
}
