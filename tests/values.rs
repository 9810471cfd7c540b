//! Every value, through every way out, read by another program: what comes out
//! is what went in, to the last digit.

use std::fs;

use rusqlite::types::Value;
use sandtable::save;
use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::outside::{PYTHON, needs};
use crate::queries;

/// Knows the values of the guest, reads all that was exported and asked, and
/// says how many values it compared.
const SCRIPT: &str = r#"
import json, math, re, sqlite3, struct, sys

U64, I64 = 2**64 - 1, 2**63 - 1
WHOLE = [0, 5, 2**53 - 1, 2**53, 2**53 + 1, I64, I64 + 1, I64 + 2, 9999999999999999999, 10**19,
         U64 - 1, U64]
SIGNED = [0, 5, -5, 2**53 - 1, 2**53, 2**53 + 1, -2**53 - 1, 7, I64 - 1, I64, -I64, -I64 - 1]
MAX, SMALL = sys.float_info.max, 2.225073858507201e-308
REAL = [0.0, -0.0, 5.0, 5e-324, -5e-324, SMALL, MAX, -MAX, math.inf, -math.inf, math.nan, 0.1]
def single(bits):
    return struct.unpack('<f', struct.pack('<I', bits))[0]
SINGLE = [0.0, -0.0, 5.0, single(1), single(1 | 1 << 31), single(0x007fffff), single(0x7f7fffff),
          -single(0x7f7fffff), math.inf, -math.inf, math.nan, single(0x3dcccccd)]
TEXT = ['', '5', '5.0', ' 5', '05', '1e1', 'five', 'FIVE', 'NaN', '9223372036854775808',
        'a,"b"\r\n', '0v1']

compared = 0
def equal(found, expected, what):
    global compared
    compared += 1
    if isinstance(expected, float) and isinstance(found, float):
        both = math.isnan(found) and math.isnan(expected)
        if both or (found == expected and math.copysign(1, found) == math.copysign(1, expected)):
            return
    elif type(found) is type(expected) and found == expected:
        return
    sys.exit(f'{what}: {found!r} is not {expected!r}')

# The JSON form, in both directions.
def written(value):
    if isinstance(value, float) and not math.isfinite(value):
        return 'NaN' if math.isnan(value) else '-Infinity' if value < 0 else 'Infinity'
    if type(value) is int and abs(value) > 2**53 - 1:
        return str(value)
    return value
def read_real(cell):
    return float(cell) if cell in ('NaN', 'Infinity', '-Infinity') else cell
def shortest(value):
    # The decimal that reads back as the same f32.
    if not math.isfinite(value) or value == 0:
        return value
    for digits in range(1, 10):
        text = f'{value:.{digits}g}'
        try:
            if struct.pack('<f', float(text)) == struct.pack('<f', value):
                return float(text)
        except OverflowError:
            pass

class Csv:
    def __init__(self, text):
        # Nothing between commas is NULL, two quotes are the empty text.
        fields, at, rows, row = re.compile(r'"((?:[^"]|"")*)"|([^,\r\n]*)'), 0, [], []
        text = text if text.endswith('\r\n') else text + '\r\n'
        while at < len(text):
            found = fields.match(text, at)
            at = found.end()
            if found.group(1) is not None:
                row.append(found.group(1).replace('""', '"'))
            else:
                row.append(found.group(2) or None)
            if text[at] == ',':
                at += 1
            else:
                rows.append(row)
                row, at = [], at + 2
        self.found = [dict(zip(rows[0], row)) for row in rows[1:]]
    def whole(self, cell):
        return int(cell)
    def real(self, cell):
        return float(cell)

class Rows:
    def __init__(self, rows):
        self.found = rows
    def whole(self, cell):
        equal(cell, written(int(cell)), 'the form')
        return int(cell)
    def real(self, cell):
        return float(cell) if isinstance(cell, str) else cell

class Sqlite(Rows):
    def whole(self, cell):
        equal(type(cell), str if int(cell) > I64 else int, 'the type')
        return int(cell)
    def real(self, cell):
        equal(type(cell), str if cell == 'NaN' else float, 'the type')
        return float(cell)

