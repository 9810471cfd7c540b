//! Which tables a mirror has, and what they and their columns are called.
//!
//! A name is given once and kept: what is called how stands in the mirror itself, in
//! `mirror_tables` and `mirror_columns`. A field that comes, or gets another type, is a
//! column that is added; none is dropped.

use std::collections::{BTreeMap, BTreeSet};

use sandtable_save::{KeptTable, quoted, table_name};
use sandtable_world::ecs::{Registry, Role};

use crate::cell::ColumnType;

/// How the tables of a mirror are laid out, as a number that grows.
pub(crate) const FORMAT: i32 = 1;

/// Bytes that PostgreSQL keeps of a name.
const NAME_MAX: usize = 63;

/// Columns that every table of PostgreSQL has of itself.
const OF_POSTGRES: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Where the rows of a table come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Entities,
    Relations,
    Resources,
    Events,
    Ticks,
    /// The values of a component, by its name.
    Component(String),
    /// A table of a mod.
    Kept(String),
}

impl Source {
    /// As it is kept: what it is, and its name.
    pub fn kept(&self) -> (&'static str, &str) {
        match self {
            Self::Entities => ("world", "entities"),
            Self::Relations => ("world", "relations"),
            Self::Resources => ("world", "resources"),
            Self::Events => ("log", "events"),
            Self::Ticks => ("log", "ticks"),
            Self::Component(name) => ("component", name),
            Self::Kept(name) => ("table", name),
        }
    }

    /// Whether the save forgets rows of it, which the mirror keeps.
    pub fn is_log(&self) -> bool {
        matches!(self, Self::Events | Self::Ticks)
    }
}

/// A table as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub source: Source,
    /// What it is called where the name is free.
    pub name: String,
    /// Its columns, those of the key first.
    pub columns: Vec<(String, ColumnType)>,
    /// How many of them are the key.
    pub key: usize,
}

impl Wanted {
    fn fixed(source: Source, columns: &[(&str, ColumnType)], key: usize) -> Self {
        let name = source.kept().1.to_owned();
        let columns = columns.iter().map(|(name, ty)| ((*name).to_owned(), *ty)).collect();
        Self { source, name, columns, key }
    }

    /// Its key in words: with another, it is another table.
    pub fn key_told(&self) -> String {
        let key = self.columns[..self.key].iter();
        key.map(|(name, ty)| format!("{name} {}", ty.sql())).collect::<Vec<_>>().join(", ")
    }
}

/// The tables of a world of these kinds and tables of mods.
pub(crate) fn wanted(registry: &Registry, kept: &[KeptTable]) -> Vec<Wanted> {
    use ColumnType::{Big, Json, Text, Time};
    let mut wanted = vec![
        Wanted::fixed(Source::Entities, &[("entity", Big), ("name", Text)], 1),
        Wanted::fixed(
            Source::Relations,
            &[("type", Text), ("from", Big), ("to", Big), ("data", Json)],
            3,
        ),
        Wanted::fixed(Source::Resources, &[("name", Text), ("data", Json)], 1),
        Wanted::fixed(
            Source::Events,
            &[("tick", Big), ("name", Text), ("number", Big), ("system", Text), ("payload", Json)],
            3,
        ),
        Wanted::fixed(
            Source::Ticks,
            &[
                ("tick", Big),
                ("spawned", Big),
                ("despawned", Big),
                ("entities", Big),
                ("committed_at", Time),
                ("state", Text),
                ("chain", Text),
            ],
            1,
        ),
    ];
    let components = registry.iter().filter(|(_, kind)| kind.role == Role::Component);
    wanted.extend(components.map(|(_, kind)| {
        let fields = kind.fields.iter();
        // A field may be called like the key.
        let fields = fields.map(|field| {
            let name = if field.name == "entity" { "entity/field" } else { &field.name };
            (name.to_owned(), ColumnType::of(&field.ty))
        });
        Wanted {
            source: Source::Component(kind.name.clone()),
            name: table_name(&kind.name),
            columns: std::iter::once(("entity".to_owned(), Big)).chain(fields).collect(),
            key: 1,
        }
    }));
    wanted.extend(kept.iter().filter(|table| !table.key.is_empty()).map(|table| {
        let of_key = |(name, _): &&(String, String)| table.key.contains(name);
        let of_name = |name: &String| table.columns.iter().find(|(other, _)| other == name);
        let key = table.key.iter().filter_map(of_name);
        let all = key.chain(table.columns.iter().filter(|it| !of_key(it)));
        let columns = all.map(|(name, ty)| (name.clone(), ColumnType::of_sqlite(ty)));
        Wanted {
            source: Source::Kept(table.name.clone()),
            name: table.name.clone(),
            columns: columns.collect(),
            key: table.key.len(),
        }
    }));
    wanted
}

