//! What people call components and their fields.

use rusqlite::types::Value as Cell;

use crate::declarations::Declarations;
use crate::error::{Failure, Fallible};
use crate::history::PastValue;
use crate::reader::Reader;
use crate::restore::read_kinds;
use crate::shape::Shape;
use crate::sql::{self, cells};
use sandtable_world::ecs::{Kind, KindId, Registry, Role, Source};

/// How alike two names must be for one to be offered for the other.
const ALIKE: f64 = 0.7;
/// How many names are offered.
const OFFERED: usize = 5;

/// A component, or one field of it.
pub(super) struct Named {
    pub id: KindId,
    pub shape: Shape,
    pub asked: Asked,
}

/// What is asked about a component.
pub(super) enum Asked {
    Everything,
    /// A field that is shown, by its place in the shape.
    Field(usize),
    /// A field that is called otherwise now, by the name that it had.
    Formerly(String),
}

impl Named {
    /// What the component is called.
    pub(super) fn name(&self) -> &str {
        &self.shape.kind().name
    }

    /// Whether all of it is asked about.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.asked, Asked::Everything)
    }

    /// The names of what is asked about.
    pub(super) fn columns(&self) -> Vec<String> {
        let names = || self.shape.names().map(str::to_owned);
        match &self.asked {
            Asked::Everything => names().collect(),
            Asked::Field(at) => names().skip(*at).take(1).collect(),
            Asked::Formerly(name) => vec![name.clone()],
        }
    }

    /// What a value has of that.
    pub(super) fn cells(&self, value: Option<&PastValue>) -> Vec<Cell> {
        match (&self.asked, value) {
            (Asked::Everything, Some(value)) => self.shape.told(value),
            (Asked::Everything, None) => vec![Cell::Null; self.shape.names().count()],
            (Asked::Field(at), value) => {
                let cells = value.map(|value| self.shape.told(value));
                vec![cells.and_then(|cells| cells.into_iter().nth(*at)).unwrap_or(Cell::Null)]
            }
            (Asked::Formerly(name), value) => vec![cells::field(value, name)],
        }
    }

    /// Whether a value was written while what is asked about was called so.
    pub(super) fn was_called_so(&self, value: &PastValue) -> bool {
        match &self.asked {
            Asked::Formerly(name) => value.kind.fields.iter().any(|field| field.name == *name),
            _ => true,
        }
    }

    /// What became of a field that the component no longer has by that name.
    pub(super) fn note(&self) -> Option<String> {
        let (lineage, now) = (self.shape.lineage(), self.shape.kind());
        let name = match &self.asked {
            Asked::Everything => return None,
            Asked::Field(at) if *at < now.fields.len() => return None,
            Asked::Field(at) => self.shape.names().nth(*at)?,
            Asked::Formerly(name) => name,
        };
        let place = |kind: &Kind| kind.fields.iter().position(|field| field.name == name);
        let last = (0..lineage.count())
            .rev()
            .find(|at| lineage.kind(*at).is_some_and(|it| place(it).is_some()))?;
        let (had, (_, since)) = (lineage.kind(last)?, lineage.since(last + 1)?);
        let source = Source::Field(place(had)?);
        let became = lineage.sources(had, now).iter().position(|it| *it == source);
        let whose = &now.name;
        Some(match became.and_then(|at| now.fields.get(at)) {
            Some(it) => format!("`{name}` of {whose} became `{}` after tick {since}", it.name),
            None => format!("{whose} lost its `{name}` after tick {since}"),
        })
    }
}

impl Reader {
    /// The component of a text: its name or that of its table, and a field of
    /// it after a dot.
    pub(super) fn component_named(&self, text: &str) -> Fallible<Named> {
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
        let lineage = Declarations::read(&self.connection)?.of(kind);
        let shape = Shape::new(kind.clone(), lineage);
        let asked = match field {
            None => Asked::Everything,
            Some(field) => match (shape.names().position(|name| name == field), field) {
                (Some(at), _) => Asked::Field(at),
                (None, field) if shape.was_there(field) => Asked::Formerly(field.to_owned()),
                (None, field) => return Err(Failure::Told(unknown_field(kind, field))),
            },
        };
        let past = self.past();
        if past.omitted()?.contains(&id.0) {
            return Err(Failure::Told(format!(
                "keeps no history of {}: add it to `components` in [history]",
                kind.name
            )));
        }
        Ok(Named { id, shape, asked })
    }
}

fn unknown<T>(registry: &Registry, name: &str) -> Fallible<T> {
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

/// The names that a person may have meant, the likeliest first.
pub(super) fn near<'a>(meant: &str, names: &[&'a str]) -> Vec<&'a str> {
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
