//! The format of a save: its tables, and how an older one becomes the current.
//!
//! A save says what it is in SQLite's `application_id` and which format it has
//! in `user_version`. Format n is what the first n migrations make. A released
//! migration is added to, never edited; each runs in a transaction of its own.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::{Failure, Outcome, damage};
use super::findings::Findings;
use crate::tables;

/// What `application_id` says: `Sand` in ASCII.
pub const APPLICATION_ID: i64 = 0x5361_6e64;

/// Every migration, in order.
const MIGRATIONS: &[&str] = &[include_str!("schema/0001_first.sql")];

/// The current format.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// The format of a save.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes an empty save, or brings an older one up to the current format.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    migrate_by(connection, MIGRATIONS)
}

fn migrate_by(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let done = format(connection)?;
    for (at, migration) in migrations.iter().enumerate() {
        let number = at as i64 + 1;
        if number <= done {
            continue;
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Checks that the tables are those of the current format, and that all others
/// have the form that they must have: a save can come from anywhere, and one
/// that another program altered is not trusted. Nothing is read from a table
/// before this.
pub(super) fn check(connection: &Connection, findings: &mut Findings) -> Outcome<()> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let (expected, found) = (shape(&fresh)?, shape(connection)?);
    for strange in found.iter().filter(|item| !expected.contains(item)) {
        let what = format!("its `{}` is none that Sandtable made", strange.name);
        findings.note(Failure::Damage(what))?;
    }
    for lost in expected.iter().filter(|item| !found.contains(item)) {
        findings.note(Failure::Damage(format!("it lacks `{}`", lost.name)))?;
    }
    for error in tables::check(connection)? {
        findings.whole::<()>(damage(error.to_string()))?;
    }
    Ok(())
}

/// Names of our tables that are as we make them.
pub(super) fn sound(connection: &Connection) -> Outcome<Vec<String>> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let found = shape(connection)?;
    let sound =
        shape(&fresh)?.into_iter().filter(|item| item.name == item.of && found.contains(item));
    Ok(sound.map(|item| item.name).collect())
}

/// A table or index of ours.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    name: String,
    kind: String,
    of: String,
    sql: Option<String>,
}

fn shape(connection: &Connection) -> rusqlite::Result<Vec<Item>> {
    let mut select = connection.prepare(
        "SELECT name, type, tbl_name, sql FROM sqlite_schema
         WHERE lower(substr(tbl_name, 1, 3)) = 'st_' OR lower(substr(name, 1, 3)) = 'st_'
         ORDER BY name, type",
    )?;
    let items = select.query_map([], |row| {
        Ok(Item { name: row.get(0)?, kind: row.get(1)?, of: row.get(2)?, sql: row.get(3)? })
    })?;
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Connection {
        Connection::open_in_memory().expect("memory")
    }

    fn tables(connection: &Connection) -> Vec<Item> {
        shape(connection).expect("a schema")
    }

    #[test]
    fn migrations_one_by_one_make_the_current_schema() {
        let mut at_once = empty();
        migrate(&mut at_once).expect("migrated");
        let mut one_by_one = empty();
        for upto in 1..=MIGRATIONS.len() {
            migrate_by(&mut one_by_one, &MIGRATIONS[..upto]).expect("migrated");
            assert_eq!(format(&one_by_one), Ok(upto as i64));
        }
        assert_eq!(tables(&one_by_one), tables(&at_once));
        assert_eq!(format(&at_once), Ok(FORMAT));
        check(&at_once, &mut Findings::strict()).expect("current");
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut connection = empty();
        let broken = ["CREATE TABLE st_a (x);", "CREATE TABLE st_b (x); CREATE TABLE st_a (x);"];
        migrate_by(&mut connection, &broken).expect_err("the table is there");
        assert_eq!(format(&connection), Ok(1));
        assert_eq!(tables(&connection).len(), 1);
        let repaired = [broken[0], "CREATE TABLE st_b (x);"];
        migrate_by(&mut connection, &repaired).expect("migrated");
        assert_eq!(format(&connection), Ok(2));
    }

    #[test]
    fn a_table_of_another_program_is_told_from_ours() {
        for (sql, expected) in [
            ("CREATE INDEX extra ON st_ticks(state)", "its `extra` is none that Sandtable made"),
            ("DROP TABLE st_inbox", "it lacks `st_inbox`"),
            ("ALTER TABLE st_ticks ADD COLUMN x ANY", "its `st_ticks` is none that Sandtable made"),
            ("CREATE VIEW ST_more AS SELECT 1", "its `ST_more` is none that Sandtable made"),
        ] {
            let mut connection = empty();
            migrate(&mut connection).expect("migrated");
            connection.execute_batch(sql).expect(sql);
            let refused =
                format!("{:?}", check(&connection, &mut Findings::strict()).expect_err(sql));
            assert!(refused.contains(expected), "{refused}");
        }
        let mut connection = empty();
        migrate(&mut connection).expect("migrated");
        let table = "CREATE TABLE economy__ledger (id INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID";
        connection.execute_batch(table).expect("made");
        check(&connection, &mut Findings::strict()).expect("a mod's table");
    }
}