def text(name):
    return open(name, encoding='utf-8', newline='').read()

def exported(table):
    yield 'csv', Csv(text(f'csv/{table}.csv'))
    yield 'json', Rows(everything[table])
    rows.row_factory = sqlite3.Row
    yield 'sqlite', Sqlite([dict(row) for row in rows.execute(f'SELECT * FROM {table}')])
def asked(table):
    yield 'sql csv', Csv(text(f'{table}.csv').removesuffix('\n'))
    yield 'sql json', Rows(json.loads(text(f'{table}.json')))
def ways(table):
    yield from exported(table)
    yield from asked(table)
def with_history(table):
    yield from ways(table)
    for name, way in asked(f'{table}_history'):
        yield f'history {name}', way

everything = json.loads(text('rows.json'))
rows = sqlite3.connect('rows.db')

def numbers(way, row, at, what):
    equal(way.whole(row['whole']), WHOLE[at], f'{what}.whole')
    equal(way.whole(row['signed']), SIGNED[at], f'{what}.signed')
    equal(way.real(row['real']), REAL[at], f'{what}.real')
    equal(struct.pack('<f', way.real(row['single'])), struct.pack('<f', SINGLE[at]), f'{what}.single')

def of_json(row, at, what):
    for name, value in [('whole', WHOLE[at]), ('signed', SIGNED[at])]:
        equal(row[name], written(value), f'{what}.{name}')
    equal(read_real(row['real']), REAL[at], f'{what}.real')
    equal(row['single'], written(shortest(SINGLE[at])), f'{what}.single')
    equal(bool(re.fullmatch(r'\d+v1', row['who'])), True, f'{what}.who')

def mood(at, who):
    forms = ['Calm', {'Proud': written(WHOLE[at])},
             {'Angry': [written(shortest(SINGLE[at])), who]}, {'At': {'real': written(REAL[at])}}]
    return forms[at % 4]

def loose(way, row, at, what):
    equal(row['text'], TEXT[at], f'{what}.text')
    absent = at % 3
    equal(row['maybe_text'], None if absent == 2 else TEXT[at], f'{what}.maybe_text')
    if absent == 0:
        equal(row['maybe_whole'], None, f'{what}.maybe_whole')
    else:
        equal(way.whole(row['maybe_whole']), WHOLE[at], f'{what}.maybe_whole')
    if absent == 1:
        equal(row['maybe_real'], None, f'{what}.maybe_real')
    else:
        equal(way.real(row['maybe_real']), REAL[at], f'{what}.maybe_real')
    for found, expected in zip(json.loads(row['many']), REAL[:at], strict=True):
        equal(read_real(found), expected, f'{what}.many')
    who = int(row['who'])
    found = row['mood'] if at % 4 == 0 else json.loads(row['mood'])
    equal(json.dumps(found), json.dumps(mood(at, f'{who & 2**32 - 1}v{who >> 32}')), f'{what}.mood')

for name, way in with_history('values_packed'):
    for row in way.found:
        numbers(way, row, int(row['small']), f'packed {name}')
for name, way in with_history('values_loose'):
    for row in way.found:
        numbers(way, row, int(row['small']), f'loose {name}')
        loose(way, row, int(row['small']), f'loose {name}')
for name, way in ways('values_link'):
    for row in way.found:
        at = WHOLE.index(way.whole(row['whole']))
        equal(way.real(row['real']), REAL[at], f'link {name}')
for name, way in ways('relations'):
    for row in way.found:
        data = json.loads(row['data'])
        at = WHOLE.index(int(data['whole']))
        equal(data['whole'], written(WHOLE[at]), f'relations {name}')
        equal(read_real(data['real']), REAL[at], f'relations {name}')
for name, way in ways('values_packet'):
    for row in way.found:
        at = int(row['small'])
        equal(way.whole(row['whole']), WHOLE[at], f'packet {name}')
        equal(way.real(row['real']), REAL[at], f'packet {name}')
    packet = at
for name, way in ways('values_letter'):
    for row in way.found:
        equal(way.whole(row['whole']), WHOLE[packet], f'letter {name}')
        equal(way.real(row['real']), REAL[packet], f'letter {name}')
