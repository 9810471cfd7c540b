//! One statement with many rows does what it would do with each of them.

use proptest::prelude::*;
use rusqlite::types::Value;

use super::*;

const KEPT: &str = "CREATE TABLE economy__kept (
    id INTEGER NOT NULL PRIMARY KEY, number INTEGER UNIQUE, real REAL CHECK (real < 1000),
    text TEXT NOT NULL DEFAULT 'none', thing ANY
) STRICT, WITHOUT ROWID;
CREATE INDEX economy__by_text ON economy__kept (text, number);
INSERT INTO economy__kept VALUES (3, 30, 0.5, 'there', x'00'), (5, 50, NULL, 'too', 1);";

/// What a statement with many rows came to: what the mod is told, what is written
/// down, and the rows that are there.
#[derive(Debug, PartialEq)]
struct Outcome {
    told: Result<Result<u64, String>, Verdict>,
    changes: BTreeMap<String, TableChange>,
    rows: Vec<Vec<Value>>,
}

fn outcome(sql: &str, rows: &[u8], limits: &Limits) -> Outcome {
    let database = in_memory().expect("memory");
    database.migrate("economy", &[migration("0001_kept", KEPT)], 0).expect("migrated");
    database.commit().expect("committed");
    let database = Arc::new(database);
    let session = session(&database, "economy", &Asks::default(), limits);
    let told = session.execute(sql, rows);
    let changes = session.end(told.is_ok()).expect("ended");
    let connection = database.lock();
    let mut select = connection.prepare("SELECT * FROM economy__kept").expect("a statement");
    let rows = select.query_map([], |row| (0..5).map(|at| row.get(at)).collect());
    let rows = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
    Outcome { told, changes, rows }
}

/// A value as MessagePack, of any type and sometimes of none.
fn parameter() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: String| {
        let mut bytes = Vec::new();
        rmp::encode::write_str(&mut bytes, &text).expect("fits");
        bytes
    };
    let real = |number: f64| {
        let mut bytes = Vec::new();
        rmp::encode::write_f64(&mut bytes, number).expect("fits");
        bytes
    };
    prop_oneof![
        12 => (0..12_i64).prop_map(|number| packed(number.into())),
        2 => any::<i64>().prop_map(|number| packed(number.into())),
        3 => prop::sample::select(vec![0.5, 2.0, -0.0, 999.5, 1e9, f64::NAN]).prop_map(real),
        4 => "[a-c]{0,2}|7|3[.]0|\u{e4}".prop_map(text),
        2 => Just(vec![0xc0]),
        1 => Just(vec![0xc3]),
        1 => Just(vec![0xc4, 2, 0, 255]),
        1 => (65_535..65_538_usize).prop_map(move |length| text("a".repeat(length))),
        1 => prop::sample::select(vec![vec![0x91, 1], vec![0xc1], vec![0xa1, 0xff], vec![0xda, 9]]),
    ]
}

fn rows() -> impl Strategy<Value = Vec<u8>> {
    let five = prop::collection::vec(parameter(), 5);
    let any = prop::collection::vec(parameter(), 0..7);
    let plain = (0..12_i64, 0..12_i64).prop_map(|(id, number)| {
        let numbers = [id, number].map(|number| packed(number.into()));
        let rest = [vec![0xc0], vec![0xa1, b'x'], vec![0xc2]];
        numbers.into_iter().chain(rest).collect()
    });
    let row = prop_oneof![10 => plain, 6 => five, 1 => any].prop_map(|row: Vec<Vec<u8>>| {
        let mut bytes = vec![0x90 | row.len() as u8];
        bytes.extend(row.concat());
        bytes
    });
    (prop::collection::vec(row, 2..9), 0..20_u8).prop_map(|(rows, behind)| {
        let mut bytes = vec![0x90 | rows.len() as u8];
        bytes.extend(rows.concat());
        bytes.extend(vec![0; usize::from(behind == 0)]);
        bytes
    })
}

fn statement() -> impl Strategy<Value = String> {
    let verbs = ["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL", "REPLACE"];
    let values = [
        " VALUES (?1, ?2, ?3, ?4, ?5)",
        " VALUES (?, ?, ?, ?, ?)",
        " VALUES (?5, ?2, -1.5, ?1, ?3)",
        " AS x (thing, id, number) VALUES (?4, ?1, ?5)",
        " (id, text) VALUES (?5, 'it''s')",
    ];
    let tails = [
        "",
        ";",
        " ON CONFLICT DO NOTHING",
        " ON CONFLICT (id) DO UPDATE SET text = text || excluded.text, number = excluded.number",
        " ON CONFLICT (number) DO UPDATE SET real = ifnull(real, 0) + 400 WHERE id > 4
          ON CONFLICT DO UPDATE SET id = excluded.id + 1",
    ];
    let one_of = |texts: [&'static str; 5]| prop::sample::select(texts.to_vec());
    (one_of(verbs), one_of(values), one_of(tails))
        .prop_map(|(verb, values, tail)| format!("{verb} INTO economy__kept{values}{tail}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rows_together_do_what_they_do_one_by_one(
        sql in statement(),
        rows in rows(),
        few_rows in prop::option::of(0..6_u64),
        few_bytes in prop::option::of(0..200_u64),
    ) {
        let mut limits = Limits::default();
        limits.rows_written_max = few_rows.unwrap_or(limits.rows_written_max);
        limits.tables_max_bytes = few_bytes.unwrap_or(limits.tables_max_bytes);
        // What has a comment is made row by row.
        let one_by_one = outcome(&format!("{sql}--"), &rows, &limits);
        prop_assert_eq!(outcome(&sql, &rows, &limits), one_by_one);
    }
}

#[test]
fn more_rows_than_are_taken_at_once_go_in_in_their_order() {
    let rows: Vec<_> =
        (0..40_000).rev().map(|id| serde_json::json!([id, id, 0.5, "a", 1])).collect();
    let sql = "INSERT OR REPLACE INTO economy__kept VALUES (?1, ?2, ?3, ?4, ?5)";
    let done = outcome(sql, &packed(rows.into()), &Limits::default());
    assert_eq!(done.told, Ok(Ok(40_000)));
    assert_eq!(done.rows.len(), 40_000);
    let written = read_rows(&done.changes["economy__kept"].rows).expect("rows");
    let came: Vec<&Value> =
        written.iter().filter(|change| !change.is_gone).map(|change| &change.values[0]).collect();
    assert!(came.iter().map(|id| (*id).clone()).eq((0..40_000).rev().map(Value::Integer)));
    assert_eq!(written.len(), 40_002, "those that were there are gone");
}

#[test]
fn no_mod_reads_the_rows_that_are_given() {
    let database = database();
    let session = economy(&database);
    let rows = serde_json::json!([[1, "Ada", 2.5], [2, "Bob", 2.5]]);
    assert_eq!(insert(&session, rows), 2);
    for sql in [
        "SELECT p1 FROM st_given",
        "SELECT count(*) FROM st_given",
        "INSERT INTO economy__ledger SELECT p1, p2, p3, NULL FROM st_given WHERE true",
        "INSERT INTO economy__ledger VALUES (?1, 'x', (SELECT count(*) FROM st_given), NULL)",
        "+/*INSERT INTO economy__ledger SELECT p1, p2, p3, NULL FROM st_given WHERE true",
    ] {
        let told = session.execute(sql, &packed!([[], []])).expect("no stop");
        assert!(told.is_err(), "{sql}");
    }
}
