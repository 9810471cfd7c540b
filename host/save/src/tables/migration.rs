//! Migrations: the only way to CREATE, ALTER and DROP.
//!
//! SQLite's own parser and authorizer see every statement; what a schema may be
//! beyond that is checked on the finished schema, which has no way around it: no
//! object of any other name has changed, and every table is of the strict form.

use std::collections::BTreeMap;

use rusqlite::{Connection, Error, params};

use super::batch::batch;
use super::database::{self, Database, is_plain};
use super::error::TableError;
use super::form::form;
use super::gate::{Allowance, Principal};
use super::{digest, owner};
use sandtable_world::config::Limits;
use sandtable_world::record::Digest;

/// A numbered change of a mod's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Such as `0001_ledger`.
    pub name: String,
    /// Its statements.
    pub sql: String,
}

/// What some editors put before the first line of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Migration {
    /// The statements without what depends on where the file was checked out: a
    /// byte order mark, and how lines end.
    fn statements(&self) -> String {
        let sql = self.sql.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.sql);
        sql.replace("\r\n", "\n")
    }

    /// What is kept of one that ran.
    fn fingerprint(&self) -> Digest {
        digest_of(&self.statements())
    }

    /// Whether one with this fingerprint had these statements. Earlier versions
    /// took it of the file as it was, with its mark and its line ends.
    fn is(&self, fingerprint: &Digest) -> bool {
        let statements = self.statements();
        let checked_out = || {
            [statements.clone(), statements.replace('\n', "\r\n")].into_iter().flat_map(|text| {
                let marked = format!("{BYTE_ORDER_MARK}{text}");
                [text, marked]
            })
        };
        digest_of(&self.sql) == *fingerprint
            || checked_out().any(|text| digest_of(&text) == *fingerprint)
    }
}

fn digest_of(text: &str) -> Digest {
    *blake3::hash(text.as_bytes()).as_bytes()
}

/// The migrations that ran in a save, by mod and name, each with its digest.
pub type Ran = BTreeMap<String, BTreeMap<String, Digest>>;

/// What `sqlite_schema` has of one object.
type Schema = BTreeMap<(String, String), (String, Option<String>)>;

impl Database {
    /// Runs the migrations of a mod that did not run yet, and gives their names.
    /// The transaction is begun and stays open: the caller, which loads the mod,
    /// commits it or undoes it.
    ///
    /// # Errors
    ///
    /// As [`pending`], or a migration is refused or fails. The transaction is open, and
    /// the caller undoes it.
    pub fn migrate(
        &self,
        mod_id: &str,
        migrations: &[Migration],
        after_tick: u64,
    ) -> Result<Vec<String>, TableError> {
        let pending = pending(&self.ran()?, mod_id, migrations)?;
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        self.begin()?;
        digest::unfollow(&self.lock())?;
        for migration in &pending {
            self.run(mod_id, migration)?;
            self.lock().execute(
                "INSERT INTO st_migrations (mod, name, digest, tick) VALUES (?1, ?2, ?3, ?4)",
                params![mod_id, migration.name, migration.fingerprint(), after_tick as i64],
            )?;
        }
        self.follow()?;
        Ok(pending.iter().map(|migration| migration.name.clone()).collect())
    }

    /// As [`ran`], of this save.
    ///
    /// # Errors
    ///
    /// SQLite cannot read the save.
    pub fn ran(&self) -> Result<Ran, Error> {
        ran(&self.lock())
    }

    /// Drops every table of a mod, and forgets its migrations. Gives the names of
    /// the tables. The transaction is begun and stays open.
    ///
    /// # Errors
    ///
    /// SQLite cannot write. The transaction is open, and the caller undoes it.
    pub fn drop_tables(&self, mod_id: &str) -> Result<Vec<String>, TableError> {
        self.begin()?;
        let connection = self.lock();
        digest::unfollow(&connection)?;
        let mut names = database::names(&connection)?;
        names.retain(|name| owner(name) == Some(mod_id));
        for name in &names {
            connection.execute_batch(&format!("DROP TABLE main.\"{name}\""))?;
        }
        connection.execute("DELETE FROM st_migrations WHERE mod = ?1", [mod_id])?;
        drop(connection);
        self.follow()?;
        Ok(names)
    }

