use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::in_memory;
use sandtable_world::config::Limits;
use sandtable_world::ecs::TableState;
use sandtable_world::fault::{Fault, Halt, Verdict};
use sandtable_world::grants::{Asks, Rights};
use sandtable_world::statements::Statements;

pub(super) const LEDGER: &str = "CREATE TABLE economy__ledger (
    tick INTEGER NOT NULL, seller TEXT NOT NULL, gold REAL, note BLOB,
    PRIMARY KEY (tick, seller)
) STRICT, WITHOUT ROWID;
CREATE INDEX economy__by_gold ON economy__ledger (gold);";

pub(super) fn migration(name: &str, sql: &str) -> Migration {
    Migration { name: name.to_owned(), sql: sql.to_owned() }
}

pub(super) fn asks(read: &[&str], write: &[&str]) -> Asks {
    let patterns = |names: &[&str]| {
        names.iter().map(|name| (*name).to_owned().try_into().expect("a name")).collect()
    };
    Asks { read: patterns(read), write: patterns(write) }
}

/// Two mods with tables.
pub(super) fn database() -> Arc<Database> {
    let database = in_memory().expect("memory");
    database.migrate("economy", &[migration("0001_ledger", LEDGER)], 0).expect("migrated");
    let wars = "CREATE TABLE history__wars (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
                INSERT INTO history__wars VALUES ('first'), ('second');";
    database.migrate("history", &[migration("0001_wars", wars)], 0).expect("migrated");
    database.commit().expect("committed");
    Arc::new(database)
}

pub(super) fn session(
    database: &Arc<Database>,
    id: &str,
    granted: &Asks,
    limits: &Limits,
) -> Session {
    let tables = database.tables().expect("tables");
    Session::new(database.clone(), id, Arc::new(Rights::new(id, granted)), limits, &tables)
}

fn economy(database: &Arc<Database>) -> Session {
    session(database, "economy", &Asks::default(), &Limits::default())
}

/// Parameters as MessagePack.
pub(super) fn packed(json: serde_json::Value) -> Vec<u8> {
    fn write(value: &serde_json::Value, into: &mut Vec<u8>) {
        match value {
            serde_json::Value::Null => rmp::encode::write_nil(into).expect("fits"),
            serde_json::Value::Bool(truth) => rmp::encode::write_bool(into, *truth).expect("fits"),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(number) => drop(rmp::encode::write_sint(into, number).expect("fits")),
                None => {
                    rmp::encode::write_f64(into, number.as_f64().expect("a number")).expect("fits")
                }
            },
            serde_json::Value::String(text) => rmp::encode::write_str(into, text).expect("fits"),
            serde_json::Value::Array(items) => {
                rmp::encode::write_array_len(into, items.len() as u32).expect("fits");
                items.iter().for_each(|item| write(item, into));
            }
            serde_json::Value::Object(_) => panic!("no parameter"),
        }
    }
    let mut bytes = Vec::new();
    write(&json, &mut bytes);
    bytes
}

macro_rules! packed {
    ($($json:tt)+) => { packed(serde_json::json!($($json)+)) };
}

mod corpus;
mod given;

const INSERT: &str = "INSERT INTO economy__ledger VALUES (?1, ?2, ?3, NULL)";

fn insert(session: &Session, rows: serde_json::Value) -> u64 {
    session.execute(INSERT, &packed(rows)).expect("no stop").expect("inserted")
}

#[test]
fn rows_go_in_and_come_back() {
    let database = database();
    let session = economy(&database);
    assert_eq!(insert(&session, serde_json::json!([[1, "Ada", 2.5], [2, "Bob", null]])), 2);
    let sql = "SELECT seller, gold FROM economy__ledger WHERE tick <= ?1 ORDER BY tick";
    let answer = session.query(sql, &packed!([2])).expect("no stop").expect("answered");
    assert_eq!(answer.columns, ["seller", "gold"]);
    assert_eq!(answer.rows, packed!([["Ada", 2.5], ["Bob", null]]));
    let sql =
        "WITH some AS (SELECT value FROM json_each(?1)) SELECT sum(value), count(*) FROM some";
    let answer = session.query(sql, &packed!(["[3, 4]"])).expect("no stop").expect("answered");
    assert_eq!(answer.rows, packed!([[7, 2]]));
    let sql = "UPDATE economy__ledger SET gold = gold + 1 WHERE seller = ?1";
    assert_eq!(session.execute(sql, &packed!([["Ada"], ["Eve"]])), Ok(Ok(1)));
}

