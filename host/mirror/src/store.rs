//! What is written to a mirror, all or nothing.

use std::collections::BTreeMap;
use std::pin::pin;

use sandtable_save::quoted;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::Error;
use crate::address::Address;
use crate::catalog::Catalog;
use crate::layout::{Column, Source, Table, Wanted, fitting};
use crate::moment::Stand;
use crate::rows::Row;
use crate::schema::Schema;

/// A mirror, by a connection that writes to it.
pub(crate) struct Store {
    schema: Schema,
    catalog: Catalog,
    /// Which tick it has; none before the first.
    pub at: Option<Stand>,
    /// What there should be, as it was looked at last.
    wanted: Vec<Wanted>,
    /// Temporary tables of this connection, with their columns.
    temporary: BTreeMap<String, Vec<Column>>,
}

/// The rows of a table, on their way.
pub(crate) struct Parcel<'a> {
    pub source: Source,
    pub rows: Box<dyn Iterator<Item = Row> + 'a>,
    pub gone: Vec<Row>,
    /// Whether these are all of its rows, so that others go.
    pub is_whole: bool,
}

/// What becomes of a mirror in one transaction.
pub(crate) struct News<'a> {
    pub to: Stand,
    /// Whether all that it has goes first.
    pub anew: bool,
    pub wanted: &'a [Wanted],
    pub parcels: Vec<Parcel<'a>>,
    /// Columns that are to be searched by what is in their JSON, as `table.column`.
    pub searched: &'a [String],
}

impl Store {
    /// Connects, and finds or makes the schema. What is lost of it is made again where
    /// all is to be written anew.
    pub async fn open(
        address: &Address,
        schema: &str,
        world: &str,
        anew: bool,
    ) -> Result<Self, Error> {
        let schema = Schema::connect(address, schema).await?;
        schema.take().await?;
        if !schema.is_ours(world).await? {
            schema.make(world).await?;
        }
        let mut catalog = Catalog::read(&schema).await?;
        catalog.hold_against_names(&schema, anew).await?;
        let at = schema.stand("").await?;
        Ok(Self { schema, catalog, at, wanted: Vec::new(), temporary: BTreeMap::new() })
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.schema.client().is_closed()
    }

    /// Whether it has the table that is wanted, with all of its columns.
    pub fn has(&self, wanted: &Wanted) -> bool {
        self.catalog.table(wanted).is_some()
    }

    /// Writes what is new, and how far the mirror is then, all or nothing.
    pub async fn carry(&mut self, news: News<'_>) -> Result<u64, Error> {
        let News { to, anew, wanted, parcels, searched } = news;
        self.schema.run("BEGIN").await?;
        // Another mirror may have had the schema while this one had lost its connection.
        if self.schema.stand("FOR UPDATE").await? != self.at {
            return Err(self.schema.busy());
        }
        if self.wanted != wanted {
            self.catalog.lay_out(&self.schema, wanted).await?;
            for asked in searched {
                self.catalog.index(&self.schema, asked).await?;
            }
            self.wanted = wanted.to_vec();
        }
        if anew {
            for table in self.catalog.tables() {
                self.schema.run(&format!("DELETE FROM {}", self.schema.of(table))).await?;
            }
        }
        let mut written = 0;
        for parcel in parcels {
            let of = self.wanted.iter().find(|wanted| wanted.source == parcel.source);
            if let Some(table) = of.and_then(|wanted| self.catalog.table(wanted)) {
                written += self.write(&table, parcel, anew).await?;
            }
        }
        self.schema.set_stand(&to).await?;
        self.schema.run("COMMIT").await?;
        self.at = Some(to);
        Ok(written)
    }

    /// Writes the rows of one table. Gives how many there were.
    async fn write(&mut self, table: &Table, parcel: Parcel<'_>, anew: bool) -> Result<u64, Error> {
        let Parcel { source: _, rows, gone, is_whole } = parcel;
        let (target, mut rows) = (self.schema.of(&table.name), rows.peekable());
        let mut written = 0;
        if !gone.is_empty() && !anew {
            let keys = table.keys().to_vec();
            let given = self.temporary("gone", &table.name, &keys).await?;
            written += self.copy(&given, &keys, gone.into_iter()).await?;
            let same = same(&keys, &target, &given);
            self.schema.run(&format!("DELETE FROM {target} USING {given} WHERE {same}")).await?;
        }
        if rows.peek().is_none() && (!is_whole || anew) {
            return Ok(written);
        }
        if anew {
            return Ok(written + self.copy(&target, &table.columns, rows).await?);
        }
        let given = self.temporary("rows", &table.name, &table.columns).await?;
        written += self.copy(&given, &table.columns, rows).await?;
        let all = Table::listed(&table.columns, "");
        let keys = Table::listed(table.keys(), "");
        let set = table.columns[table.key..].iter().map(|column| {
            let name = quoted(&column.name);
            format!("{name} = EXCLUDED.{name}")
        });
        let set = match set.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "NOTHING".to_owned(),
            set => format!("UPDATE SET {set}"),
        };
        self.schema
            .run(&format!(
                "INSERT INTO {target} ({all}) SELECT {all} FROM {given}
             ON CONFLICT ({keys}) DO {set}"
            ))
            .await?;
        if is_whole {
            let same = same(table.keys(), &target, &given);
            let absent = format!("NOT EXISTS (SELECT FROM {given} WHERE {same})");
            self.schema.run(&format!("DELETE FROM {target} WHERE {absent}")).await?;
        }
        Ok(written)
    }

    /// A temporary table with these columns, which is empty.
    async fn temporary(
        &mut self,
        what: &str,
        table: &str,
        columns: &[Column],
    ) -> Result<String, Error> {
        let name = fitting(&format!("mirror_{what}_{table}"));
        let shown = format!("pg_temp.{}", quoted(&name));
        if self.temporary.get(&name).is_some_and(|had| had == columns) {
            return Ok(shown);
        }
        let typed = columns.iter().map(|it| format!("{} {}", quoted(&it.name), it.ty.sql()));
        let typed = typed.collect::<Vec<_>>().join(", ");
        self.schema
            .run(&format!(
                "DROP TABLE IF EXISTS {shown};
             CREATE TEMPORARY TABLE {} ({typed}) ON COMMIT DELETE ROWS",
                quoted(&name)
            ))
            .await?;
        self.temporary.insert(name, columns.to_vec());
        Ok(shown)
    }

    /// Copies rows into a table.
    async fn copy(
        &self,
        into: &str,
        columns: &[Column],
        rows: impl Iterator<Item = Row>,
    ) -> Result<u64, Error> {
        let failed = |error: tokio_postgres::Error| self.schema.failed(&error);
        let names = Table::listed(columns, "");
        let types: Vec<Type> = columns.iter().map(|column| column.ty.wire()).collect();
        let sql = format!("COPY {into} ({names}) FROM STDIN BINARY");
        let sink = self.schema.client().copy_in(&sql).await.map_err(failed)?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            writer.as_mut().write_raw(&row).await.map_err(failed)?;
        }
        writer.finish().await.map_err(failed)
    }
}

/// That two rows have one key.
fn same(keys: &[Column], one: &str, two: &str) -> String {
    let each = keys.iter().map(|key| {
        let name = quoted(&key.name);
        format!("{one}.{name} = {two}.{name}")
    });
    each.collect::<Vec<_>>().join(" AND ")
}
