//! What people call entities and components.

use crate::ecs::{Entity, Kind, KindId, Registry, Role};
use crate::persist::error::{Failure, Outcome};
use crate::persist::history::Past;
use crate::persist::reader::Reader;
use crate::persist::restore::read_kinds;
use crate::persist::sql;

/// How alike two names must be for one to be offered for the other.
const ALIKE: f64 = 0.7;
/// How many names are offered.
const OFFERED: usize = 5;

/// A component, or one field of it.
pub(super) struct Named {
    pub id: KindId,
    pub name: String,
    /// All its fields.
    pub fields: Vec<String>,
    /// The one that is asked about.
    pub field: Option<String>,
}

impl Reader {
    /// The entity of a text: `12v3`, or its number as SQL has it.
    pub(super) fn entity_named(&self, text: &str) -> Outcome<Entity> {
        let told = |what: String| Err(Failure::Told(what));
        let entity = match text.split_once('v') {
            Some((index, generation)) => match (index.parse(), generation.parse()) {
                (Ok(index), Ok(generation)) => Some(Entity::new(index, generation)),
                _ => None,
            },
            None => text.parse().map(|bits: i64| Entity::from_bits(bits as u64)).ok(),
        };
        match entity {
            Some(entity) if entity.generation() > 0 => Ok(entity),
            Some(entity) => told(format!(
                "has no entity {text}: write it with its generation, such as {}v1, or as the \
                 number that SQL shows",
                entity.index()
            )),
            None => told(format!("has no entity `{text}`: entities are written as 12v3")),
        }
    }

    /// The component of a text: its name or that of its table, and a field of
    /// it after a dot.
    pub(super) fn component_named(&self, text: &str) -> Outcome<Named> {
        let registry = read_kinds(&self.connection)?;
        let (name, field) = match text.split_once('.') {
            Some((name, field)) => (name, Some(field)),
            None => (text, None),
        };
        let tables = sql::tables_of_kinds(&self.connection, &registry)?;
        let of_table = || tables.iter().find(|(_, table)| table.eq_ignore_ascii_case(name));
        let found = registry.find(name).or_else(|| of_table().map(|(id, _)| *id));
        let component = found.and_then(|id| Some((id, registry.known(id)?)));
        let Some((id, kind)) = component.filter(|(_, kind)| kind.role == Role::Component) else {
            return unknown(&registry, name);
        };
        let fields: Vec<String> = kind.fields.iter().map(|field| field.name.clone()).collect();
        if let Some(field) = field
            && !fields.iter().any(|known| known == field)
        {
            return Err(Failure::Told(unknown_field(kind, field)));
        }
        let past = Past::new(&self.connection);
        if past.omitted()?.contains(&id.0) {
            return Err(Failure::Told(format!(
                "keeps no history of {}: add it to `components` in [history]",
                kind.name
            )));
        }
        Ok(Named { id, name: kind.name.clone(), fields, field: field.map(str::to_owned) })
    }
}

fn unknown<T>(registry: &Registry, name: &str) -> Outcome<T> {
    let components = registry.iter().filter(|(_, kind)| kind.role == Role::Component);
    let names: Vec<&str> = components.map(|(_, kind)| kind.name.as_str()).collect();
    let near = near(name, &names);
    let what = match near.is_empty() {
        true => format!("has no component `{name}`: `SELECT name FROM kinds` lists those it has"),
        false => format!("has no component `{name}`: it has {}", near.join(", ")),
    };
    Err(Failure::Told(what))
}

fn unknown_field(kind: &Kind, field: &str) -> String {
    let fields: Vec<&str> = kind.fields.iter().map(|field| field.name.as_str()).collect();
    match fields.is_empty() {
        true => format!("has {}, which has no fields, `{field}` neither", kind.name),
        false => {
            format!("has {} without a field `{field}`: it has {}", kind.name, fields.join(", "))
        }
    }
}

/// The names that somebody may have meant, the likeliest first.
fn near<'a>(meant: &str, names: &[&'a str]) -> Vec<&'a str> {
    let plain = |name: &str| {
        let of_mod = name.split_once(['/', '_']).map_or(name, |(_, name)| name);
        of_mod.replace('_', "").to_lowercase()
    };
    let alike = |name: &str| strsim::jaro(&plain(meant), &plain(name));
    let mut near: Vec<(f64, &str)> = names.iter().map(|name| (alike(name), *name)).collect();
    near.retain(|(alike, _)| *alike >= ALIKE);
    near.sort_by(|one, two| two.0.total_cmp(&one.0));
    near.into_iter().take(OFFERED).map(|(_, name)| name).collect()
}