#[test]
fn a_change_returns_what_it_changed() {
    let database = database();
    let session = economy(&database);
    let told = |sql, parameters: Vec<u8>| session.query(sql, &parameters).expect("no stop");
    let returned = |sql, parameters| told(sql, parameters).expect("answered").rows;
    let sql = "INSERT INTO economy__ledger
               SELECT ifnull(max(tick), 0) + 1, ?1, ?2, NULL FROM economy__ledger
               RETURNING tick, seller, gold * 2";
    assert_eq!(returned(sql, packed!(["Ada", 2.5])), packed!([[1, "Ada", 5.0]]));
    assert_eq!(returned(sql, packed!(["Bob", 1])), packed!([[2, "Bob", 2.0]]));
    let sql = "INSERT INTO economy__ledger VALUES (2, 'Bob', 7, NULL)
               ON CONFLICT DO UPDATE SET gold = gold + excluded.gold RETURNING gold";
    assert_eq!(returned(sql, packed!([])), packed!([[8.0]]));
    let sql = "UPDATE economy__ledger SET gold = 0 WHERE tick > ?1 RETURNING seller";
    assert_eq!(returned(sql, packed!([1])), packed!([["Bob"]]));
    assert_eq!(returned(sql, packed!([9])), packed!([]), "nothing was changed");
    let sql = "DELETE FROM economy__ledger WHERE seller = 'Bob' RETURNING *";
    assert_eq!(returned(sql, packed!([])), packed!([[2, "Bob", 0.0, null]]));
    let sql = "INSERT INTO economy__ledger VALUES (1, 'Ada', 1, NULL) RETURNING tick";
    let refusal = told(sql, packed!([])).expect_err("there is one");
    assert!(refusal.contains("UNIQUE"), "{refusal}");
    for sql in ["DELETE FROM economy__ledger", "DELETE FROM economy__ledger WHERE 0"] {
        let refusal = told(sql, packed!([])).expect_err("no answer");
        assert!(refusal.contains("use `execute`"), "{refusal}");
    }
    let sql = "DELETE FROM economy__ledger RETURNING tick";
    let refusal = session.execute(sql, &packed!([[]])).expect("no stop").expect_err("an answer");
    assert!(refusal.contains("use `query`"), "{refusal}");

    let changed = session.end(true).expect("kept");
    let mut known = BTreeMap::from([("economy__ledger".to_owned(), TableState::default())]);
    for (table, change) in changed {
        let state = known.entry(table).or_default();
        *state = state.plus(change.state);
    }
    database.end_tick().expect("kept");
    let mut tables = database.tables().expect("tables");
    tables.retain(|name, _| known.contains_key(name));
    assert_eq!(known, tables, "what is followed is what is there");
    assert_eq!(tables["economy__ledger"].rows, 1);
}

#[test]
fn what_a_change_returns_counts_like_other_answers() {
    let database = database();
    let limits = Limits { rows_read_max: 3, rows_written_max: 5, ..Limits::default() };
    let of = |many: u32| {
        let session = session(&database, "economy", &Asks::default(), &limits);
        let sql = "INSERT INTO economy__ledger
                   SELECT value, 'x', 1, NULL FROM json_each(?1) RETURNING tick";
        let ticks: Vec<String> = (0..many).map(|tick| tick.to_string()).collect();
        let done = session.query(sql, &packed!([format!("[{}]", ticks.join(","))]));
        session.end(done.is_ok()).expect("ended");
        done.map(|answer| answer.expect("answered").rows)
    };
    let over = |limit: &str, stop| match stop {
        Err(Verdict::Fault(Fault::TooMuch { limit: passed, .. })) => assert_eq!(passed, limit),
        other => panic!("{other:?}"),
    };
    over("rows_read_max", of(4));
    over("rows_written_max", of(6));
    assert_eq!(of(2), Ok(packed!([[0], [1]])), "nothing of those was kept");
}