for name, way in ways('resources'):
    for row in way.found:
        value = json.loads(row['value'])
        equal(value['whole'], written(WHOLE[packet]), f'resources {name}')
        equal(read_real(value['real']), REAL[packet], f'resources {name}')
for name, way in ways('values__kept'):
    for row in way.found:
        at = int(row['place'])
        equal(row['word'], TEXT[at % 100], f'kept {name}')
        equal(int(row['whole']), SIGNED[at % 100], f'kept {name}')
        if math.isnan(REAL[at % 100]):
            equal(row['number'], None, f'kept {name}')
        else:
            # SQLite itself writes -0.0 as 0 in a column of reals.
            equal(way.real(row['number']), REAL[at % 100] + 0.0, f'kept {name}')
for name, way in ways('events'):
    for row in way.found:
        payload = json.loads(row['payload'])
        of_json(payload, payload['place'], f'events {name}')
for name, way in asked('changes'):
    for row in way.found:
        for value in (row['old'], row['new']):
            if value and row['component'] in ('values/Packed', 'values/Loose'):
                value = json.loads(value)
                of_json(value, value['small'], f'changes {name}')
print(compared)
"#;

const TABLES: [&str; 11] = [
    "values_packed",
    "values_loose",
    "values_link",
    "relations",
    "values_packet",
    "values_letter",
    "resources",
    "values__kept",
    "events",
    "values_packed_history",
    "values_loose_history",
];

#[test]
fn every_way_out_keeps_every_digit() {
    needs!(PYTHON);
    let place = queries::place();
    // So that every row had every value.
    ticks(None, &place.at("save.db"), 12);
    for (format, output) in [("csv", "csv"), ("json", "rows.json"), ("sqlite", "rows.db")] {
        told(&mut place.program(&["export", "save.db", "--format", format, "-o", output]));
    }
    for table in TABLES.iter().chain(&["changes"]) {
        let sql = format!("SELECT * FROM {table}");
        for format in ["csv", "json"] {
            let said = told(&mut place.program(&["sql", "save.db", &sql, "--format", format]));
            place.write(&format!("{table}.{format}"), said);
        }
    }
    let said = told(PYTHON.command().args(["-c", SCRIPT]).current_dir(place.0.path()));
    let compared: usize = said.trim().parse().unwrap();
    assert!(compared > 20_000, "{compared} values");
}

#[test]
fn distinct_values_are_distinct_in_sql() {
    let place = queries::place();
    let ask = |sql: &str| save::query(&place.at("save.db"), sql).unwrap().rows;
    let number = |sql: &str| match ask(sql)[..] {
        [ref row] => match row[..] {
            [Value::Integer(number)] => number,
            ref other => panic!("{sql}: {other:?}"),
        },
        ref other => panic!("{sql}: {other:?}"),
    };
    for table in ["values_packed", "values_loose"] {
        let rows = number(&format!("SELECT count(*) FROM {table}"));
        let all = format!("SELECT count(DISTINCT whole) FROM {table}");
        assert_eq!(number(&all), rows, "{table}");
        let joined = format!("SELECT count(*) FROM {table} a JOIN {table} b USING (whole)");
        assert_eq!(number(&joined), rows, "two ids are never one");
        let two = "('18446744073709551615', '18446744073709551614')";
        let found = format!("SELECT count(*) FROM {table} WHERE whole IN {two}");
        assert_eq!(number(&found), 2, "{table}");
        // 0.0 and -0.0 are equal in SQL, and NaN is neither NULL nor a number.
        let reals = format!("SELECT count(DISTINCT real) FROM {table}");
        let zeros = format!("SELECT count(*) > 1 FROM {table} WHERE real = 0");
        assert_eq!(number(&reals) + number(&zeros), rows, "{table}");
        let nan = format!("SELECT count(*) FROM {table} WHERE real = 'NaN' AND single IS 'NaN'");
        assert_eq!(number(&nan), 1, "{table}");
    }
    // The exact order of integers past those of SQL, as ARCHITECTURE.md has it.
    let ordered =
        ask("SELECT CAST(whole AS TEXT) FROM values_packed ORDER BY length(whole), whole");
    let ordered = ordered.into_iter().map(|row| match &row[..] {
        [Value::Text(digits)] => digits.parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    });
    assert!(ordered.is_sorted());
}

