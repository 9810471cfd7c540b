//! Random queries, asked of the tables over a world and of the same rows in
//! tables that SQLite has itself. Whatever condition, order or join a table over
//! a world takes part in, it finds what SQLite finds.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sandtable::save::{Inquiry, Reader, TableShape};

use crate::harness::*;
use crate::outside::{PYTHON, SQLITE3, needs};
use crate::place::Place;

/// In the suite, for the host and for the extension each.
const SOME: usize = 2_000;
const MANY: usize = 500_000;

/// A save with values of all kinds, also in its history.
pub fn place() -> Place {
    let place = Place::with(WORLD, &["values"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 4);
    place
}

fn inquiry(place: &Place) -> Inquiry {
    Reader::open(&place.at("save.db")).unwrap().inquiry().unwrap()
}

/// The exported rows, and those of the histories, which no export has.
fn reference(place: &Place) -> PathBuf {
    let file = place.at("rows.db");
    told(&mut place.program(&["export", "save.db", "--format", "sqlite", "-o", "rows.db"]));
    let inquiry = inquiry(place);
    let exported = Connection::open(&file).unwrap();
    for TableShape { name, columns } in inquiry.tables().unwrap() {
        // With the types that SQL shows, also where the export left one out for the
        // sake of a -0.0.
        let of = columns
            .iter()
            .map(|it| format!("\"{}\" {} COLLATE \"{}\"", it.name, it.ty, it.collation));
        let of = of.collect::<Vec<_>>().join(", ");
        exported.execute_batch(&format!("CREATE TABLE typed ({of})")).unwrap();
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
        if exported.query_row(there, [&name], |row| row.get::<_, i64>(0)).unwrap() > 0 {
            let moved = format!("INSERT INTO typed SELECT * FROM {name}; DROP TABLE {name}");
            exported.execute_batch(&moved).unwrap();
        } else {
            let holes = vec!["?"; columns.len()].join(", ");
            let insert = format!("INSERT INTO typed VALUES ({holes})");
            for row in inquiry.query(&format!("SELECT * FROM {name}")).unwrap().rows {
                exported.execute(&insert, params_from_iter(row)).unwrap();
            }
        }
        exported.execute_batch(&format!("ALTER TABLE typed RENAME TO {name}")).unwrap();
    }
    file
}

/// Numbers that look random, the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Whether one of so many cases is this one.
    fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A table, and values that it has.
struct Known {
    name: String,
    columns: Vec<(String, Vec<Value>)>,
    rows: usize,
}

/// Makes up queries.
struct Author {
    dice: Dice,
    tables: Vec<Known>,
}

/// Values that tables need not have.
const STRANGERS: &[&str] = &[
    "NULL",
    "''",
    "'five'",
    "'0'",
    "x''",
    "x'35'",
    "2.5",
    "-1",
    "1e300",
    "-1e300",
    "9e999",
    "9.3e18",
    "9223372036854775807",
    "-9223372036854775808",
    "'9223372036854775808'",
    "'1e1'",
    "' 4 '",
    "'3.0'",
    "'NaN'",
];

const KEYS: [&str; 5] = ["entity", "source", "target", "tick", "place"];

impl Author {
    fn new(seed: u64, inquiry: &Inquiry) -> Self {
        let tables = inquiry.tables().unwrap().into_iter().map(|shape| {
            let rows = inquiry.query(&format!("SELECT * FROM {}", shape.name)).unwrap().rows;
            let columns = shape.columns.iter().enumerate().map(|(at, column)| {
                (column.name.clone(), rows.iter().map(|row| row[at].clone()).collect())
            });
            Known { columns: columns.collect(), rows: rows.len(), name: shape.name }
        });
        let tables = tables.filter(|known| known.rows > 0).collect();
        Self { dice: Dice(seed), tables }
    }

    fn query(&mut self) -> String {
        let first = self.dice.below(self.tables.len());
        let mut from = format!("{} a", self.tables[first].name);
        let mut aliases = vec![('a', first)];
        if self.dice.one_in(2) {
            let small = |at: &usize| self.tables[*at].rows * self.tables[first].rows < 10_000;
            let others: Vec<usize> = (0..self.tables.len()).filter(small).collect();
            if !others.is_empty() {
                let second = *self.dice.of(&others);
                let how = *self.dice.of(&["JOIN", "JOIN", "LEFT JOIN", "CROSS JOIN"]);
                let (one, two) = (self.key('a', first), self.key('b', second));
                let is = *self.dice.of(&["=", "=", "=", "IS", ">=", "<"]);
                from += &format!(" {how} {} b ON {one} {is} {two}", self.tables[second].name);
                aliases.push(('b', second));
                if self.dice.one_in(3) {
                    from += &format!(" AND {}", self.condition(&aliases));
                }
            }
        }
        let mut sql = if self.dice.one_in(8) {
            let column = self.any(&aliases);
            format!("SELECT count(*), min({column}), max({column}) FROM {from}")
        } else {
            let count = 1 + self.dice.below(3);
            let columns: Vec<String> = (0..count).map(|_| self.any(&aliases)).collect();
            let distinct = if self.dice.one_in(6) { "DISTINCT " } else { "" };
            format!("SELECT {distinct}{} FROM {from}", columns.join(", "))
        };
        if !self.dice.one_in(8) {
            sql += &format!(" WHERE {}", self.condition(&aliases));
            for _ in 0..self.dice.below(3) {
                let how = *self.dice.of(&["AND", "OR", "OR", "AND NOT"]);
                sql += &format!(" {how} {}", self.condition(&aliases));
            }
        }
        let columns = match sql.starts_with("SELECT count") {
            true => 3,
            false => sql[..sql.find(" FROM ").unwrap()].matches(", ").count() + 1,
        };
        if self.dice.one_in(2) {
            let way = *self.dice.of(&["", " DESC"]);
            let order: Vec<String> = (1..=columns).map(|at| format!("{at}{way}")).collect();
            sql += &format!(" ORDER BY {}", order.join(", "));
            if self.dice.one_in(2) {
                sql += &format!(" LIMIT {}", self.dice.below(8));
                if self.dice.one_in(2) {
                    sql += &format!(" OFFSET {}", self.dice.below(4));
                }
            }
        }
        sql
    }

    /// A column that is often one by which rows are found.
    fn key(&mut self, alias: char, table: usize) -> String {
        let keys: Vec<&str> =
            self.tables[table].columns.iter().map(|(name, _)| name.as_str()).collect();
        let found: Vec<&str> = keys.iter().copied().filter(|name| KEYS.contains(name)).collect();
        let name = match found.is_empty() || self.dice.one_in(3) {
            true => *self.dice.of(&keys),
            false => *self.dice.of(&found),
        };
        format!("{alias}.\"{name}\"")
    }

    fn any(&mut self, aliases: &[(char, usize)]) -> String {
        let (alias, table) = *self.dice.of(aliases);
        let at = self.dice.below(self.tables[table].columns.len());
        format!("{alias}.\"{}\"", self.tables[table].columns[at].0)
    }

    fn condition(&mut self, aliases: &[(char, usize)]) -> String {
        let (alias, table) = *self.dice.of(aliases);
        let column = self.key(alias, table);
        let name = column[3..column.len() - 1].to_owned();
        let other = self.dice.below(self.tables.len());
        let within = |author: &mut Self| {
            let of = author.key('c', other);
            let condition = author.condition(&[('c', other)]);
            format!("{of} FROM {} c WHERE {condition}", author.tables[other].name)
        };
        match self.dice.below(14) {
            0 => format!("{column} IS NULL"),
            1 => format!("{column} IS NOT NULL"),
            2 => {
                let some: Vec<String> =
                    (0..1 + self.dice.below(4)).map(|_| self.literal(table, &name)).collect();
                format!("{column} IN ({})", some.join(", "))
            }
            3 => {
                let (low, high) = (self.literal(table, &name), self.literal(table, &name));
                format!("{column} BETWEEN {low} AND {high}")
            }
            4 if self.dice.one_in(3) => format!("{column} IN (SELECT {})", within(self)),
            5 if self.dice.one_in(3) => {
                format!("{column} = (SELECT {} ORDER BY 1 LIMIT 1)", within(self))
            }
            6 => format!("{} = {column}", self.literal(table, &name)),
            7 => format!("{column} = {}", self.any(aliases)),
            8 => format!("{column} = CAST({} AS TEXT)", self.any(aliases)),
            _ => {
                let operators = ["=", "=", "=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"];
                let operator = *self.dice.of(&operators);
                format!("{column} {operator} {}", self.literal(table, &name))
            }
        }
    }

    /// A value of a column as it is, in another form, or of no row.
    fn literal(&mut self, table: usize, column: &str) -> String {
        let known = &self.tables[table].columns;
        let values = &known.iter().find(|(name, _)| name == column).unwrap().1;
        let value = self.dice.of(values).clone();
        if self.dice.one_in(4) {
            return (*self.dice.of(STRANGERS)).to_owned();
        }
        match (value, self.dice.below(5)) {
            (Value::Integer(number), 0) => format!("'{number}'"),
            (Value::Integer(number), 1) => format!("' {number}.0'"),
            (Value::Integer(number), 2) => format!("{number}.0"),
            (Value::Integer(number), _) => number.to_string(),
            (Value::Real(number), 0) => format!("'{number:?}'"),
            (Value::Real(number), _) if number.is_infinite() => {
                (if number > 0.0 { "9e999" } else { "-9e999" }).to_owned()
            }
            (Value::Real(number), _) => format!("{number:?}"),
            (Value::Text(text), 0) => format!("CAST('{}' AS BLOB)", text.replace('\'', "''")),
            (Value::Text(text), 1) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                text.trim().to_owned()
            }
            (Value::Text(text), _) => format!("'{}'", text.replace('\'', "''")),
            (Value::Blob(bytes), _) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("x'{digits}'")
            }
            (Value::Null, _) => "NULL".to_owned(),
        }
    }
}