/// A column of the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    pub ty: ColumnType,
}

/// A table of the mirror, with the columns that are written now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    /// In the order of those that are wanted.
    pub columns: Vec<Column>,
    pub key: usize,
}

impl Table {
    /// Columns as SQL lists them, each with what is said before it.
    pub fn listed(columns: &[Column], before: &str) -> String {
        let names = columns.iter().map(|it| format!("{before}{}", quoted(&it.name)));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The columns of the key.
    pub fn keys(&self) -> &[Column] {
        &self.columns[..self.key]
    }
}

/// A table that was made, as `mirror_tables` and `mirror_columns` know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Laid {
    pub name: String,
    pub what: String,
    pub source: String,
    pub key: String,
    /// By field: its column, for each type that it had.
    pub columns: Vec<(String, Column)>,
}

impl Laid {
    /// Whether it is the table that is wanted.
    pub fn is(&self, wanted: &Wanted) -> bool {
        let (what, source) = wanted.source.kept();
        self.what == what && self.source == source && self.key == wanted.key_told()
    }

    /// The column of a field of a type.
    pub fn column(&self, field: &str, ty: ColumnType) -> Option<&Column> {
        let mut columns = self.columns.iter();
        columns.find(|(of, column)| of == field && column.ty == ty).map(|(_, column)| column)
    }
}

/// The relations that a schema has, each with its columns.
pub(crate) type Names = BTreeMap<String, BTreeSet<String>>;

/// A name that is not taken, like the one that is wanted: in lower case, as SQL has names
/// without quotes, of at most 63 bytes, and with a number behind where it is taken.
pub(crate) fn free(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let wanted = fitting(&wanted.to_lowercase());
    let numbered = (2_u32..).map(|number| {
        let behind = format!("_{number}");
        format!("{}{behind}", cut(&wanted, NAME_MAX - behind.len()))
    });
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    candidates.find(|name| !is_taken(name)).unwrap_or_default()
}

/// Whether a column of this name cannot be.
pub(crate) fn is_of_postgres(column: &str) -> bool {
    OF_POSTGRES.contains(&column)
}

/// A name of at most 63 bytes. One that was longer ends with a digest of all of it.
pub(crate) fn fitting(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let digest = blake3::hash(name.as_bytes()).to_hex();
    format!("{}_{}", cut(name, NAME_MAX - 9), &digest[..8])
}

fn cut(name: &str, bytes: usize) -> &str {
    &name[..name.floor_char_boundary(bytes)]
}

/// What the schema of a world is called, where nothing else is said.
pub(crate) fn schema_of(world: &str) -> String {
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_lowercase(),
        false => '_',
    };
    let name: String = world.chars().map(letter).collect();
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase());
    fitting(&match is_plain && !name.starts_with("pg_") && name != "public" {
        true => name,
        false => format!("world_{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_of_any_name_has_a_schema() {
        for (world, expected) in [
            ("Earth", "earth"),
            ("les misérables", "les_mis_rables"),
            ("", "world_"),
            ("pg_catalog", "world_pg_catalog"),
            ("public", "world_public"),
            ("7 seas", "world_7_seas"),
            ("a\"; DROP SCHEMA public; --", "a___drop_schema_public____"),
        ] {
            assert_eq!(schema_of(world), expected);
        }
        assert!(schema_of(&"x".repeat(500)).len() <= NAME_MAX);
    }

    #[test]
    fn names_are_short_lower_case_and_apart() {
        let taken = BTreeSet::from(["level", "level_2"]);
        assert_eq!(free("Level", |name| taken.contains(name)), "level_3");
        let long = "é".repeat(60);
        let one = free(&format!("{long}a"), |_| false);
        let two = free(&format!("{long}b"), |_| false);
        assert!(one.len() <= NAME_MAX && two.len() <= NAME_MAX && one != two, "{one} {two}");
        let three = free(&format!("{long}a"), |name| name == one);
        assert!(three.len() <= NAME_MAX && three.ends_with("_2"), "{three}");
    }
}