#[test]
fn the_digest_that_follows_changes_is_that_of_the_rows() {
    let database = database();
    let mut known = database.tables().expect("tables");
    for (sql, rows) in [
        (INSERT, packed!([[1, "Ada", 1.5], [2, "Ada", 2], [3, "Bob", 3]])),
        (
            "INSERT OR REPLACE INTO economy__ledger VALUES (?1, 'Ada', 9, x'00')",
            packed!([[1], [4]]),
        ),
        ("UPDATE economy__ledger SET tick = tick + 10 WHERE seller = ?1", packed!([["Ada"]])),
        ("UPDATE OR REPLACE economy__ledger SET tick = 5, seller = 'x' WHERE ?1", packed!([[1]])),
        (
            "INSERT INTO economy__ledger (tick, seller) VALUES (?1, 'y') ON CONFLICT DO NOTHING",
            packed!([[5], [5]]),
        ),
        ("DELETE FROM economy__ledger WHERE seller = 'x'", packed!([[]])),
        ("DELETE FROM economy__ledger", packed!([[]])),
    ] {
        let session = economy(&database);
        session.execute(sql, &rows).expect("no stop").expect(sql);
        for (table, change) in session.end(true).expect("ended") {
            let state = known.entry(table).or_default();
            *state = state.plus(change.state);
        }
        assert_eq!(database.tables().expect("tables"), known, "after {sql}");
    }
    assert_eq!(known["economy__ledger"], TableState::default());
}

#[test]
fn a_run_that_is_not_kept_leaves_nothing() {
    let database = database();
    let before = database.tables().expect("tables");
    let session = economy(&database);
    insert(&session, serde_json::json!([[1, "Ada", 1]]));
    assert_eq!(session.end(false), Ok(Default::default()));
    assert_eq!(database.tables().expect("tables"), before);
}

#[test]
fn a_tick_that_is_undone_leaves_what_came_before_it() {
    let database = database();
    let first = economy(&database);
    insert(&first, serde_json::json!([[1, "Ada", 1]]));
    first.end(true).expect("kept");
    database.end_tick().expect("kept");
    let before = database.tables().expect("tables");
    let second = economy(&database);
    insert(&second, serde_json::json!([[2, "Ada", 1]]));
    second.end(true).expect("kept");
    assert_eq!(database.undo_tick(), Undone::Tick);
    assert_eq!(database.tables().expect("tables"), before);
}

#[test]
fn a_mistake_is_told_and_changes_nothing() {
    let database = database();
    let session = economy(&database);
    insert(&session, serde_json::json!([[1, "Ada", 1]]));
    for (sql, rows, expected) in [
        (INSERT, packed!([[2, "Ada", 1], [1, "Ada", 1]]), "UNIQUE constraint failed"),
        (INSERT, packed!([[2, "Ada"]]), "the statement has 3 parameters, and 2 were given"),
        (INSERT, packed!([[2, "Ada", "much"]]), "cannot store TEXT value in REAL column"),
        (INSERT, packed!([[2, "Ada", [1]]]), "nothing with parts"),
        (INSERT, packed!(7), "must be an array"),
        (INSERT, vec![0x91, 0x93, 1], "not MessagePack"),
        (INSERT, vec![0x91, 0x93, 1, 0xdb, 255, 255, 255, 255], "not MessagePack"),
        ("INSERT INTO economy__lodger VALUES (1)", packed!([[]]), "no such table"),
        ("INSERT INTO", packed!([[]]), "incomplete input"),
        ("", packed!([[]]), "not authorized"),
        ("/* x */ -- y\n DROP VIEW IF EXISTS x", packed!([[]]), "not \"DROP\""),
        ("/*/ SELECT */ DROP VIEW IF EXISTS x", packed!([[]]), "not \"DROP\""),
        ("SELECT 1", packed!([[]]), "a SELECT changes nothing"),
    ] {
        let told = session.execute(sql, &rows).expect("no stop").expect_err(sql);
        assert!(told.contains(expected), "{sql}: {told}");
    }
    let count = session.query("SELECT count(*) FROM economy__ledger", &packed!([]));
    assert_eq!(count.expect("no stop").expect("answered").rows, packed!([[1]]));
}

