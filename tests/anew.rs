//! Kinds that are declared anew: what was before is still shown, carried through
//! names of before and defaults, or as it was.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::save::{self, Answer, ExportFormat, Reader, Table, Ticks, export};
use serde_json::json;

use crate::harness::*;

const LOGGED: &str = "[world]\nname = \"test\"\nseed = 7\nlog_ticks = 1000\n";

fn shop(version: &str) -> ModSource {
    ModSource { id: "shop".to_owned(), ..guest(version) }
}

/// A shop that ran for so many ticks, and for three more as a later version.
fn swapped(folder: &Path, ticks: u64, version: &str) -> PathBuf {
    let save = folder.join("shop.db");
    let mods = vec![shop("shop")];
    let mut world = Simulation::create(Some(&save), config(LOGGED, &mods), mods, quiet(2)).unwrap();
    world.send("shop/Gift", &json!({"gold": 5}), "test").unwrap();
    run(&mut world, ticks);
    world.swap(vec![shop(version)]).expect("swapped");
    run(&mut world, 3);
    world.close().unwrap();
    save
}

fn ask(save: &Path, sql: &str) -> Table {
    Reader::open(save).unwrap().inquiry().unwrap().query(sql).expect(sql)
}

fn ask_at(save: &Path, tick: u64, sql: &str) -> Table {
    Reader::open(save).unwrap().inquiry_at(tick).unwrap().query(sql).expect(sql)
}

/// The cells of a table, a row a line.
fn lines(table: &Table) -> Vec<String> {
    let cell = |value: &Value| sandtable::save::exact(value);
    table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" ")).collect()
}

fn column<'t>(answer: &'t Answer, name: &str) -> Vec<&'t Value> {
    let at = answer.table.columns.iter().position(|column| column == name).expect(name);
    answer.table.rows.iter().map(|row| &row[at]).collect()
}

#[test]
fn values_of_before_are_shown_by_their_names_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let save = swapped(folder.path(), 8, "shop_renamed");
    let told = ask(
        &save,
        "SELECT tick, coins, debt, ranks, silver, action, step FROM shop_purse_history
         WHERE entity = 4294967298 AND tick BETWEEN 6 AND 9",
    );
    assert_eq!(
        lines(&told),
        [
            "6 7 2.5 [1,2] 20 changed run",
            "7 8 2.5 [1,2] 20 changed run",
            "8 9 2.5 [1,2] 20 changed run",
            "8 9 2.5 [1,2]  changed swap",
            "9 10 2.5 [1,2]  changed run",
        ]
    );
    let tax = ask(&save, "SELECT tick, percent, levied_by, action FROM shop_tax_history");
    assert_eq!(lines(&tax)[0], "1 7 the king inserted", "from packed to dynamic");
    let rows = ask(
        &save,
        "SELECT (SELECT count(*) FROM shop_purse_history WHERE action <> 'was'),
                (SELECT count(*) FROM changes WHERE component = 'shop/Purse')",
    );
    assert_eq!(rows.rows[0][0], rows.rows[0][1], "no fewer than the changes");
}

#[test]
fn history_and_blame_follow_a_field_through_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let save = swapped(folder.path(), 8, "shop_renamed");
    let reader = Reader::open(&save).unwrap();
    let all = Ticks::default();
    let coins = reader.history("2v1", "shop/Purse.coins", all).unwrap();
    let (ticks, values) = (column(&coins, "tick"), column(&coins, "coins"));
    let told: Vec<_> = ticks.into_iter().zip(values).collect();
    let numbers =
        |tick: i64| (Value::Integer(tick), Value::Integer(if tick == 1 { 2 } else { tick + 1 }));
    let expected: Vec<_> = (1..=11).map(numbers).collect();
    assert_eq!(told, expected.iter().map(|(tick, value)| (tick, value)).collect::<Vec<_>>());
    let blame = reader.blame("2v1", "shop/Purse.coins", all).unwrap();
    assert_eq!(column(&blame, "new")[1..], column(&coins, "coins")[1..]);

    let gold = reader.history("2v1", "shop/Purse.gold", all).unwrap();
    assert_eq!(gold.table.columns[..2], ["tick", "gold"]);
    assert_eq!(column(&gold, "gold"), column(&coins, "coins")[..8], "as long as that was its name");
    assert_eq!(gold.notes, ["`gold` of shop/Purse became `coins` after tick 8"]);

    let silver = reader.history("2v1", "shop/Purse.silver", all).unwrap();
    assert_eq!(column(&silver, "silver"), [&Value::Integer(20), &Value::Null]);
    assert_eq!(silver.notes, ["shop/Purse lost its `silver` after tick 8"]);

    let debt = reader.history("2v1", "shop/Purse.debt", all).unwrap();
    assert_eq!(column(&debt, "debt"), [&Value::Real(2.5)], "it never changed");
    let unknown = reader.history("2v1", "shop/Purse.copper", all).unwrap_err().to_string();
    assert!(unknown.contains("has shop/Purse without a field `copper`"), "{unknown}");

    let both = Ticks { from: Some(6), to: Some(10) };
    let diff = reader.diff(both).unwrap();
    let fields: Vec<_> =
        column(&diff, "field").into_iter().filter(|it| **it != Value::Null).collect();
    let changed =
        |name: &str| fields.iter().filter(|it| ***it == Value::Text(name.to_owned())).count();
    assert_eq!((changed("coins"), changed("silver"), changed("debt")), (10, 10, 0));
    let note = "shop/Purse was declared anew in between: `gold` became `coins`, `debt` is new, \
                `ranks` is new, `silver` is gone";
    assert!(diff.notes.iter().any(|it| it == note), "{:?}", diff.notes);
}

