//! From what a scenario gives to a world before its first tick.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Mistake;
use crate::ecs::{
    Bytes, Command, Edit, Entity, Kind, KindId, Registry, Role, Stamp, Values, in_order,
    stored_from_json,
};
use crate::simulation::Simulation;

use super::answer::value;
use super::file::Scenario;

/// The entities that a scenario gives, by name.
pub(super) type Names = BTreeMap<String, Entity>;

/// Puts what is given into a world that has not run yet. A mistake has the key
/// within the scenario.
pub(super) fn put(simulation: &mut Simulation, scenario: &Scenario) -> Result<Names, Mistake> {
    let mut world = simulation.now.world.clone();
    let stand_ins: Names = (0..)
        .zip(scenario.given.keys())
        .map(|(number, name)| (name.clone(), Entity::stand_in(0, number)))
        .collect();
    let commands = commands(&world.registry, scenario, &stand_ins)?;
    let (_, spawned) = world.apply(in_order(commands), Stamp::commands(0));
    let resolved = |(name, stand_in): (String, _)| (name, spawned.resolve(stand_in));
    let names: Names = stand_ins.into_iter().map(resolved).collect();
    for (kind, json) in &scenario.resources {
        let (id, value) = valued(&world.registry, Role::Component, kind, json, &names)
            .map_err(|what| wrong(&["resources", kind], what))?;
        Arc::make_mut(&mut world.resources).insert(id, value);
    }
    fill(simulation, scenario, &names)?;
    let tables = simulation.tables.commit().and_then(|()| simulation.tables.tables());
    let failed = |error| wrong(&["tables"], format!("cannot be filled: {error}"));
    world.tables = Arc::new(tables.map_err(failed)?);
    simulation.now.world = world;
    simulation.committed = simulation.now.clone();
    Ok(names)
}

fn commands(
    registry: &Registry,
    scenario: &Scenario,
    stand_ins: &Names,
) -> Result<Vec<Command>, Mistake> {
    let mut commands = Vec::new();
    for (name, components) in &scenario.given {
        let mut columns = Vec::with_capacity(components.len());
        for (kind, json) in components {
            let (id, value) = valued(registry, Role::Component, kind, json, stand_ins)
                .map_err(|what| wrong(&["given", name, kind], what))?;
            columns.push((id, column(registry.get(id), &value)));
        }
        columns.sort_by_key(|(kind, _)| *kind);
        let (kinds, columns) = columns.into_iter().unzip();
        let entities = vec![stand_ins[name]];
        let (edit, at) = (Edit::Spawn(kinds), vec![commands.len() as u64]);
        commands.push(Command { edit, at, entities, others: Vec::new(), columns });
    }
    for (number, edge) in scenario.relations.iter().enumerate() {
        let (id, value) = valued(registry, Role::Relation, &edge.kind, &edge.value, stand_ins)
            .map_err(|what| wrong(&["relations", &number.to_string()], what))?;
        commands.push(Command {
            edit: Edit::Relate(id),
            at: vec![commands.len() as u64],
            entities: vec![stand_ins[&edge.from]],
            others: vec![stand_ins[&edge.to]],
            columns: vec![column(registry.get(id), &value)],
        });
    }
    Ok(commands)
}

fn wrong(key: &[&str], what: String) -> Mistake {
    Mistake { key: key.iter().map(|key| (*key).to_owned()).collect(), what }
}

fn column(kind: &Kind, value: &Bytes) -> Values {
    let mut column = Values::new(kind, 1);
    column.push(value);
    column
}

/// A kind by its name and a value of it, or what is wrong with one of them.
fn valued(
    registry: &Registry,
    role: Role,
    name: &str,
    json: &Json,
    names: &Names,
) -> Result<(KindId, Bytes), String> {
    let Some(id) = registry.find(name).filter(|id| registry.get(*id).role == role) else {
        let known = registry.iter().filter(|(_, kind)| kind.role == role);
        let known: Vec<String> = known.map(|(_, kind)| format!("`{}`", kind.name)).collect();
        return Err(match known.as_slice() {
            [] => format!("is {} `{name}`, and these mods have none", article(role)),
            known => format!(
                "is {} `{name}`, which no mod declares: there are {}",
                article(role),
                known.join(", ")
            ),
        });
    };
    let json = named(json, names)?;
    let value = stored_from_json(registry.get(id), &json);
    Ok((id, value.map_err(|problem| format!("is not a `{name}`: {problem}"))?))
}

fn article(role: Role) -> &'static str {
    match role {
        Role::Component => "the component",
        Role::Relation => "the relation",
        Role::Event => "the event",
        Role::Input => "the input",
    }
}

/// A value with entities in the place of their names: whatever is
/// `{ entity = "name" }`.
pub(super) fn named(json: &Json, names: &Names) -> Result<Json, String> {
    match json {
        Json::Object(object) => {
            if let (1, Some(Json::String(name))) = (object.len(), object.get("entity")) {
                let known = names.get(name).map(|entity| entity.to_bits().into());
                return known.ok_or_else(|| {
                    let known: Vec<String> = names.keys().map(|it| format!("`{it}`")).collect();
                    format!(
                        "names the entity `{name}`, which is not given: there are {}",
                        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                    )
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
fn fill(simulation: &Simulation, scenario: &Scenario, names: &Names) -> Result<(), Mistake> {
    for (table, rows) in &scenario.tables {
        if !simulation.now.world.tables.contains_key(table) {
            let known = simulation.now.world.tables.keys();
            let known: Vec<String> = known.map(|table| format!("`{table}`")).collect();
            let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let what = format!("is no table of these mods: there are {there}");
            return Err(wrong(&["tables", table], what));
        }
        for (number, row) in rows.iter().enumerate() {
            let wrong = |what| wrong(&["tables", table, &number.to_string()], what);
            let values = row
                .iter()
                .map(|(column, json)| Ok((column.as_str(), value(&named(json, names)?))))
                .collect::<Result<Vec<_>, String>>()
                .map_err(wrong)?;
            simulation
                .tables
                .insert(table, &values)
                .map_err(|error| wrong(format!("is no row of the table: {error}")))?;
        }
    }
    Ok(())
}