#[test]
fn a_quota_that_is_used_up_is_a_fault_that_names_it() {
    let check = |limits: Limits, limit: &str, work: &dyn Fn(&Session) -> Result<(), Verdict>| {
        let database = database();
        let session = session(&database, "economy", &Asks::default(), &limits);
        match work(&session) {
            Err(Verdict::Fault(Fault::TooMuch { limit: found, .. })) => assert_eq!(found, limit),
            other => panic!("{limit}: {other:?}"),
        }
    };
    let base = Limits::default;
    let three = packed!([[1, "Ada", 1], [2, "Ada", 1], [3, "Ada", 1]]);
    let put = |session: &Session| session.execute(INSERT, &three).map(drop);
    check(Limits { rows_written_max: 2, ..base() }, "rows_written_max", &put);
    check(Limits { tables_max_bytes: 40, ..base() }, "tables_max_bytes", &put);
    check(Limits { sql_max_bytes: 60, ..base() }, "sql_max_bytes", &put);
    check(Limits { statements_max: 1, ..base() }, "statements_max", &|session| {
        put(session)?;
        session.query("SELECT 1", &packed!([])).map(drop)
    });
    check(Limits { rows_read_max: 2, ..base() }, "rows_read_max", &|session| {
        put(session)?;
        session.query("SELECT * FROM economy__ledger", &packed!([])).map(drop)
    });
}

#[test]
fn what_one_mod_writes_for_another_counts_for_that_other() {
    let database = database();
    let limits = Limits { tables_max_bytes: 60, ..Limits::default() };
    let granted = asks(&[], &["history__wars"]);
    let write = |name: &str| {
        let session = session(&database, "economy", &granted, &limits);
        let sql = "INSERT INTO history__wars VALUES (?1)";
        let done = session.execute(sql, &packed!([[name]]));
        session.end(done.is_ok()).expect("ended");
        done
    };
    assert_eq!(write("a war with a name of thirty-two"), Ok(Ok(1)));
    let Err(Verdict::Fault(Fault::TooMuch { limit, .. })) =
        write("and a war with another such name")
    else {
        panic!("no room is left");
    };
    assert_eq!(limit, "tables_max_bytes");
    let own = session(&database, "economy", &granted, &limits);
    assert_eq!(insert(&own, serde_json::json!([[1, "Ada", 1]])), 1, "its own have room");
}

const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";

#[test]
fn what_a_guard_stops_halts_the_tick() {
    let halted = |limits: Limits, sql: &str, limit: &str| {
        let database = database();
        let kept = economy(&database);
        insert(&kept, serde_json::json!([[1, "Ada", 1]]));
        kept.end(true).expect("kept");
        let stopped = session(&database, "economy", &Asks::default(), &limits);
        let stop = if sql.starts_with("INSERT") {
            stopped.execute(sql, &packed!([[]])).expect_err(sql)
        } else {
            stopped.query(sql, &packed!([])).expect_err(sql)
        };
        let Verdict::Halt(Halt::Statement(why)) = stop else { panic!("{stop:?}") };
        assert!(why.contains(limit) || why.contains("undo the whole tick"), "{why}");
        database.undo_tick();
        let again = economy(&database);
        insert(&again, serde_json::json!([[1, "Ada", 1]]));
        again.end(true).expect("kept");
    };
    let quick = Limits { sql_steps_max: 100_000, ..Limits::default() };
    halted(quick.clone(), &format!("{ENDLESS} SELECT count(*) FROM n"), "sql_steps_max");
    let write = format!("INSERT INTO economy__ledger {ENDLESS} SELECT x, 'a', 1, NULL FROM n");
    halted(quick, &write, "sql_steps_max");
    let wide = format!("{ENDLESS} SELECT x FROM n ORDER BY x || zeroblob(9999)");
    halted(
        Limits { sql_memory_max_bytes: 32 << 20, sql_steps_max: 0, ..Limits::default() },
        &wide,
        "sql_memory_max_bytes",
    );
    let timed = Limits { wall_clock_max_millis: 50, sql_steps_max: 0, ..Limits::default() };
    halted(timed, &format!("{ENDLESS} SELECT count(*) FROM n"), "wall_clock_max_millis");
}