#[test]
fn what_is_shown_can_be_sent() {
    let place = queries::place();
    let events = |condition: &str| -> Vec<Json> {
        let sql = format!(
            "SELECT payload FROM events WHERE name = 'values/Told' AND {condition} ORDER BY number"
        );
        let rows = save::query(&place.at("save.db"), &sql).unwrap().rows;
        let payload = |row: &Vec<Value>| match &row[..] {
            [Value::Text(payload)] => serde_json::from_str(payload).unwrap(),
            other => panic!("{other:?}"),
        };
        rows.iter().map(payload).collect()
    };
    let told_by_world = events("tick = 4");
    assert_eq!(told_by_world.len(), 12);
    for event in &told_by_world {
        let mood = json!({ "Angry": [event["single"], event["who"]] });
        let fields = ["whole", "signed", "real", "who"].map(|name| (name, event[name].clone()));
        let mut say: serde_json::Map<String, Json> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        say.insert("mood".to_owned(), mood);
        let say = Json::Object(say).to_string();
        told(&mut place.program(&["send", "save.db", "values/Say", &say]));
    }
    ticks(None, &place.at("save.db"), 1);
    let back = events("payload ->> 'place' = 4294967295");
    let shown = |event: &Json| ["whole", "signed", "real", "who"].map(|it| event[it].to_string());
    let sent: Vec<_> = told_by_world.iter().map(shown).collect();
    assert_eq!(back.iter().map(shown).collect::<Vec<_>>(), sent);
    // Moods went into a resource, as they were.
    let said = "SELECT said FROM values_letter";
    let said = &save::query(&place.at("save.db"), said).unwrap().rows[0][0];
    let expected: Vec<Json> = told_by_world
        .iter()
        .map(|event| json!({ "Angry": [event["single"], event["who"]] }))
        .collect();
    assert_eq!(*said, Value::Text(Json::Array(expected).to_string()));
    assert!(!fs::exists(place.at("save.db-wal")).unwrap());
}

const SCENARIO: &str = r#"
[[scenario]]
name = "values are written as they are shown"

[scenario.given.ada]
[scenario.given.bob]

[[scenario.relations]]
kind = "values/Link"
from = "ada"
to = "bob"
value = { whole = "18446744073709551615", real = nan }

[[scenario.input]]
tick = 2
kind = "values/Say"

[scenario.input.value]
whole = 9007199254740993
signed = "-9223372036854775808"
real = -inf
who = { entity = "bob" }
mood = { Angry = [inf, { entity = "ada" }] }

[[scenario.input]]
tick = 2
kind = "values/Say"
value = { whole = 1, signed = 1, real = "NaN", who = "0v1", mood = { Angry = { 0 = 1, 1 = 4294967296 } } }

[[scenario.expect]]
after = 2
sql = "SELECT whole, real FROM values_link JOIN given ON entity = source WHERE name = 'ada'"
rows = [["18446744073709551615", nan]]

[[scenario.expect]]
after = 2
sql = """SELECT payload ->> 'whole', payload ->> 'signed', payload ->> 'real', payload ->> 'who'
         FROM events WHERE payload ->> 'place' = 4294967295 ORDER BY number"""
rows = [
    ["9007199254740993", "-9223372036854775808", -inf, { entity = "bob" }],
    [1, 1, nan, { entity = "ada" }],
]

[[scenario.expect]]
after = 2
sql = "SELECT said FROM values_letter"
one = '[{"Angry":["Infinity","0v1"]},{"Angry":[1.0,"0v1"]}]'
"#;

#[test]
fn scenarios_take_values_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("values.wasm"), component("values")).unwrap();
    fs::create_dir(folder.path().join("values.scenarios")).unwrap();
    fs::write(folder.path().join("values.scenarios/a.toml"), SCENARIO).unwrap();
    let mut command = sandtable();
    let output = command.current_dir(folder.path()).args(["test", "values.wasm"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
