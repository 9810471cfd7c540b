//! Answers of SQL beside what was expected of them.

use rusqlite::types::Value;
use serde::Serialize;
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use crate::ecs::Entity;
use crate::save::{Inquiry, SaveError, Table, cell_to_json};

use super::cell::{meets, value};
use super::given::Names;

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which side it is on.
    pub side: Side,
    /// What it says.
    pub text: String,
}

/// On which side of a comparison something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// It is expected, and was not found.
    Expected,
    /// It was found, and is not expected.
    Found,
    /// It is expected and was found.
    Both,
}

/// Where two texts differ, with what is around; nothing where they do not.
pub(super) fn compare(expected: &str, found: &str) -> Vec<Line> {
    const AROUND: usize = 2;
    let diff = TextDiff::from_lines(expected, found);
    let line = |change: similar::Change<&str>| Line {
        side: match change.tag() {
            ChangeTag::Delete => Side::Expected,
            ChangeTag::Insert => Side::Found,
            ChangeTag::Equal => Side::Both,
        },
        text: change.value().trim_end_matches('\n').to_owned(),
    };
    let groups = diff.grouped_ops(AROUND);
    groups.iter().flatten().flat_map(|group| diff.iter_changes(group).map(line)).collect()
}

/// An answer as lines of text, the same every time.
pub(super) fn text(table: &Table, names: &Names) -> String {
    let mut text = table.columns.join(" | ") + "\n";
    for row in &table.rows {
        text.push_str(&line(row, names));
    }
    text
}

/// The rows that are expected, as lines like those of an answer. Where a value
/// is met, though by another number, it stands as in the answer.
pub(super) fn expected(rows: &[Vec<Json>], found: &Table, tolerance: f64, names: &Names) -> String {
    let mut text = found.columns.join(" | ") + "\n";
    for (at, row) in rows.iter().enumerate() {
        let beside = found.rows.get(at);
        let cell = |(at, json): (usize, &Json)| {
            let wanted = value(json);
            match beside.and_then(|row| row.get(at)) {
                Some(found) if cell_to_json(found) == *json => found.clone(),
                Some(found) if meets(&wanted, found, tolerance) => found.clone(),
                _ => wanted,
            }
        };
        let cells: Vec<Value> = row.iter().enumerate().map(cell).collect();
        text.push_str(&line(&cells, names));
    }
    text
}

/// Everything that mods keep: components, resources, relations and tables.
pub(super) fn everything(inquiry: &Inquiry, names: &Names) -> Result<String, SaveError> {
    const LIST: &str = "SELECT name, columns FROM tables
         WHERE what IN ('component', 'relation', 'mod''s table') ORDER BY name";
    let mut all = String::new();
    for row in inquiry.query(LIST)?.rows {
        let [Value::Text(name), Value::Text(columns)] = &row[..] else { continue };
        let places = 1..=columns.split(", ").count();
        let order: Vec<String> = places.map(|place| place.to_string()).collect();
        let name = name.replace('"', "\"\"");
        let sql = format!("SELECT * FROM \"{name}\" ORDER BY {}", order.join(", "));
        let table = inquiry.query(&sql)?;
        if !table.rows.is_empty() {
            let gap = if all.is_empty() { "" } else { "\n" };
            all.push_str(&format!("{gap}# {name}\n{}", text(&table, names)));
        }
    }
    Ok(all)
}

fn line(row: &[Value], names: &Names) -> String {
    let cells: Vec<String> = row.iter().map(|value| cell(value, names)).collect();
    cells.join(" | ") + "\n"
}

/// A value as no other is written. Entities that are given go by their names.
fn cell(value: &Value, names: &Names) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => {
            let is_it = |(_, entity): &(&String, &Entity)| entity.to_bits() as i64 == *number;
            names
                .iter()
                .find(is_it)
                .map_or_else(|| number.to_string(), |(name, _)| format!("@{name}"))
        }
        Value::Real(number) => format!("{number:?}"),
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
        Value::Text(text) => {
            let is_plain = !text.is_empty()
                && text != "NULL"
                && text.starts_with(char::is_alphabetic)
                && !text.ends_with(' ')
                && !text.contains(|letter: char| letter == '|' || letter.is_control());
            if is_plain { text.clone() } else { format!("{text:?}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table(rows: Vec<Vec<Value>>) -> Table {
        Table { columns: vec!["name".to_owned(), "n".to_owned()], rows }
    }

    #[test]
    fn numbers_within_the_tolerance_are_as_expected() {
        let found = table(vec![vec![Value::Text("a".to_owned()), Value::Real(1.05)]]);
        let wanted = [vec![json!("a"), json!(1)]];
        let names = Names::new();
        assert!(compare(&expected(&wanted, &found, 0.1, &names), &text(&found, &names)).is_empty());
        let lines = compare(&expected(&wanted, &found, 0.01, &names), &text(&found, &names));
        let shown: Vec<_> = lines.iter().map(|line| (line.side, line.text.as_str())).collect();
        assert_eq!(
            shown,
            [(Side::Both, "name | n"), (Side::Expected, "a | 1"), (Side::Found, "a | 1.05")]
        );
    }

    #[test]
    fn no_two_values_are_written_alike() {
        let names = Names::from([("ada".to_owned(), Entity::new(0, 1))]);
        for (value, expected) in [
            (Value::Null, "NULL"),
            (Value::Text("NULL".to_owned()), "\"NULL\""),
            (Value::Integer(1), "1"),
            (Value::Real(1.0), "1.0"),
            (Value::Text("1".to_owned()), "\"1\""),
            (Value::Integer(1 << 32), "@ada"),
            (Value::Text("@ada".to_owned()), "\"@ada\""),
            (Value::Text("a | b\n".to_owned()), "\"a | b\\n\""),
            (Value::Blob(vec![0, 255]), "x'00ff'"),
            (Value::Text("plain words".to_owned()), "plain words"),
        ] {
            assert_eq!(cell(&value, &names), expected);
        }
    }
}
