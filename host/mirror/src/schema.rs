//! The schema of a mirror, by a connection: whose it is, and how far the mirror is.

use std::fmt::Display;

use sandtable_save::quoted;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::Error;
use crate::address::Address;
use crate::connection::connect;
use crate::layout::FORMAT;
use crate::moment::Stand;

/// What a schema says of itself that a mirror made.
const MARK: &str = "a mirror of a world of Sandtable, which only `sandtable mirror` writes";

/// What the mirror keeps for itself: how far it is, its tables, their columns.
pub(crate) const MIRROR: &str = "mirror";
pub(crate) const TABLES: &str = "mirror_tables";
pub(crate) const COLUMNS: &str = "mirror_columns";

/// A schema, by a connection. What failed leaves the connection in any state: it is given
/// up then, and PostgreSQL takes back what was not committed.
pub(crate) struct Schema {
    client: Client,
    address: String,
    name: String,
}

impl Schema {
    /// Connects.
    pub async fn connect(address: &Address, name: &str) -> Result<Self, Error> {
        let client = connect(address).await?;
        let schema = Self { client, address: address.shown.clone(), name: name.to_owned() };
        // What another holds for long is tried again, and said.
        schema.run("SET lock_timeout = '5s'").await?;
        Ok(schema)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What PostgreSQL, or the way to it, said.
    pub fn failed(&self, error: &tokio_postgres::Error) -> Error {
        Error::of(&self.address, error)
    }

    /// What is in the schema, as SQL names it.
    pub fn of(&self, name: impl Display) -> String {
        format!("{}.{}", quoted(&self.name), quoted(&name.to_string()))
    }

    /// Runs statements that answer nothing.
    pub async fn run(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(|error| self.failed(&error))
    }

    /// Runs one statement with values.
    pub async fn execute(&self, sql: &str, with: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.client.execute(sql, with).await.map_err(|error| self.failed(&error))
    }

    /// Asks for rows.
    pub async fn query(&self, sql: &str, with: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.client.query(sql, with).await.map_err(|error| self.failed(&error))
    }

    /// Asks for one row.
    pub async fn one(&self, sql: &str, with: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.client.query_one(sql, with).await.map_err(|error| self.failed(&error))
    }

    /// Takes the schema for this connection alone, to write to it.
    pub async fn take(&self) -> Result<(), Error> {
        let read_only: String = self.one("SHOW transaction_read_only", &[]).await?.get(0);
        if read_only == "on" {
            return Err(Error::ReadOnly { address: self.address.clone() });
        }
        let digest = blake3::hash(format!("sandtable mirror {}", self.name).as_bytes());
        let number = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        let number = i64::from_be_bytes(number);
        match self.one("SELECT pg_try_advisory_lock($1)", &[&number]).await?.get(0) {
            true => Ok(()),
            false => Err(self.busy()),
        }
    }

    /// That another mirror writes to it.
    pub fn busy(&self) -> Error {
        Error::Busy { schema: self.name.clone() }
    }

    /// Whether the schema is there. One that is not a mirror of this world is refused.
    pub async fn is_ours(&self, world: &str) -> Result<bool, Error> {
        let schema = self.name.clone();
        let sql =
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";
        let found = self.query(sql, &[&schema]).await?;
        let Some(found) = found.first() else { return Ok(false) };
        if found.get::<_, Option<String>>(0).as_deref() != Some(MARK) {
            return Err(Error::NotOurs { schema });
        }
        let mirror = self.of(MIRROR);
        let found: i32 = self.one(&format!("SELECT format FROM {mirror}"), &[]).await?.get(0);
        if found != FORMAT {
            return Err(Error::Version { schema, found, ours: FORMAT });
        }
        let other: String = self.one(&format!("SELECT world FROM {mirror}"), &[]).await?.get(0);
        match other == world {
            true => Ok(true),
            false => Err(Error::OtherWorld { schema, other }),
        }
    }

    /// Makes it, with nothing in it.
    pub async fn make(&self, world: &str) -> Result<(), Error> {
        let [mirror, tables, columns] = [MIRROR, TABLES, COLUMNS].map(|name| self.of(name));
        let schema = quoted(&self.name);
        // The id of a world is digits alone, and the mark has no quotes.
        self.run(&format!(
            "BEGIN;
             CREATE SCHEMA {schema};
             COMMENT ON SCHEMA {schema} IS '{MARK}';
             CREATE TABLE {mirror} (
                 world text PRIMARY KEY, tick bigint, chain text, state text,
                 format integer NOT NULL, written_at timestamp with time zone
             );
             CREATE TABLE {tables} (
                 name text PRIMARY KEY, what text NOT NULL, source text NOT NULL,
                 key text NOT NULL
             );
             CREATE TABLE {columns} (
                 table_name text NOT NULL REFERENCES {tables} ON DELETE CASCADE,
                 name text NOT NULL, field text NOT NULL, type text NOT NULL,
                 PRIMARY KEY (table_name, name)
             );
             INSERT INTO {mirror} (world, format) VALUES ('{world}', {FORMAT});
             COMMIT"
        ))
        .await
    }

    /// How far the mirror is; nothing before its first tick.
    pub async fn stand(&self, lock: &str) -> Result<Option<Stand>, Error> {
        let mirror = self.of(MIRROR);
        let row = self.one(&format!("SELECT tick, chain, state FROM {mirror} {lock}"), &[]).await?;
        let tick: Option<i64> = row.get(0);
        let of = |tick: i64| {
            let (chain, state): (Option<String>, Option<String>) = (row.get(1), row.get(2));
            Some(Stand { tick: tick.cast_unsigned(), chain: chain?, state: state? })
        };
        Ok(tick.and_then(of))
    }

    /// Says that the mirror is at no tick, so that all of it is to be written.
    pub async fn unset_stand(&self) -> Result<(), Error> {
        let mirror = self.of(MIRROR);
        self.run(&format!("UPDATE {mirror} SET tick = NULL, chain = NULL, state = NULL")).await
    }

    /// Says how far the mirror is.
    pub async fn set_stand(&self, to: &Stand) -> Result<(), Error> {
        let mirror = self.of(MIRROR);
        let sql =
            format!("UPDATE {mirror} SET tick = $1, chain = $2, state = $3, written_at = now()");
        let tick = to.tick.cast_signed();
        self.execute(&sql, &[&tick, &to.chain, &to.state]).await.map(drop)
    }
}