    pub(super) fn run(&self, mod_id: &str, migration: &Migration) -> Result<(), TableError> {
        let failed = |what: String| TableError::Failed {
            mod_id: mod_id.to_owned(),
            name: migration.name.clone(),
            what,
        };
        let inner = self.inner();
        let before = schema(&inner.connection)?;
        inner.confine(true)?;
        let allowance = Allowance { rows: u64::MAX, bytes_max: u64::MAX, ..Allowance::default() };
        self.gate.begin_statement(
            Principal::Migration(mod_id.to_owned()),
            allowance,
            &Limits::default(),
            false,
        );
        let done = batch(&inner.connection, &migration.statements());
        let passed = self.gate.end_statement();
        inner.confine(false)?;
        if let Some(fired) = passed.fired {
            return Err(failed(format!("took more than {fired}")));
        }
        done.map_err(failed)?;
        if inner.connection.is_autocommit() {
            return Err(failed("ended the transaction".to_owned()));
        }
        let after = schema(&inner.connection)?;
        for (key, object) in before.iter().filter(|(key, object)| after.get(*key) != Some(object)) {
            check_object(mod_id, key, object).map_err(failed)?;
        }
        for (key, object) in after.iter().filter(|(key, object)| before.get(*key) != Some(object)) {
            check_object(mod_id, key, object).map_err(failed)?;
            if key.0 == "table" {
                form(&inner.connection, &key.1)
                    .map_err(|what| failed(format!("makes table `{}`, which {what}", key.1)))?;
            }
        }
        Ok(())
    }
}

/// The migrations that ran in a save.
///
/// # Errors
///
/// SQLite cannot read the save.
pub fn ran(connection: &Connection) -> Result<Ran, Error> {
    let mut select = connection.prepare("SELECT mod, name, digest FROM st_migrations")?;
    let mut rows = select.query([])?;
    let mut ran = Ran::new();
    while let Some(row) = rows.next()? {
        ran.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
    }
    Ok(ran)
}

/// The migrations of a mod that did not run yet, once those that did are
/// found unaltered.
///
/// # Errors
///
/// A migration has no proper name or place, or one that ran is altered or missing.
pub fn pending<'m>(
    ran: &Ran,
    mod_id: &str,
    migrations: &'m [Migration],
) -> Result<Vec<&'m Migration>, TableError> {
    check_names(mod_id, migrations)?;
    let none = BTreeMap::new();
    let ran = ran.get(mod_id).unwrap_or(&none);
    for (name, digest) in ran {
        let (mod_id, name) = (mod_id.to_owned(), name.clone());
        match migrations.iter().find(|migration| migration.name == name) {
            None => return Err(TableError::Unknown { mod_id, name }),
            Some(known) if !known.is(digest) => {
                return Err(TableError::Altered { mod_id, name });
            }
            Some(_) => {}
        }
    }
    let last = ran.keys().next_back();
    let pending: Vec<&Migration> =
        migrations.iter().filter(|migration| !ran.contains_key(&migration.name)).collect();
    match pending.iter().find(|migration| Some(&migration.name) < last) {
        None => Ok(pending),
        Some(late) => Err(TableError::Name {
            mod_id: mod_id.to_owned(),
            name: late.name.clone(),
            what: " before one that already ran in this save",
        }),
    }
}

fn check_names(mod_id: &str, migrations: &[Migration]) -> Result<(), TableError> {
    let mut last = "";
    for migration in migrations {
        let name = migration.name.as_str();
        let wrong =
            |what| TableError::Name { mod_id: mod_id.to_owned(), name: name.to_owned(), what };
        let well_named = name.split_once('_').is_some_and(|(number, word)| {
            number.len() == 4
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
        if !well_named {
            return Err(wrong(""));
        }
        if name <= last {
            return Err(wrong(" out of order"));
        }
        last = name;
    }
    Ok(())
}

fn schema(connection: &Connection) -> Result<Schema, Error> {
    let mut select =
        connection.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let rows =
        select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?;
    rows.collect()
}

/// Checks that an object that came, went or changed is the mod's.
fn check_object(
    mod_id: &str,
    (kind, name): &(String, String),
    (table, sql): &(String, Option<String>),
) -> Result<(), String> {
    let own = |name: &str| owner(name) == Some(mod_id) && is_plain(name);
    let automatic = kind == "index" && sql.is_none() && name.starts_with("sqlite_autoindex_");
    match kind.as_str() {
        "table" | "index" if own(table) && (own(name) || automatic) => Ok(()),
        "table" | "index" => Err(format!(
            "touches {kind} `{name}`; name it `{mod_id}__<name>`, with letters, digits and `_`"
        )),
        _ => Err(format!("makes {kind} `{name}`; a mod has only tables and indices")),
    }
}
