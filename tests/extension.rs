//! The extension in other programs: the `sqlite3` shell and Python.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use rusqlite::Connection;
use rusqlite::types::Value;
use sandtable::save::Table;
use serde_json::{Value as Json, json};

use crate::export;
use crate::harness::*;
use crate::outside::{NM, PYTHON, SQLITE3, needs};
use crate::place::Place;
use crate::running::Running;

/// What the shell prints, or what it says went wrong.
fn shell(save: &Path, sql: &[&str]) -> Result<String, String> {
    let load = format!(".load {}", extension().with_extension("").display());
    let mut command = SQLITE3.command();
    command.args(["-batch", "-bail", "-csv", "-header", "-cmd", &load]).arg(save).args(sql);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    match output.status.code() {
        Some(0) if output.stderr.is_empty() => Ok(text(output.stdout)),
        Some(_) => Err(text(output.stderr)),
        None => panic!("{sql:?} kills it: {}", text(output.stderr)),
    }
}

/// Python with a save open, which answers line by line.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

const SCRIPT: &str = "
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.enable_load_extension(True)
connection.load_extension(sys.argv[2])
for line in sys.stdin:
    try:
        answer = connection.execute(line).fetchall()
    except sqlite3.Error as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
";

impl Python {
    fn with(save: &Path) -> Self {
        let mut command = PYTHON.command();
        command.args(["-c", SCRIPT]).arg(save).arg(extension());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn ask(&mut self, sql: &str) -> Json {
        writeln!(self.input, "{}", sql.replace('\n', " ")).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("an answer")
    }

    fn ends(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}

/// Statements that copy every table there is into a file.
fn copies(tables: &BTreeMap<String, Table>, file: &str) -> Vec<String> {
    let copy = |name| format!("CREATE TABLE copied.{name} AS SELECT * FROM temp.{name};");
    let attach = format!("ATTACH '{file}' AS copied;");
    std::iter::once(attach).chain(tables.keys().map(copy)).collect()
}

/// Checks that a file has just these tables, with rows in any order.
fn holds(file: &Path, expected: &BTreeMap<String, Table>) {
    let copied = Connection::open(file).unwrap();
    for (name, table) in expected {
        let order: Vec<String> = (1..=table.columns.len()).map(|at| at.to_string()).collect();
        let sql = format!("SELECT * FROM {name} ORDER BY {}", order.join(", "));
        let mut select = copied.prepare(&sql).unwrap();
        assert_eq!(select.column_names().collect::<Vec<_>>(), table.columns, "{name}");
        let rows = select.query_map([], |row| (0..order.len()).map(|at| row.get(at)).collect());
        let rows: Vec<Vec<Value>> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, table.rows, "{name}");
    }
}

#[test]
fn every_table_is_what_sandtable_answers() {
    needs!(SQLITE3, PYTHON);
    let place = export::place();
    let expected = export::expected(&place);
    assert!(expected.len() > 20, "there are tables");

    let file = place.at("shell.db");
    let copies_of = |file: &Path| copies(&expected, file.to_str().unwrap());
    shell(&place.at("save.db"), &[&copies_of(&file).concat()]).unwrap();
    holds(&file, &expected);

    let file = place.at("python.db");
    let mut python = Python::with(&place.at("save.db"));
    for copy in copies_of(&file) {
        assert_eq!(python.ask(&copy), json!([]), "{copy}");
    }
    python.ends();
    holds(&file, &expected);
}

#[test]
fn searches_are_left_to_the_tables() {
    needs!(SQLITE3);
    let place = export::place();
    for (sql, expected) in [
        ("SELECT * FROM ticks WHERE tick = 3", r#"WHERE "tick" = ?1"#),
        (
            "SELECT * FROM ticks WHERE tick > 3 AND tick <= 7 ORDER BY tick DESC",
            r#"WHERE "tick" > ?1 AND "tick" <= ?2 ORDER BY "tick" DESC"#,
        ),
        ("SELECT * FROM events WHERE name IS NULL", r#"WHERE "name" IS ?1"#),
        (
            "SELECT * FROM watcher_tag CROSS JOIN watcher_value USING (entity)",
            r#"WHERE "entity" = ?1"#,
        ),
    ] {
        let plan = shell(&place.at("save.db"), &[&format!("EXPLAIN QUERY PLAN {sql}")]).unwrap();
        assert!(plan.contains(&format!("0: {expected}")), "{sql}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql} is not sorted again: {plan}");
    }
    let other = "SELECT * FROM events WHERE name = 'X' COLLATE NOCASE";
    let plan = shell(&place.at("save.db"), &[&format!("EXPLAIN QUERY PLAN {other}")]).unwrap();
    assert!(!plan.contains("WHERE"), "other letters are equal for the tables: {plan}");
}

#[test]
fn searches_find_what_sandtable_finds() {
    needs!(SQLITE3);
    let place = export::place();
    for sql in [
        "SELECT tick, entities FROM ticks WHERE tick > 3 AND tick <= 7 ORDER BY tick DESC LIMIT 2",
        "SELECT tick FROM ticks WHERE tick IN (9, 2, 2, 40, NULL) ORDER BY tick",
        "SELECT tick FROM ticks WHERE tick = '5' OR tick = 6.0 OR tick > '11' ORDER BY tick",
        "SELECT count(*) AS n FROM entities WHERE entity IS NULL",
        "SELECT count(*) AS n FROM events WHERE name = 'NOTHING' COLLATE NOCASE",
        "SELECT name, count(*) AS n FROM events GROUP BY name ORDER BY n DESC, name",
        "SELECT count(*) AS n FROM events a JOIN ticks b USING (tick) WHERE b.tick BETWEEN 2 AND 4",
        "SELECT role, group_concat(name) AS names FROM (SELECT * FROM kinds ORDER BY name)
         GROUP BY role ORDER BY role",
        "SELECT count(*) AS n FROM system_runs WHERE tick = 3 OR system = 'watcher/count'",
        "SELECT count(*) AS n FROM watcher_value v LEFT JOIN watcher_tag t
         ON t.entity = v.entity AND v.number < 10",
        "SELECT number FROM watcher_value ORDER BY number DESC, entity LIMIT 3 OFFSET 1",
        "SELECT count(DISTINCT tick) AS n FROM system_runs",
        "SELECT entity_text(entity) AS who FROM entities WHERE entity = entity('3v1')",
    ] {
        let answer = told(&mut place.program(&["sql", "save.db", sql, "--format", "csv"]));
        let found = shell(&place.at("save.db"), &[sql]).unwrap();
        assert_eq!(found.replace('\r', ""), answer.replace('\r', ""), "{sql}");
    }
}

#[test]
fn nothing_can_be_written() {
    needs!(SQLITE3);
    let place = Place::with_save(&["watcher"]);
    let before = fs::read(place.at("save.db")).unwrap();
    for sql in [
        "DELETE FROM watcher_value",
        "UPDATE watcher_value SET number = 1",
        "INSERT INTO ticks(tick) VALUES (1)",
    ] {
        let said = shell(&place.at("save.db"), &[sql]).unwrap_err();
        assert!(said.contains("may not be modified"), "{said}");
    }
    let said = shell(&place.at("save.db"), &["SELECT entity('FRA')"]).unwrap_err();
    assert!(said.contains("entity() takes an entity as 12v3 or as its number"), "{said}");
    assert!(fs::read(place.at("save.db")).unwrap() == before, "nothing is");
}

#[cfg(unix)]
#[test]
fn a_world_that_runs_is_seen_as_it_was_until_asked_anew() {
    needs!(SQLITE3, PYTHON);
    let place = Place::with(WORLD, &["watcher"]);
    let save = place.at("save.db");
    let mut running = Running::start(place.0.path(), &save, &[]);
    let mut python = Python::with(&save);
    let last = "SELECT max(tick) FROM ticks";
    let mut seen = python.ask(last)[0][0].as_u64().unwrap();
    for _ in 0..5 {
        wait_until("it goes on", || last_tick(&save) > seen + 2);
        assert_eq!(python.ask(last), json!([[seen]]));
        let counts = "SELECT count(*) FROM watcher_value JOIN watcher_tag USING (entity)";
        assert_eq!(python.ask(counts), json!([[100]]), "one commit, not two halves");
        let tick = python.ask("SELECT sandtable_refresh()")[0][0].as_u64().unwrap();
        assert!(tick > seen + 2, "{tick} after {seen}");
        assert_eq!(python.ask(last), json!([[tick]]));
        seen = tick;
    }
    assert!(running.goes_on());
    running.stop("-TERM");
    assert!(python.ask("SELECT sandtable_refresh()")[0][0].as_u64() >= Some(seen));
    python.ends();
    assert!(!place.at("save.db-wal").exists(), "the last connection to close tidies up");
    let whole = "PRAGMA integrity_check";
    assert_eq!(told(SQLITE3.command().arg(&save).arg(whole)), "ok\n");
    ticks(None, &save, 1);
}

#[test]
fn tables_of_new_mods_come_with_a_new_image() {
    needs!(PYTHON);
    let place = Place::with_save(&["watcher"]);
    let save = place.at("save.db");
    let mut python = Python::with(&save);
    let count = "SELECT count(*) > 0 FROM ledger__entries";
    assert_eq!(python.ask(count), json!("no such table: ledger__entries"));
    let other = Place::with(WORLD, &["watcher", "ledger"]);
    let mut command = place.program(&["run"]);
    command.arg(other.0.path()).args(["--save", "save.db", "--ticks", "2", "--accept-mods"]);
    told(command.arg("--quiet"));
    assert_eq!(python.ask("SELECT sandtable_refresh()"), json!([[5]]));
    assert_eq!(python.ask("SELECT max(tick) FROM ticks"), json!([[5]]));
    let listed = "SELECT count(*) FROM tables WHERE name = 'ledger__entries'";
    assert_eq!(python.ask(listed), json!([[1]]));
    assert_eq!(python.ask(count), json!([[1]]));
    // Loaded again it is the same extension.
    let again = format!("SELECT load_extension('{}')", extension().display());
    assert_eq!(python.ask(&again), json!([[null]]));
    assert_eq!(python.ask(count), json!([[1]]));
    python.ends();
}

#[test]
fn what_is_no_save_is_refused_in_a_sentence() {
    needs!(SQLITE3);
    let place = Place::with_save(&["watcher"]);
    let save = place.at("save.db");
    place.write("text", "hello, this is a text of some length, and no file of SQLite");
    let other = Connection::open(place.at("other.db")).unwrap();
    other.execute_batch("CREATE TABLE a (b)").unwrap();
    let altered = |name: &str, sql: &str| {
        fs::copy(&save, place.at(name)).unwrap();
        Connection::open(place.at(name)).unwrap().execute_batch(sql).unwrap();
    };
    altered("newer.db", "PRAGMA user_version = 99");
    altered("viewed.db", "CREATE VIEW st_more AS SELECT 1");
    altered("lied.db", "UPDATE st_world SET tick = tick + 1");
    for (name, expected) in [
        ("text", "cannot be read: file is not a database"),
        ("other.db", "other.db is not a save: open one with `sqlite3 <save>`"),
        ("newer.db", "newer.db was written by a newer Sandtable"),
        ("viewed.db", "viewed.db is damaged: its `st_more` is none that Sandtable made"),
        ("lied.db", "lied.db is damaged: "),
    ] {
        let said = shell(&place.at(name), &["SELECT 1"]).unwrap_err();
        assert!(said.contains(expected), "{name}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{name}: {said}");
    }
    // Programs that load it into every connection can.
    let said = shell(Path::new(":memory:"), &["SELECT sandtable_refresh()"]).unwrap_err();
    assert!(said.contains("no save is open: open one"), "{said}");
}

#[test]
fn a_table_of_the_shells_own_is_left_alone() {
    needs!(SQLITE3);
    let place = Place::with_save(&["watcher"]);
    let save = place.at("save.db");
    let load = format!(".load {}", extension().with_extension("").display());
    let script = format!(
        "CREATE TEMP TABLE tables(mine);\n{load}\nSELECT count(*) FROM temp.tables;\n\
         DROP TABLE temp.tables;\n{load}\nSELECT count(*) > 10 FROM tables;\n"
    );
    place.write("script", script);
    let mut shell = SQLITE3.command();
    shell.arg(&save).stdin(fs::File::open(place.at("script")).unwrap());
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("table \"tables\" already exists"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0\n1\n", "{said}");
}

#[test]
fn flipped_bits_are_told_or_do_no_harm() {
    needs!(SQLITE3);
    let place = Place::with_save(&["watcher", "ledger"]);
    let whole = fs::read(place.at("save.db")).unwrap();
    for at in 0..60 {
        let mut bytes = whole.clone();
        let place_of = at * whole.len() / 60 + at * 37;
        let length = bytes.len();
        bytes[place_of % length] ^= 1 << (at % 8);
        place.write("flipped.db", bytes);
        let sql = "SELECT count(*) FROM events; SELECT count(*) FROM watcher_value;
                   SELECT count(*) FROM ledger__entries; SELECT count(*) FROM ticks";
        // A killed process would panic here.
        if let Err(said) = shell(&place.at("flipped.db"), &[sql]) {
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_two_sqlites_have_nothing_of_each_other() {
    needs!(NM);
    let symbols = told(NM.command().args(["-D", "--format=just-symbols"]).arg(extension()));
    let sqlite: Vec<&str> = symbols.lines().filter(|name| name.contains("sqlite3")).collect();
    assert_eq!(sqlite, ["sqlite3_sandtablesqlite_init"]);
}
