//! Whether a mirror has what the save has, by digests of both.

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;

use futures_util::TryStreamExt;
use sandtable_save::{Inquiry, Reader};
use sandtable_world::ecs::World;
use tokio_postgres::binary_copy::{BinaryCopyOutRow, BinaryCopyOutStream};
use tokio_postgres::types::{FromSql, Type};

use crate::Error;
use crate::address::Address;
use crate::catalog::Catalog;
use crate::cell::{ColumnType, comparable, comparable_cell};
use crate::digest::Print;
use crate::layout::{Source, Table, Wanted};
use crate::mirror::{MirrorSettings, driver, named};
use crate::moment::{Stand, Worldly, each, select, tables};
use crate::rows::{self, Row};
use crate::schema::Schema;
use crate::shown::shown;

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The tick that was compared.
    pub tick: u64,
    /// What the schema is called.
    pub schema: String,
    /// Each table of the mirror.
    pub tables: Vec<CheckedTable>,
    /// The first place at which the two sides differ, if they do.
    pub difference: Option<Difference>,
}

/// One table of both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTable {
    /// What it is called in the mirror.
    pub name: String,
    /// Of what it is: a component, a table of a mod, or what all worlds have.
    pub of: String,
    /// How many rows the save has.
    pub rows: u64,
    /// A digest of the rows of the save, and of those of the mirror. Of a log those are
    /// compared that the save still has.
    pub digests: [u128; 2],
}

impl CheckedTable {
    /// Whether both sides have the same.
    pub fn is_equal(&self) -> bool {
        self.digests[0] == self.digests[1]
    }
}

/// Where two sides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The key of the row.
    pub key: String,
    /// The column; none where one side has no such row.
    pub column: Option<String>,
    /// What the save has there, and what the mirror has.
    pub values: [Option<String>; 2],
}

/// Compares a mirror with its save, as the tick of the mirror left it.
///
/// # Errors
///
/// The save or the mirror cannot be read, or the save does not have the tick of the
/// mirror as it was.
pub fn check(save: &Path, settings: &MirrorSettings) -> Result<Checked, Error> {
    let address = Address::parse(&settings.url, settings.trusted.as_deref())?;
    let (world, name) = named(&Reader::open(save)?, settings.schema.as_deref())?;
    let runtime = driver()?;
    let (schema, catalog, at) = runtime.block_on(async {
        let schema = Schema::connect(&address, &name).await?;
        schema.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        if !schema.is_ours(&world).await? {
            return Err(Error::NoSchema { schema: name.clone() });
        }
        let mut catalog = Catalog::read(&schema).await?;
        catalog.hold_against_names(&schema, false).await?;
        let at = schema.stand("").await?.unwrap_or_default();
        Ok((schema, catalog, at))
    })?;
    let side = SaveSide::read(save, &at, &name)?;
    let mut checked = Checked { tick: at.tick, schema: name, tables: Vec::new(), difference: None };
    for wanted in &side.tables {
        let (what, source) = wanted.source.kept();
        let of = if what == "component" { source } else { what };
        let Some(table) = catalog.table(wanted) else {
            let none = |name: &str| Difference {
                table: name.to_owned(),
                key: String::new(),
                column: None,
                values: [Some("a table".to_owned()), None],
            };
            checked.difference.get_or_insert_with(|| none(&wanted.name));
            continue;
        };
        let ours = side.prints(wanted)?;
        let theirs = runtime.block_on(compare(&schema, &table, wanted, &ours))?;
        let digests = [total(ours.values()), theirs.digest];
        let name = table.name.clone();
        let rows = ours.len() as u64;
        checked.tables.push(CheckedTable { name, of: of.to_owned(), rows, digests });
        if let (None, Some(key)) = (&checked.difference, theirs.first) {
            let here = side.row(wanted, &key)?;
            let there = runtime.block_on(row(&schema, &table, wanted, &key))?;
            checked.difference = Some(difference(&table, [here, there]));
        }
    }
    Ok(checked)
}

/// The save, at the tick of the mirror.
struct SaveSide {
    world: World,
    inquiry: Inquiry,
    tables: Vec<Wanted>,
}

impl SaveSide {
    fn read(save: &Path, at: &Stand, schema: &str) -> Result<Self, Error> {
        let mut worldly = Worldly::default();
        let reader = worldly.open(save)?;
        let commit = reader.commit()?;
        if Stand::of(&commit) == *at {
            let world = reader.world()?.0;
            let tables = tables(&reader, &world)?;
            let inquiry = reader.inquiry_over(world.clone())?;
            return Ok(Self { world, inquiry, tables });
        }
        if at.chain.is_empty() {
            let why = "the mirror has nothing yet".to_owned();
            return Err(Error::Apart { mirror: 0, save: commit.tick, why });
        }
        let chain = reader.chain(at.tick)?;
        let is_other = match &chain {
            Some(chain) => crate::moment::hex(chain) != at.chain,
            None => at.tick > commit.tick,
        };
        if is_other {
            let (schema, tick) = (schema.to_owned(), at.tick);
            return Err(Error::OtherFuture { schema, tick });
        }
        let Some(world) = worldly.at(&reader, at) else {
            let why = "the history of the save does not have that tick as it was".to_owned();
            return Err(Error::Apart { mirror: at.tick, save: commit.tick, why });
        };
        let tables = tables(&reader, &world)?;
        let inquiry = reader.inquiry_at(at.tick)?;
        Ok(Self { world, inquiry, tables })
    }

