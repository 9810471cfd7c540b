//! From what a scenario gives to a world before its first tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Mistake;
use crate::ecs::{
    Bytes, Command, Edit, Entity, Kind, KindId, Registry, Role, Stamp, Values, in_order,
    stored_from_json,
};
use crate::fork::Fork;

use super::cell::value;
use super::file::Scenario;

/// The entities that a scenario gives, by name.
pub(super) type Names = BTreeMap<String, Entity>;

/// Puts what is given into a world that has not run yet. A mistake has the key
/// within the scenario.
pub(super) fn put(fork: &mut Fork, scenario: &Scenario) -> Result<Names, Mistake> {
    let mut world = fork.world().clone();
    let placeholder = |(number, name): (u32, &String)| {
        let most = Entity::SPAWNS_PER_CALL_MAX;
        let placeholder =
            Entity::placeholder(0, number).map(|placeholder| (name.clone(), placeholder));
        placeholder.ok_or_else(|| wrong(&["given"], format!("has more than {most} entities")))
    };
    let placeholders: Names =
        (0..).zip(scenario.given.keys()).map(placeholder).collect::<Result<_, _>>()?;
    let commands = commands(&world.registry, scenario, &placeholders)?;
    let (_, spawned) = world.apply(in_order(commands), Stamp::commands(0));
    let resolved = |(name, placeholder): (String, _)| (name, spawned.resolve(placeholder));
    let names: Names = placeholders.into_iter().map(resolved).collect();
    for (kind, json) in &scenario.resources {
        let value = find(&world.registry, Role::Component, kind)
            .and_then(|id| Ok((id, valued(world.registry.get(id), json, &names)?)));
        let (id, value) = value.map_err(|what| wrong(&["resources", kind], what))?;
        Arc::make_mut(&mut world.resources).insert(id, value);
    }
    if !scenario.startup {
        let systems = Arc::make_mut(&mut world.systems);
        for system in fork.runtime().program().systems.iter().filter(|system| system.startup) {
            systems.entry(system.name.clone()).or_default().last_run = Some(Stamp::NEVER);
        }
    }
    fill(fork, scenario, &names)?;
    fork.put(world).map_err(|error| wrong(&["tables"], format!("cannot be filled: {error}")))?;
    Ok(names)
}

fn commands(
    registry: &Registry,
    scenario: &Scenario,
    placeholders: &Names,
) -> Result<Vec<Command>, Mistake> {
    let mut commands = Vec::new();
    for (name, components) in &scenario.given {
        let mut columns = Vec::with_capacity(components.len());
        for (kind, json) in components {
            let column = find(registry, Role::Component, kind)
                .and_then(|id| Ok((id, column(registry.get(id), json, placeholders)?)));
            columns.push(column.map_err(|what| wrong(&["given", name, kind], what))?);
        }
        columns.sort_by_key(|(kind, _)| *kind);
        let (kinds, columns) = columns.into_iter().unzip();
        let entities = vec![placeholders[name]];
        let (edit, at) = (Edit::Spawn(kinds), vec![commands.len() as u64]);
        commands.push(Command { edit, at, entities, others: Vec::new(), columns });
    }
    for (number, edge) in scenario.relations.iter().enumerate() {
        let wrong = |key| move |what| wrong(&["relations", &number.to_string(), key], what);
        let id = find(registry, Role::Relation, &edge.kind).map_err(wrong("kind"))?;
        let data = column(registry.get(id), &edge.value, placeholders).map_err(wrong("value"))?;
        commands.push(Command {
            edit: Edit::Relate(id),
            at: vec![commands.len() as u64],
            entities: vec![placeholders[&edge.from]],
            others: vec![placeholders[&edge.to]],
            columns: vec![data],
        });
    }
    Ok(commands)
}

fn wrong(key: &[&str], what: String) -> Mistake {
    Mistake { key: key.iter().map(|key| (*key).to_owned()).collect(), what }
}

/// One row.
fn column(kind: &Kind, json: &Json, names: &Names) -> Result<Values, String> {
    let mut column = Values::new(kind, 1);
    column.push(&valued(kind, json, names)?);
    Ok(column)
}

/// A kind by its name.
fn find(registry: &Registry, role: Role, name: &str) -> Result<KindId, String> {
    let found = registry.find(name).filter(|id| registry.get(*id).role == role);
    found.ok_or_else(|| {
        let known = registry.iter().filter(|(_, kind)| kind.role == role);
        let known = known.map(|(_, kind)| kind.name.as_str());
        format!("is no {} of these mods: there are {}", role.name(), listed(known))
    })
}

/// A value of a kind.
fn valued(kind: &Kind, json: &Json, names: &Names) -> Result<Bytes, String> {
    stored_from_json(kind, &named(json, names)?)
        .map_err(|problem| format!("does not fit: {problem}"))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A value with entities in the place of their names, each of which is
/// `{ entity = "name" }`.
pub(super) fn named(json: &Json, names: &Names) -> Result<Json, String> {
    match json {
        Json::Object(object) => {
            if let (1, Some(Json::String(name))) = (object.len(), object.get("entity")) {
                let known = names.get(name).map(|entity| entity.to_bits().into());
                return known.ok_or_else(|| {
                    let known = listed(names.keys().map(String::as_str));
                    format!("names the entity `{name}`, which is not given: there are {known}")
                });
            }
            let fields = object.iter().map(|(key, it)| Ok((key.clone(), named(it, names)?)));
            Ok(Json::Object(fields.collect::<Result<_, String>>()?))
        }
        Json::Array(items) => items.iter().map(|item| named(item, names)).collect(),
        json => Ok(json.clone()),
    }
}

/// Puts rows into tables.
fn fill(fork: &Fork, scenario: &Scenario, names: &Names) -> Result<(), Mistake> {
    for (table, rows) in &scenario.tables {
        if !fork.world().tables.contains_key(table) {
            let known = listed(fork.world().tables.keys().map(String::as_str));
            let what = format!("is no table of these mods: there are {known}");
            return Err(wrong(&["tables", table], what));
        }
        for (number, row) in rows.iter().enumerate() {
            let wrong = |what| wrong(&["tables", table, &number.to_string()], what);
            let values = row
                .iter()
                .map(|(column, json)| Ok((column.as_str(), value(&named(json, names)?))))
                .collect::<Result<Vec<_>, String>>()
                .map_err(wrong)?;
            fork.tables()
                .insert(table, &values)
                .map_err(|error| wrong(format!("is no row of the table: {error}")))?;
        }
    }
    Ok(())
}