#[test]
fn tables_of_others_need_a_grant() {
    let database = database();
    let ask = |granted: Asks, sql: &str| {
        let session = session(&database, "economy", &granted, &Limits::default());
        let told = match sql.starts_with("SELECT") {
            true => session.query(sql, &packed!([])).expect("no stop").map(drop),
            false => session.execute(sql, &packed!([[]])).expect("no stop").map(drop),
        };
        session.end(false).expect("ended");
        told
    };
    let (read, write) = ("SELECT * FROM history__wars", "DELETE FROM history__wars");
    for sql in [read, write] {
        let told = ask(Asks::default(), sql).expect_err(sql);
        assert!(told.contains("prohibited") || told.contains("not authorized"), "{told}");
    }
    ask(asks(&["history__wars"], &[]), read).expect("granted");
    ask(asks(&["history__wars"], &[]), write).expect_err("only to be read");
    ask(asks(&[], &["history__wars"]), write).expect("granted");
    // A statement that was prepared for one that may is not there for another.
    ask(Asks::default(), read).expect_err("not granted");
}

#[test]
fn migrations_run_once_and_must_stay_as_they_were() {
    let database = database();
    let first = migration("0001_ledger", LEDGER);
    let second = migration("0002_more", "ALTER TABLE economy__ledger ADD COLUMN place TEXT;");
    let ran = database.migrate("economy", &[first.clone(), second.clone()], 3).expect("migrated");
    assert_eq!(ran, ["0002_more"]);
    let again = database.migrate("economy", &[first.clone(), second.clone()], 4);
    assert_eq!(again.expect("nothing to do"), Vec::<String>::new());
    let told = |migrations: &[Migration]| {
        database.migrate("economy", migrations, 5).expect_err("refused").to_string()
    };
    assert!(told(std::slice::from_ref(&first)).starts_with(
        "migration `0002_more` of mod `economy` ran in this save, but this version of the mod does not have it"
    ));
    assert!(
        told(&[migration("0001_ledger", "SELECT 1"), second.clone()]).contains("altered since")
    );
    assert!(told(&[second.clone(), first.clone()]).contains("out of order"));
    assert!(told(&[migration("ledger", LEDGER)]).contains("name migrations like `0001_ledger`"));
    let late = migration("0001_a", "DELETE FROM economy__ledger");
    assert!(told(&[late, first, second]).contains("before one that already ran"));
}

#[test]
fn a_migration_is_the_same_wherever_it_was_checked_out() {
    let sql = "CREATE TABLE economy__book (id INTEGER PRIMARY KEY,\n  what TEXT)\nSTRICT, \
               WITHOUT ROWID;\n";
    let crlf = sql.replace('\n', "\r\n");
    let marked = |sql: &str| format!("\u{feff}{sql}");
    let checkouts = [sql.to_owned(), crlf.clone(), marked(sql), marked(&crlf)];
    let schema = |database: &Database| -> String {
        let sql = "SELECT sql FROM sqlite_schema WHERE name = 'economy__book'";
        database.lock().query_row(sql, [], |row| row.get(0)).expect("there")
    };
    for made in &checkouts {
        let database = database();
        let first = migration("0001_ledger", LEDGER);
        let migrations = |sql: &str| [first.clone(), migration("0002_book", sql)];
        database.migrate("economy", &migrations(made), 3).expect("migrated");
        assert!(!schema(&database).contains('\r'), "made of {made:?}");
        for other in &checkouts {
            // What earlier versions kept of one that ran.
            let kept = blake3::hash(made.as_bytes());
            let older = "UPDATE st_migrations SET digest = ?1 WHERE name = '0002_book'";
            for update in ["", older] {
                if !update.is_empty() {
                    database.lock().execute(update, [kept.as_bytes()]).expect("written");
                }
                let again = database.migrate("economy", &migrations(other), 4);
                assert_eq!(again.expect("the same"), Vec::<String>::new(), "{made:?}, {other:?}");
            }
        }
        let altered = migrations(&sql.replace("what", "why"));
        let told = database.migrate("economy", &altered, 5).expect_err("another").to_string();
        assert!(told.contains("altered since"), "{told}");
    }
}

