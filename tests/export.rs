//! An export holds what SQL answers, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;
use rusqlite::types::Value;
use sandtable::save::{self, Table};
use serde_json::Value as Json;

use crate::harness::*;
use crate::place::Place;

/// A save with components, relations, resources, events and tables of mods.
pub fn place() -> Place {
    let place = Place::with(WORLD, &["menagerie", "ledger", "watcher"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 12);
    place
}

fn export(place: &Place, format: &str, output: &str) -> String {
    told(&mut place.program(&["export", "save.db", "--format", format, "-o", output]))
}

/// Every table of the save, by name, in the order of its columns.
pub fn expected(place: &Place) -> BTreeMap<String, Table> {
    let ask = |sql: &str| save::query(&place.at("save.db"), sql).unwrap();
    let listed = ask("SELECT name FROM tables WHERE what <> 'history'").rows;
    let names = listed.into_iter().map(|mut row| match row.remove(0) {
        Value::Text(name) => name,
        other => panic!("{other:?}"),
    });
    names
        .map(|name| {
            let columns = ask(&format!("SELECT * FROM {name} LIMIT 0")).columns;
            let table = ask(&format!("SELECT * FROM {name} ORDER BY {}", columns.join(", ")));
            (name, table)
        })
        .collect()
}

#[test]
fn every_table_is_exported_as_sql_shows_it() {
    let place = place();
    let expected = expected(&place);
    let filled = |part: &str| expected.iter().any(|(n, t)| n.contains(part) && !t.rows.is_empty());
    for part in ["ledger__", "menagerie_", "watcher_value", "entities", "events", "ticks", "kinds"]
    {
        assert!(filled(part), "there are rows in {part}");
    }

    let said = export(&place, "sqlite", "rows.db");
    assert!(said.starts_with(&format!("rows.db: {} tables, ", expected.len())), "{said}");
    let exported = Connection::open(place.at("rows.db")).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(exported.query_row(tables, [], |row| row.get(0)), Ok(expected.len() as i64));
    for (name, table) in &expected {
        let mut select = exported.prepare(&format!("SELECT * FROM {name} ORDER BY rowid")).unwrap();
        assert_eq!(select.column_names().collect::<Vec<_>>(), table.columns, "{name}");
        let count = table.columns.len();
        let rows = select.query_map([], |row| (0..count).map(|at| row.get(at)).collect());
        let rows: Vec<Vec<Value>> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, table.rows, "{name}");
    }
    let ty = "SELECT type FROM pragma_table_info('watcher_value') WHERE name = 'number'";
    assert_eq!(exported.query_row(ty, [], |row| row.get(0)), Ok("INTEGER".to_owned()));

    export(&place, "json", "rows.json");
    let json = fs::read_to_string(place.at("rows.json")).unwrap();
    let json: BTreeMap<String, Json> = serde_json::from_str(&json).unwrap();
    assert_eq!(json.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, table) in &expected {
        assert_eq!(json[name], serde_json::from_str::<Json>(&table.to_json()).unwrap(), "{name}");
    }

    export(&place, "csv", "rows");
    let files: Vec<String> = expected.keys().map(|name| format!("{name}.csv")).collect();
    assert_eq!(names_in(&place.at("rows")), files);
    for (name, table) in &expected {
        let csv = fs::read_to_string(place.at("rows").join(format!("{name}.csv"))).unwrap();
        assert_eq!(csv, format!("{}\r\n", table.to_csv()), "{name}");
    }
}

#[test]
fn the_same_save_gives_the_same_bytes() {
    let place = place();
    for (format, one, two) in [("json", "1.json", "2.json"), ("sqlite", "1.db", "2.db")] {
        export(&place, format, one);
        export(&place, format, two);
        assert!(fs::read(place.at(one)).unwrap() == fs::read(place.at(two)).unwrap(), "{format}");
    }
    let left = |name: &String| name.contains(".new") || name.ends_with(".lock");
    assert!(!names_in(place.0.path()).iter().any(left), "nothing is left beside them");
}

#[test]
fn what_is_there_already_stays() {
    let place = Place::with_save(&["watcher"]);
    fs::create_dir(place.at("folder")).unwrap();
    place.write("file", "mine");
    fs::create_dir(place.at("other.new")).unwrap();
    for format in ["csv", "json", "sqlite"] {
        for output in ["folder", "file"] {
            let said = place.refusal(&["export", "save.db", "--format", format, "-o", output]);
            let expected = "is already there: give another name, or move it away";
            assert_eq!(said, format!("{output} {expected}"), "{format}");
        }
    }
    assert_eq!(
        place.refusal(&["export", "save.db", "--format", "csv", "-o", "other"]),
        "other.new is already there: give another name, or move it away"
    );
    let said = place.refusal(&["export", "save.db", "--format", "json", "-o", "no/where"]);
    assert!(said.starts_with("no/where"), "{said}");
}