/// Rows as a set in which each is as often as it was found. What SQL holds for
/// equal, and may return one or the other of, is written alike.
fn told_apart(rows: Vec<Vec<Value>>) -> BTreeMap<String, usize> {
    let cell = |value: &Value| match value {
        Value::Integer(number) => format!("{number}"),
        Value::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            format!("{}", *number as i64)
        }
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("'{}'", text.to_lowercase()),
        value => format!("{value:?}"),
    };
    let mut counts = BTreeMap::new();
    for row in rows {
        let row: Vec<String> = row.iter().map(cell).collect();
        *counts.entry(row.join(" | ")).or_insert(0) += 1;
    }
    counts
}

fn asks_the_host(count: usize) {
    let place = place();
    let reference = Connection::open(reference(&place)).unwrap();
    let inquiry = inquiry(&place);
    let mut author = Author::new(1, &inquiry);
    let mut found = 0;
    for _ in 0..count {
        let sql = author.query();
        let answer = inquiry.query(&sql).unwrap_or_else(|error| panic!("{sql}: {error}")).rows;
        let mut select = reference.prepare(&sql).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        let rows: Vec<Vec<Value>> = rows.unwrap().map(Result::unwrap).collect();
        found += usize::from(!rows.is_empty());
        assert_eq!(told_apart(answer), told_apart(rows), "{sql}");
    }
    assert!(found * 5 > count, "only {found} of {count} queries find something");
}