#[test]
fn a_migration_makes_strict_tables_of_the_mod_and_nothing_else() {
    let table = |name: &str, columns: &str| {
        format!("CREATE TABLE {name} ({columns}) STRICT, WITHOUT ROWID")
    };
    let key = "a INTEGER PRIMARY KEY";
    for (sql, expected) in [
        (table("economy__x", key), ""),
        (table("economy__x", &format!("{key}, b TEXT DEFAULT 'it''s', c REAL DEFAULT -1.5")), ""),
        (table("economy__x", key) + "; CREATE UNIQUE INDEX economy__i ON economy__x (a)", ""),
        ("ALTER TABLE economy__ledger RENAME TO economy__book".to_owned(), ""),
        ("ALTER TABLE economy__ledger RENAME COLUMN gold TO silver".to_owned(), ""),
        ("ALTER TABLE economy__ledger DROP COLUMN note".to_owned(), ""),
        ("DROP TABLE economy__ledger".to_owned(), ""),
        ("UPDATE economy__ledger SET gold = 0".to_owned(), ""),
        (format!("CREATE TABLE economy__x ({key})"), "must end in `STRICT, WITHOUT ROWID`"),
        (format!("CREATE TABLE economy__x ({key}) STRICT"), "must end in `STRICT, WITHOUT ROWID`"),
        ("CREATE TABLE economy__x AS SELECT * FROM economy__ledger".to_owned(), "must end in"),
        (table("wealth", key), "not authorized"),
        (table("history__x", key), "not authorized"),
        (table("economy_x", key), "not authorized"),
        (table("\"economy__x y\"", key), "name it `economy__<name>`"),
        (table("st_x", key), "not authorized"),
        (table("temp.economy__x", key), "not authorized"),
        (
            table("economy__x", &format!("{key}, b TEXT DEFAULT CURRENT_TIMESTAMP")),
            "not authorized to use function",
        ),
        (
            table("economy__x", &format!("{key}, b INTEGER DEFAULT (random())")),
            "not authorized to use function",
        ),
        (table("economy__x", &format!("{key}, b INTEGER AS (a + 1)")), "a generated column `b`"),
        (table("economy__x", &format!("{key} REFERENCES economy__ledger")), "a foreign key"),
        (table("economy__x", &format!("{key} ON CONFLICT ROLLBACK")), "holds `rollback`"),
        ("CREATE INDEX st_i ON economy__ledger (gold)".to_owned(), "not authorized"),
        ("CREATE INDEX economy__i ON history__wars (name)".to_owned(), "not authorized"),
        ("CREATE INDEX economy__i ON economy__ledger (random())".to_owned(), "is refused"),
        ("CREATE VIEW economy__v AS SELECT 1".to_owned(), "not authorized"),
        (
            "CREATE TRIGGER economy__t AFTER INSERT ON economy__ledger BEGIN SELECT 1; END"
                .to_owned(),
            "not authorized",
        ),
        ("CREATE VIRTUAL TABLE economy__v USING fts5(a)".to_owned(), "not authorized"),
        ("DROP TABLE history__wars".to_owned(), "not authorized"),
        ("ALTER TABLE economy__ledger RENAME TO history__x".to_owned(), "touches "),
        ("ALTER TABLE economy__ledger RENAME TO st_x".to_owned(), "touches "),
        ("DELETE FROM history__wars".to_owned(), "not authorized"),
        ("DELETE FROM st_blobs".to_owned(), "not authorized"),
        ("UPDATE sqlite_schema SET sql = ''".to_owned(), "holds `sqlite_`"),
        (
            "INSERT INTO economy__ledger SELECT rootpage, sql, 1, NULL FROM sqlite_master"
                .to_owned(),
            "holds `sqlite_`",
        ),
        ("PRAGMA foreign_keys = on".to_owned(), "not authorized"),
        ("ATTACH ':memory:' AS other".to_owned(), "not authorized"),
        ("COMMIT".to_owned(), "not authorized"),
        ("SAVEPOINT x".to_owned(), "not authorized"),
        ("VACUUM".to_owned(), "refused"),
        ("ANALYZE".to_owned(), "not authorized"),
        ("REINDEX".to_owned(), ""),
        ("SELECT 1".to_owned(), "only changes"),
    ] {
        let database = database();
        let before = database.tables().expect("tables");
        let migrations = [migration("0001_ledger", LEDGER), migration("0002_next", &sql)];
        let done = database.migrate("economy", &migrations, 1);
        match done {
            Ok(_) => assert!(expected.is_empty(), "{sql} was done"),
            Err(error) => {
                let told = error.to_string();
                assert!(!expected.is_empty() && told.contains(expected), "{sql}: {told}");
                database.undo_all();
                assert_eq!(database.tables().expect("tables"), before, "{sql}");
            }
        }
    }
}

