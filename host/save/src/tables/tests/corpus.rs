//! Statements that a mod may not make, however they come.

use proptest::prelude::*;
use rusqlite::types::Value;

use super::*;

const HOSTILE: &str = include_str!("hostile.sql");

fn statements() -> Vec<&'static str> {
    HOSTILE.lines().filter(|line| !line.is_empty() && !line.starts_with("--")).collect()
}

/// Everything that the database holds, but for the rows of one mod.
fn others(database: &Database, id: &str) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection = database.lock();
    let rows = |sql: &str| -> Vec<Vec<Value>> {
        let mut select = connection.prepare(sql).expect(sql);
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        rows.expect(sql).collect::<Result<_, _>>().expect(sql)
    };
    let mut all = vec![
        ("schema".to_owned(), rows("SELECT * FROM main.sqlite_schema")),
        ("temporary".to_owned(), rows("SELECT * FROM temp.sqlite_schema")),
        ("version".to_owned(), rows("PRAGMA user_version")),
        ("foreign keys".to_owned(), rows("PRAGMA foreign_keys")),
        ("databases".to_owned(), rows("SELECT name FROM pragma_database_list")),
    ];
    for name in rows("SELECT name FROM main.sqlite_schema WHERE type = 'table'") {
        let Value::Text(name) = &name[0] else { panic!("a name") };
        if owner(name) != Some(id) {
            all.push((name.clone(), rows(&format!("SELECT * FROM main.\"{name}\""))));
        }
    }
    all
}

/// Tries a statement both ways, and expects a sentence.
fn refused(session: &Session, sql: &str, when: &str) {
    let told = session.query(sql, &packed!([])).expect("no stop");
    assert!(told.is_err(), "{when}: {sql} was answered: {told:?}");
    let told = session.execute(sql, &packed!([[]])).expect("no stop");
    assert!(told.is_err(), "{when}: {sql} was done: {told:?}");
}

#[test]
fn every_hostile_statement_is_refused_however_it_comes() {
    let statements = statements();
    assert!(statements.len() >= 150, "{} statements", statements.len());
    let database = database();
    let rows = || {
        let session = economy(&database);
        insert(&session, serde_json::json!([[1, "Ada", 1], [2, "Bob", 2]]));
        session
    };
    let before = rows();
    before.end(true).expect("kept");
    database.end_tick().expect("kept");
    let (held, own) = (others(&database, "economy"), database.tables().expect("tables"));
    let check = |when: &str, held: &[_], own: &_| {
        for sql in &statements {
            let session = economy(&database);
            refused(&session, sql, when);
            refused(&session, sql, "cached");
            session.end(true).expect("kept");
            assert_eq!(&others(&database, "economy"), held, "{when}: {sql}");
            assert_eq!(&database.tables().expect("tables"), own, "{when}: {sql}");
        }
    };
    check("fresh", &held, &own);
    database.undo_tick();
    check("on a retried tick", &held, &own);
    database.end_tick().expect("kept");
    let next = [
        migration("0001_ledger", LEDGER),
        migration("0002_place", "ALTER TABLE economy__ledger ADD COLUMN place TEXT"),
    ];
    database.migrate("economy", &next, 1).expect("migrated");
    let (held, own) = (others(&database, "economy"), database.tables().expect("tables"));
    check("after the schema changed", &held, &own);
}

/// Parts that statements are made of, honest and not.
fn part() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SELECT",
        "*",
        "FROM",
        "INSERT INTO",
        "UPDATE",
        "DELETE FROM",
        "SET",
        "VALUES",
        "WHERE",
        "(",
        ")",
        ",",
        "1",
        "'a'",
        "NULL",
        "=",
        "economy__ledger",
        "history__wars",
        "st_ticks",
        "sqlite_schema",
        "tick",
        "seller",
        "name",
        "WITH x AS",
        "x",
        "UNION",
        "JOIN",
        "ON CONFLICT",
        "DO NOTHING",
        "OR REPLACE",
        "count(*)",
        "random()",
        "max(tick)",
        "ORDER BY",
        "LIMIT",
        "main.",
        "temp.",
        "DROP TABLE",
        "CREATE TABLE",
        "PRAGMA",
        "\"",
        "--",
        "/*",
        "*/",
        ";",
        "EXISTS",
        "IN",
        "AS",
        "RETURNING",
        "COMMIT",
        "ATTACH",
        "\0",
        "é",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_statement_of_one_mod_changes_what_is_others(
        scripts in prop::collection::vec((prop::collection::vec(part(), 1..14), any::<bool>()), 1..12),
    ) {
        let database = database();
        let held = others(&database, "economy");
        let session = economy(&database);
        for (parts, spaced) in scripts {
            let sql = parts.join(if spaced { " " } else { "" });
            let _ = session.query(&sql, &packed!([]));
            let _ = session.execute(&sql, &packed!([[]]));
        }
        session.end(true).expect("kept");
        database.commit().expect("committed");
        prop_assert_eq!(others(&database, "economy"), held);
    }
}
