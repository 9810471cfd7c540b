//! The format of a save: its tables, and how an older one becomes the current.
//!
//! A save says what it is in SQLite's `application_id` and which format it has
//! in `user_version`. Format n is what the first n migrations make. A released
//! migration is added to, never edited; each runs in a transaction of its own.
//!
//! A migration only adds tables. So whatever reads a save of an older format
//! reads it as it is: the tables that it lacks stand beside it, empty and
//! temporary. Only the writer of a world brings its save up to date.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::error::{Failure, Fallible, damage};
use super::findings::Findings;
use super::format::{APPLICATION_ID, format};
use super::mark;
use crate::tables;

/// Every migration, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_second.sql"),
    include_str!("schema/0003_third.sql"),
    include_str!("schema/0004_fourth.sql"),
];

/// The current format.
pub(super) const FORMAT: i64 = MIGRATIONS.len() as i64;

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
        mark::advance(&transaction)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Gives a connection to a save of an older format the tables which that lacks,
/// so that it can be read like any other. They are the connection's own, and
/// empty; the save stays as it is.
pub(super) fn add_missing_tables(connection: &Connection) -> rusqlite::Result<()> {
    let found = format(connection)?;
    if found >= FORMAT {
        return Ok(());
    }
    let there = shape_of(found)?;
    let lacking = shape_of(FORMAT)?;
    let lacking = lacking.iter().filter(|item| !there.contains(item));
    // What is temporary counts as writing, and goes when it is kept elsewhere.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let only_reads: bool = connection.pragma_query_value(None, "query_only", |row| row.get(0))?;
    connection.pragma_update(None, "query_only", false)?;
    for table in lacking.filter_map(|item| item.sql.as_deref()?.strip_prefix("CREATE TABLE ")) {
        connection.execute_batch(&format!("CREATE TEMP TABLE {table}"))?;
    }
    connection.pragma_update(None, "query_only", only_reads)
}

/// Checks that the tables are those of the format that the save says it has, and
/// that all others have the form that they must have: a save can come from
/// anywhere, and one that another program altered is not trusted. Nothing is read
/// from a table before this.
pub(super) fn check(connection: &Connection, findings: &mut Findings) -> Fallible<()> {
    let (expected, found) = (shape_of(format(connection)?)?, shape(connection)?);
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

/// Whether the row of the world is in a table as every format makes it.
pub(super) fn has_world(connection: &Connection) -> rusqlite::Result<bool> {
    let ours = shape_of(1)?.into_iter().find(|item| item.name == "st_world");
    let sql = "SELECT sql FROM main.sqlite_schema WHERE name = 'st_world' AND type = 'table'";
    let found: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(found.is_some() && found == ours.and_then(|item| item.sql))
}

/// Names of our tables that are as we make them.
pub(super) fn sound(connection: &Connection) -> Fallible<Vec<String>> {
    let (expected, found) = (shape_of(format(connection)?)?, shape(connection)?);
    let sound = expected.into_iter().filter(|item| item.name == item.of && found.contains(item));
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

/// The tables and indices of a format; of the current one for a number that is
/// none.
fn shape_of(format: i64) -> rusqlite::Result<Vec<Item>> {
    let upto = usize::try_from(format).ok().and_then(|format| MIGRATIONS.get(..format));
    let mut fresh = Connection::open_in_memory()?;
    migrate_by(&mut fresh, upto.unwrap_or(MIGRATIONS))?;
    shape(&fresh)
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
    fn every_format_is_checked_by_its_own_shape_and_read_like_the_current_one() {
        for upto in 1..=MIGRATIONS.len() {
            let mut connection = empty();
            migrate_by(&mut connection, &MIGRATIONS[..upto]).expect("migrated");
            check(&connection, &mut Findings::strict()).expect("as it was made");
            connection.pragma_update(None, "query_only", true).expect("set");
            add_missing_tables(&connection).expect("tables beside it");
            check(&connection, &mut Findings::strict()).expect("the save itself is the same");
            let refused = connection.execute("DELETE FROM st_ticks", []);
            refused.expect_err("it is only read");
            for item in shape_of(FORMAT).expect("a shape").iter().filter(|it| it.kind == "table") {
                let sql = format!("SELECT count(*) FROM {}", item.name);
                let rows: i64 = connection.query_row(&sql, [], |row| row.get(0)).expect(&sql);
                assert_eq!(rows, 0, "{sql}");
            }
        }
    }

    #[test]
    fn migrations_only_add_tables() {
        for upto in 1..MIGRATIONS.len() as i64 {
            let (before, after) = (shape_of(upto).expect("one"), shape_of(upto + 1).expect("next"));
            assert!(before.iter().all(|item| after.contains(item)), "{upto}");
            let new = after.iter().filter(|item| !before.contains(item) && item.sql.is_some());
            assert!(new.clone().all(|item| item.kind == "table"), "{upto}");
        }
    }

    #[test]
    fn a_save_does_not_pass_for_one_of_another_format() {
        for (tables, says, expected) in
            [(1, FORMAT, "it lacks `"), (MIGRATIONS.len(), 1, "` is none that Sandtable made")]
        {
            let mut connection = empty();
            migrate_by(&mut connection, &MIGRATIONS[..tables]).expect("migrated");
            connection.pragma_update(None, "user_version", says).expect("set");
            let refused = check(&connection, &mut Findings::strict()).expect_err("another");
            assert!(format!("{refused:?}").contains(expected), "{refused:?}");
        }
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
