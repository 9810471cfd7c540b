//! What the tables over a world are called, and which columns they have.
//!
//! A component or relation `economy/TaxRate` is the table `economy_tax_rate`.
//! A table or column that comes later by kind and would be called like another
//! one gets a number behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::declarations::Declarations;
use crate::shape::Shape;
use crate::table_shape::{BINARY, ColumnShape, TableShape};
use sandtable_world::ecs::{Entity, KindId, Registry, Role, Type};

use super::cells;
use super::views;

/// A table over a world.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// What it is called.
    pub name: String,
    /// Names and types of its columns.
    pub columns: Vec<(String, &'static str)>,
    /// Where its rows come from.
    pub source: Source,
}

impl Shown {
    /// What it is for a caller that asks for tables.
    pub(super) fn shape(&self) -> TableShape {
        let columns = self.columns.iter().map(|(name, ty)| ColumnShape {
            name: name.clone(),
            ty: (*ty).to_owned(),
            collation: BINARY.to_owned(),
        });
        TableShape { name: self.name.clone(), columns: columns.collect() }
    }
}

/// Where the rows of a table come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Every entity that has this component: the entity, then the fields. Where
    /// it is a resource too, that is a row without an entity.
    Component(KindId),
    /// Every edge of this kind: its ends, then the fields.
    Relation(KindId),
    /// Every edge of any kind: the kind, its ends, its data.
    Relations,
    /// Every entity.
    Entities,
    /// Every component of the world itself: its name and value.
    Resources,
    /// Every value that a component had: tick, entity, the fields that it has or
    /// had, and who changed it.
    History(KindId, Arc<Shape>),
    /// Everything that happened.
    Changes,
    /// Few rows, listed.
    Listed(Vec<Vec<Value>>),
}

/// A name as SQL takes any.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables and views that the file itself has.
pub(super) fn taken(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut select = connection.prepare("SELECT lower(name) FROM sqlite_schema")?;
    let names = select.query_map([], |row| row.get(0))?;
    names.collect()
}

/// Every table over a world, but the listing of tables.
pub(super) fn shown(
    registry: &Registry,
    declarations: &Declarations,
    taken: &BTreeSet<String>,
) -> Vec<Shown> {
    let mut names = Names::beside(taken);
    let mut shown = vec![
        Shown {
            name: "entities".to_owned(),
            columns: typed(&[
                ("entity", "INTEGER"),
                ("archetype", "INTEGER"),
                ("components", "TEXT"),
            ]),
            source: Source::Entities,
        },
        Shown {
            name: "resources".to_owned(),
            columns: typed(&[("name", "TEXT"), ("value", "TEXT")]),
            source: Source::Resources,
        },
        Shown {
            name: "relations".to_owned(),
            columns: typed(&[
                ("kind", "TEXT"),
                ("source", "INTEGER"),
                ("target", "INTEGER"),
                ("data", "TEXT"),
            ]),
            source: Source::Relations,
        },
        Shown {
            name: "kinds".to_owned(),
            columns: typed(&[("name", "TEXT"), ("role", "TEXT"), ("fields", "TEXT")]),
            source: Source::Listed(kinds(registry)),
        },
        Shown {
            name: "changes".to_owned(),
            columns: typed(&[
                ("tick", "INTEGER"),
                ("entity", "INTEGER"),
                ("component", "TEXT"),
                ("action", "TEXT"),
                ("old", "TEXT"),
                ("new", "TEXT"),
                ("mod", "TEXT"),
                ("system", "TEXT"),
                ("step", "TEXT"),
                ("sender", "TEXT"),
                ("target", "INTEGER"),
            ]),
            source: Source::Changes,
        },
    ];
    let of_kinds = of_kinds(registry, &mut names);
    let histories = of_kinds.iter().filter_map(|table| match table.source {
        Source::Component(id) => {
            let kind = registry.get(id).clone();
            let shape = Shape::new(kind.clone(), declarations.of(&kind));
            Some(history(id, shape, table, &mut names))
        }
        _ => None,
    });
    let histories: Vec<Shown> = histories.collect();
    shown.extend(of_kinds);
    shown.extend(histories);
    shown
}

/// What the tables of all components and relations are called.
pub(crate) fn tables_of_kinds(
    connection: &Connection,
    registry: &Registry,
) -> rusqlite::Result<Vec<(KindId, String)>> {
    let tables = of_kinds(registry, &mut Names::beside(&taken(connection)?));
    let named = tables.into_iter().filter_map(|table| match table.source {
        Source::Component(kind) | Source::Relation(kind) => Some((kind, table.name)),
        _ => None,
    });
    Ok(named.collect())
}

/// A table for each component and relation.
fn of_kinds(registry: &Registry, names: &mut Names) -> Vec<Shown> {
    let mut shown = Vec::new();
    for (id, kind) in registry.iter() {
        let (ends, source): (&[&str], _) = match kind.role {
            Role::Component => (&["entity"], Source::Component(id)),
            Role::Relation => (&["source", "target"], Source::Relation(id)),
            Role::Event | Role::Input => continue,
        };
        let mut columns = Names::default();
        let ends = ends.iter().map(|end| (columns.claim(end), "INTEGER")).collect();
        let mut table = Shown { name: names.claim(&table_name(&kind.name)), columns: ends, source };
        let fields =
            kind.fields.iter().map(|field| (columns.claim(&field.name), affinity(&field.ty)));
        table.columns.extend(fields);
        shown.push(table);
    }
    shown
}