#[test]
fn tables_of_a_mod_that_is_gone_are_dropped_only_when_asked() {
    let database = database();
    assert_eq!(database.drop_tables("economy").expect("dropped"), ["economy__ledger"]);
    let left: Vec<String> = database.tables().expect("tables").into_keys().collect();
    assert_eq!(left, ["history__wars"]);
    let again = database.migrate("economy", &[migration("0001_ledger", LEDGER)], 9);
    assert_eq!(again.expect("made anew"), ["0001_ledger"]);
}

#[test]
fn values_and_statements_are_short_enough_for_any_function() {
    let database = database();
    let session = economy(&database);
    let long = "x".repeat(70_000);
    let sql = "SELECT length(?1)";
    let told = session.query(sql, &packed!([long])).expect("no stop").expect_err("too long");
    assert!(told.contains("too big"), "{told}");
    let sql = format!("SELECT '{long}'");
    let told = session.query(&sql, &packed!([])).expect("no stop").expect_err("too long");
    assert!(told.contains("too big") || told.contains("too long"), "{told}");
    let sql = "SELECT length(replace(?1, 'x', ?1))";
    let told = session.query(sql, &packed!(["x".repeat(1000)])).expect("no stop").expect_err(sql);
    assert!(told.contains("too big"), "{told}");
}

#[test]
fn functions_that_no_guard_could_stop_are_refused() {
    let database = database();
    let session = economy(&database);
    let long = "a".repeat(60_000);
    for (sql, expected) in [
        ("SELECT ?1 LIKE '%' || substr(?1, 1, 25000) || 'b'", "too complex"),
        ("SELECT ?1 GLOB '*[' || substr(?1, 1, 49000) || ']'", "too complex"),
        ("SELECT trim(?1, substr(?1, 1, 9000))", "takes one argument"),
        ("SELECT unhex(?1, ?1)", "not authorized"),
    ] {
        let told = session.query(sql, &packed!([long])).expect("no stop").expect_err(sql);
        assert!(told.contains(expected), "{sql}: {told}");
    }
    let answer = session.query("SELECT trim('  a '), 'abc' LIKE '%b%'", &packed!([]));
    assert_eq!(answer.expect("no stop").expect("answered").rows, packed!([["a", 1]]));
}

#[test]
fn a_table_is_of_the_mod_before_its_first_two_underscores() {
    for (table, expected) in [
        ("economy__ledger", Some("economy")),
        ("economy__ledger__old", Some("economy")),
        ("economy___x", Some("economy")),
        ("economy_x", None),
        ("eco_nomy__x", None),
        ("Economy__x", None),
        ("__x", None),
        ("st__x", None),
        ("sqlite__x", None),
    ] {
        assert_eq!(owner(table), expected, "{table}");
    }
    // `_` stands for any letter in LIKE, and cases fold; neither does here.
    let database = database();
    let e = session(&database, "e", &Asks::default(), &Limits::default());
    let near = session(&database, "econom", &Asks::default(), &Limits::default());
    for session in [e, near] {
        let told = session.query("SELECT * FROM economy__ledger", &packed!([])).expect("no stop");
        assert!(told.is_err(), "{told:?}");
    }
}