#[test]
fn what_was_logged_is_shown_by_its_names_of_today() {
    let folder = tempfile::tempdir().unwrap();
    // Up to tick 100 all events were read, and brought along those after it.
    let save = swapped(folder.path(), 102, "shop_renamed");
    let events = ask(
        &save,
        "SELECT number, payload ->> 'price', payload ->> 'paid' FROM events
         WHERE name = 'shop/Sold' ORDER BY number",
    );
    let expected: Vec<String> = (1..=102).map(|number| format!("{number} {number} 1")).collect();
    assert_eq!(lines(&events), expected);
    let inputs = "SELECT tick, name, payload FROM inputs UNION ALL
                  SELECT tick, name, payload FROM events WHERE name = 'shop/Gift'";
    assert_eq!(
        lines(&ask(&save, inputs)),
        ["1 shop/Gift {\"coins\":5}", "1 shop/Gift {\"coins\":5}"]
    );
    let then =
        "SELECT number, payload FROM events WHERE name = 'shop/Sold' AND number IN (50, 101)";
    let told = lines(&ask_at(&save, 101, then));
    assert_eq!(
        told,
        ["50 {\"price\":50}", "101 {\"price\":101}"],
        "as it was declared at that tick"
    );
    let inputs = "SELECT payload FROM inputs";
    assert_eq!(lines(&ask_at(&save, 101, inputs)), ["{\"gold\":5}"]);
}

#[test]
fn values_that_a_conversion_took_are_shown_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let save = swapped(folder.path(), 4, "shop_converted");
    let told = ask(
        &save,
        "SELECT tick, label, gold, silver, step FROM shop_purse_history
         WHERE entity = 4294967297 ORDER BY tick",
    );
    let expected = [
        "1  1 10 commands",
        "2  2 10 run",
        "3  3 10 run",
        "4  4 10 run",
        "4 4 gold, 10 silver   swap",
    ];
    assert_eq!(lines(&told), expected);
    let tax = lines(&ask(&save, "SELECT rate, percent FROM shop_tax_history"));
    assert_eq!(tax, [" 7", "0.07 "]);
    let exported = folder.path().join("rows");
    export(&save, Some(3), ExportFormat::Csv, &exported).unwrap();
    let purses = std::fs::read_to_string(exported.join("shop_purse.csv")).unwrap();
    assert!(purses.starts_with("entity,gold,silver"), "{purses}");
}

#[test]
fn inputs_that_wait_go_back_with_the_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let save = swapped(folder.path(), 8, "shop_renamed");
    let send = |coins: u64| sandtable::send(&save, "shop/Gift", &json!({ "coins": coins }), "test");
    send(7).unwrap();
    // More than the kind of before has room for.
    send(1 << 40).unwrap();
    let rewound = save::rewind(&save, 5).unwrap();
    assert_eq!(rewound.lost_inputs, 1, "and it is said");
    assert_eq!(lines(&ask(&save, "SELECT payload FROM inbox")), ["{\"gold\":7}"]);
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(run(&mut world, 1)[0].inputs.len(), 1);
    world.close().unwrap();
}
