//! Answers as text that programs read.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

use sandtable_world::ecs::{integer_to_json, real_to_json, real_to_text};

use super::answer::Table;

impl Table {
    /// An array with an object for each row, one row a line. Of columns with the
    /// same name the later ones get a number behind.
    pub fn to_json(&self) -> String {
        if self.rows.is_empty() {
            return "[]".to_owned();
        }
        let names = distinct_names(&self.columns);
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let fields = names.iter().cloned().zip(row.iter().map(cell_to_json));
                Json::Object(fields.collect::<Map<_, _>>()).to_string()
            })
            .collect();
        format!("[\n{}\n]", rows.join(",\n"))
    }

    /// Comma-separated values with a header, as RFC 4180 has them, without a
    /// line break at the end. Between two commas, nothing is NULL and `""` is the
    /// empty text.
    pub fn to_csv(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| cells.collect::<Vec<_>>().join(",");
        let mut lines = vec![line(&mut self.columns.iter().map(|name| quoted(name)))];
        let cell = |value: &Value| match value {
            Value::Null => String::new(),
            value => quoted(&exact(value)),
        };
        lines.extend(self.rows.iter().map(|row| line(&mut row.iter().map(cell))));
        lines.join("\r\n")
    }
}

/// Bytes of a value as it is stored.
pub fn cell_bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 8,
    }
}

/// Names of columns that are all different: `a`, `a_2`.
pub fn distinct_names(names: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut claim = |name: &String| {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        candidates.find(|name| taken.insert(name.clone())).unwrap_or_default()
    };
    names.iter().map(&mut claim).collect()
}

/// A value in the JSON form.
pub fn cell_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => integer_to_json((*number).into()),
        Value::Real(number) => real_to_json(*number),
        Value::Text(_) | Value::Blob(_) => exact(value).into(),
    }
}

fn quoted(cell: &str) -> String {
    if cell.is_empty() || cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A value with nothing left out: nothing for NULL, bytes in hexadecimal, the
/// shortest digits from which a number can be read back.
pub fn exact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => real_to_text(*number),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            columns: vec!["name".to_owned(), "n".to_owned()],
            rows: vec![
                vec![Value::Text("a \"b\", c".to_owned()), Value::Integer(12345)],
                vec![Value::Null, Value::Real(5e-324)],
                vec![Value::Text(String::new()), Value::Integer(i64::MIN)],
                vec![Value::Blob(vec![0, 255]), Value::Real(f64::INFINITY)],
            ],
        }
    }

    #[test]
    fn json_has_a_row_a_line() {
        assert_eq!(
            table().to_json(),
            "[\n{\"name\":\"a \\\"b\\\", c\",\"n\":12345},\n{\"name\":null,\"n\":5e-324},\n\
             {\"name\":\"\",\"n\":\"-9223372036854775808\"},\n\
             {\"name\":\"00ff\",\"n\":\"Infinity\"}\n]"
        );
    }

    #[test]
    fn columns_of_one_name_stay_apart_in_json() {
        let columns = ["a", "a_2", "a", "A"].map(str::to_owned).to_vec();
        let table = Table { columns, rows: vec![(1..=4).map(Value::Integer).collect()] };
        assert_eq!(table.to_json(), "[\n{\"a\":1,\"a_2\":2,\"a_3\":3,\"A\":4}\n]");
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let expected = "name,n\r\n\"a \"\"b\"\", c\",12345\r\n,5e-324\r\n\
                        \"\",-9223372036854775808\r\n00ff,Infinity";
        assert_eq!(table().to_csv(), expected);
    }
}