/// What became of a component, beside its table.
fn history(kind: KindId, shape: Shape, table: &Shown, names: &mut Names) -> Shown {
    let mut columns = Names::default();
    let mut all = vec![(columns.claim("tick"), "INTEGER")];
    all.extend(table.columns.iter().map(|(name, ty)| (columns.claim(name), *ty)));
    let gone = shape.names().zip(shape.types()).skip(table.columns.len() - 1);
    all.extend(gone.map(|(name, ty)| (columns.claim(name), affinity(ty))));
    let by = ["action", "mod", "system", "step", "sender"];
    all.extend(by.map(|name| (columns.claim(name), "TEXT")));
    let name = names.claim(&format!("{}_history", table.name));
    Shown { name, columns: all, source: Source::History(kind, Arc::new(shape)) }
}

/// The table of entities that were given names.
pub(super) fn given(names: &BTreeMap<String, Entity>) -> Shown {
    let row = |(name, entity): (&String, &Entity)| {
        vec![Value::Text(name.clone()), cells::entity(*entity)]
    };
    Shown {
        name: "given".to_owned(),
        columns: typed(&[("name", "TEXT"), ("entity", "INTEGER")]),
        source: Source::Listed(names.iter().map(row).collect()),
    }
}

const LISTING: &str = "tables";

/// What is shown of every world.
const FIXED: &[&str] = &["entities", "resources", "relations", "kinds", "changes", LISTING];

/// The tables that mods keep themselves, each with its columns.
pub(super) fn of_mods(
    connection: &Connection,
    names: Vec<String>,
) -> rusqlite::Result<Vec<(String, String)>> {
    let mut select =
        connection.prepare("SELECT group_concat(name, ', ') FROM pragma_table_info(?1)")?;
    let of = |name: String| {
        let columns = select.query_row([&name], |row| row.get(0))?;
        Ok((name, columns))
    };
    names.into_iter().map(of).collect()
}

/// The table that lists the others.
pub(super) fn listing(shown: &[Shown], tick: Option<u64>, of_mods: &[(String, String)]) -> Shown {
    let own = ["name", "what", "columns"];
    let line = |name: &str, what: &str, columns: String| {
        vec![Value::Text(name.to_owned()), Value::Text(what.to_owned()), Value::Text(columns)]
    };
    let mut rows: Vec<Vec<Value>> = shown
        .iter()
        .map(|shown| {
            let columns: Vec<&str> = shown.columns.iter().map(|(name, _)| name.as_str()).collect();
            let what = match shown.source {
                Source::Component(_) => "component",
                Source::Relation(_) => "relation",
                Source::History(..) | Source::Changes => "history",
                Source::Entities | Source::Relations | Source::Resources | Source::Listed(_) => {
                    "world"
                }
            };
            line(&shown.name, what, columns.join(", "))
        })
        .collect();
    rows.extend(views::at(tick).map(|view| line(view.name, "log", view.names())));
    rows.extend(of_mods.iter().map(|(name, columns)| line(name, "mod's table", columns.clone())));
    rows.push(line(LISTING, "world", own.join(", ")));
    Shown {
        name: LISTING.to_owned(),
        columns: own.map(|name| (name.to_owned(), "TEXT")).into(),
        source: Source::Listed(rows),
    }
}

fn typed(columns: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    columns.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect()
}

/// The type that a column is declared with.
fn affinity(ty: &Type) -> &'static str {
    match ty {
        // Declared as numbers, texts of digits would be rounded to compare.
        Type::Unsigned(8) => "",
        Type::Bool | Type::Unsigned(_) | Type::Signed(_) | Type::Entity => "INTEGER",
        Type::F32 | Type::F64 => "REAL",
        Type::Option(item) => affinity(item),
        _ => "TEXT",
    }
}

fn kinds(registry: &Registry) -> Vec<Vec<Value>> {
    let kinds = registry.iter().map(|(_, kind)| {
        let fields: Vec<String> =
            kind.fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        let texts = [kind.name.clone(), kind.role.name().to_owned(), fields.join(", ")];
        texts.map(Value::Text).into()
    });
    kinds.collect()
}

/// Names that are taken, in lower case as SQL compares them.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Beside the names that the file has and those that are the same in all saves.
    fn beside(taken: &BTreeSet<String>) -> Self {
        let mut names = Self { taken: taken.clone() };
        names.taken.extend(views::names());
        names.taken.extend(FIXED.iter().chain(&["sqlite_schema"]).map(|name| (*name).to_owned()));
        names
    }

    /// The name itself, or with a number behind when it is taken.
    fn claim(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let free = candidates.find(|name| self.taken.insert(name.to_lowercase()));
        free.unwrap_or_default()
    }
}

/// What the table of a kind of this name is called where no other is: that of
/// `economy/TaxRate` is `economy_tax_rate`.
pub fn table_name(kind: &str) -> String {
    let mut name = String::new();
    let mut before = '/';
    let mut letters = kind.chars().peekable();
    while let Some(letter) = letters.next() {
        let starts_word = letter.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase()
                    && letters.peek().is_some_and(char::is_ascii_lowercase)));
        if starts_word {
            name.push('_');
        }
        name.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
        before = letter;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_become_names_in_snake_case() {
        for (kind, expected) in [
            ("demography/Population", "demography_population"),
            ("economy/TaxRate", "economy_tax_rate"),
            ("economy/GDPShare", "economy_gdp_share"),
            ("a/Top10Nations", "a_top10_nations"),
            ("a/B", "a_b"),
        ] {
            assert_eq!(table_name(kind), expected);
        }
    }

    #[test]
    fn who_comes_later_gets_a_number() {
        let mut names = Names::default();
        assert_eq!(names.claim("entity"), "entity");
        assert_eq!(names.claim("Entity"), "Entity_2");
        assert_eq!(names.claim("entity"), "entity_3");
    }
}