    fn each(&self, wanted: &Wanted, mut take: impl FnMut(Row)) -> Result<(), Error> {
        match wanted.source {
            Source::Events | Source::Ticks | Source::Kept(_) => {
                each(&self.inquiry, &select(wanted), wanted, take)
            }
            _ => {
                rows::all(&self.world, wanted).for_each(&mut take);
                Ok(())
            }
        }
    }

    fn prints(&self, wanted: &Wanted) -> Result<HashMap<Vec<u8>, u128>, Error> {
        let mut prints = HashMap::new();
        self.each(wanted, |row| {
            let Print { key, digest } = Print::of_row(&row, wanted);
            prints.insert(key, digest);
        })?;
        Ok(prints)
    }

    fn row(&self, wanted: &Wanted, key: &[u8]) -> Result<Option<Wire>, Error> {
        let mut found = None;
        self.each(wanted, |row| {
            if Print::of_row(&row, wanted).key == key {
                let types = wanted.columns.iter().map(|(_, ty)| *ty);
                let cells = row.iter().zip(types);
                found = Some(cells.map(|(cell, ty)| comparable_cell(cell, ty)).collect());
            }
        })?;
        Ok(found)
    }
}

/// The values of a row in the form in which both sides have the same.
type Wire = Vec<Option<Vec<u8>>>;

/// The side of the mirror, held against that of the save.
struct Compared {
    digest: u128,
    /// The least key at which they differ.
    first: Option<Vec<u8>>,
}

async fn compare(
    schema: &Schema,
    table: &Table,
    wanted: &Wanted,
    ours: &HashMap<Vec<u8>, u128>,
) -> Result<Compared, Error> {
    let (mut digest, mut seen) = (0_u128, 0);
    let mut differ = Vec::new();
    let mut found = HashMap::new();
    each_row(schema, table, |row| {
        let print = Print::of(row.into_iter(), wanted.key);
        match ours.get(&print.key) {
            // The save forgets what it had of a log.
            None if wanted.source.is_log() => return,
            Some(own) if *own == print.digest => {}
            _ => differ.push(print.key.clone()),
        }
        seen += 1;
        digest = digest.wrapping_add(print.digest);
        found.insert(print.key, ());
    })
    .await?;
    if seen < ours.len() || !differ.is_empty() {
        differ.extend(ours.keys().filter(|key| !found.contains_key(*key)).cloned());
    }
    Ok(Compared { digest, first: differ.into_iter().min() })
}

async fn row(
    schema: &Schema,
    table: &Table,
    wanted: &Wanted,
    key: &[u8],
) -> Result<Option<Wire>, Error> {
    let mut found = None;
    each_row(schema, table, |row| {
        if Print::of(row.iter().cloned(), wanted.key).key == key {
            found = Some(row);
        }
    })
    .await?;
    Ok(found)
}

/// Reads the rows of a table of the mirror.
async fn each_row(schema: &Schema, table: &Table, mut take: impl FnMut(Wire)) -> Result<(), Error> {
    let failed = |error: tokio_postgres::Error| schema.failed(&error);
    let columns = Table::listed(&table.columns, "");
    let sql = format!("COPY {} ({columns}) TO STDOUT BINARY", schema.of(&table.name));
    let types: Vec<Type> = table.columns.iter().map(|column| column.ty.wire()).collect();
    let stream = schema.client().copy_out(&sql).await.map_err(failed)?;
    let mut rows = pin!(BinaryCopyOutStream::new(stream, &types));
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let value = |(at, column): (usize, &crate::layout::Column)| of_wire(&row, at, column.ty);
        let row: Result<Wire, _> = table.columns.iter().enumerate().map(value).collect();
        take(row.map_err(failed)?);
    }
    Ok(())
}

fn of_wire(
    row: &BinaryCopyOutRow,
    at: usize,
    ty: ColumnType,
) -> Result<Option<Vec<u8>>, tokio_postgres::Error> {
    let value: Option<Raw<'_>> = row.try_get(at)?;
    Ok(value.map(|Raw(bytes)| comparable(ty, bytes)))
}

/// A value as it comes.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn total<'a>(digests: impl Iterator<Item = &'a u128>) -> u128 {
    digests.fold(0, |sum, digest| sum.wrapping_add(*digest))
}

fn difference(table: &Table, [here, there]: [Option<Wire>; 2]) -> Difference {
    let told = |row: &Wire, at: usize| {
        row.get(at)
            .cloned()
            .flatten()
            .map_or("NULL".to_owned(), |value| shown(table.columns[at].ty, &value))
    };
    let one = here.as_ref().or(there.as_ref());
    let key = (0..table.key).filter_map(|at| Some(told(one?, at))).collect::<Vec<_>>().join(", ");
    let table_name = table.name.clone();
    let (Some(here), Some(there)) = (&here, &there) else {
        let whole = |row: &Option<Wire>| row.as_ref().map(|_| "a row".to_owned());
        let values = [whole(&here), whole(&there)];
        return Difference { table: table_name, key, column: None, values };
    };
    let at = (0..table.columns.len()).find(|at| here.get(*at) != there.get(*at)).unwrap_or(0);
    let values = [here, there].map(|row| Some(told(row, at)));
    Difference { table: table_name, key, column: Some(table.columns[at].name.clone()), values }
}