/// Asks both and says where the answers differ. Both are asked by one SQLite, so
/// that nothing but the extension can make a difference.
const SCRIPT: &str = "
import collections, sqlite3, sys
save = sqlite3.connect(sys.argv[1])
save.enable_load_extension(True)
save.load_extension(sys.argv[2])
rows = sqlite3.connect(sys.argv[3])
def cell(value):
    if isinstance(value, float) and value.is_integer() and abs(value) < 9e15:
        return int(value)
    return value.lower() if isinstance(value, str) else value
def told(connection, sql):
    try:
        found = connection.execute(sql).fetchall()
    except sqlite3.Error as error:
        return str(error)
    return collections.Counter(repr([cell(value) for value in row]) for row in found)
count = some = 0
for line in sys.stdin:
    sql = line.rstrip('\\n').replace('\\x01', '\\n').replace('\\x02', '\\r')
    answer, expected = told(save, sql), told(rows, sql)
    count, some = count + 1, some + bool(expected)
    if answer != expected or isinstance(expected, str):
        print(sql, answer, expected, sep='\\n')
print(count, some * 5 > count)
";

fn asks_the_extension(count: usize) {
    let place = place();
    let reference = reference(&place);
    let mut author = Author::new(2, &inquiry(&place));
    let mut command = PYTHON.command();
    command.args(["-c", SCRIPT]).arg(place.at("save.db")).arg(extension()).arg(reference);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let asking = std::thread::spawn(move || {
        for _ in 0..count {
            let sql = author.query().replace('\n', "\u{1}").replace('\r', "\u{2}");
            writeln!(input, "{sql}").unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    asking.join().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{count} True\n"));
}

#[test]
fn the_host_finds_what_sqlite_finds() {
    asks_the_host(SOME);
}

#[test]
fn the_extension_finds_what_sqlite_finds() {
    needs!(PYTHON);
    asks_the_extension(SOME);
}

#[test]
#[ignore = "takes an hour; the README has the command"]
fn a_million_queries_find_what_sqlite_finds() {
    needs!(PYTHON);
    asks_the_host(MANY);
    asks_the_extension(MANY);
}

/// Conditions of which a table over a world takes care itself, with values that
/// SQLite makes numbers of.
#[test]
fn keys_are_found_in_every_form() {
    needs!(SQLITE3);
    let place = place();
    let file = reference(&place);
    let first = 1_u64 << 32;
    let mut checked = 0;
    for condition in [
        format!("values_packed WHERE entity = '{first}'"),
        format!("values_packed WHERE entity = ' {first}.0 '"),
        format!("values_packed WHERE entity = {first}.0"),
        format!("values_packed WHERE entity IN ('{first}', {first}.0, x'00', NULL, 'a')"),
        format!("entities WHERE entity = '{first}'"),
        format!("values_link WHERE target = '{first}'"),
        format!("values_link WHERE target = {first}.0 OR source = '{}'", first + 1),
        format!("values_packed_history WHERE entity = '{first}' AND tick >= '2'"),
        "values_packed_history WHERE tick < 'a' AND tick > '2.5'".to_owned(),
        format!("changes WHERE entity = '{first}' OR target = '{first}.0'"),
        "changes WHERE tick = '3' OR tick IS 2.0".to_owned(),
        "ticks WHERE tick > '1' AND tick <= '3.5'".to_owned(),
        "values_loose a JOIN values__kept b ON a.small = b.word".to_owned(),
        "values__kept a JOIN values__kept b ON a.word = b.place".to_owned(),
        "values__kept a JOIN values__kept b ON a.loose = b.place".to_owned(),
    ] {
        let sql = format!("SELECT count(*) AS n FROM {condition}");
        let expected: i64 =
            Connection::open(&file).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
        let csv = format!("n\r\n{expected}\n");
        let said = told(&mut place.program(&["sql", "save.db", &sql, "--format", "csv"]));
        assert_eq!(said, csv, "{sql}");
        assert_eq!(asked_of_extension(&place.at("save.db"), &sql), expected, "{sql}");
        checked += usize::from(expected > 0);
    }
    assert!(checked > 12, "only {checked} of them find something");
}

fn asked_of_extension(save: &Path, sql: &str) -> i64 {
    let load = format!(".load {}", extension().with_extension("").display());
    let said = told(SQLITE3.command().args(["-batch", "-cmd", &load]).arg(save).arg(sql));
    said.trim().parse().unwrap()
}
