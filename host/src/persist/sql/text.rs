//! Answers as text that programs read.

use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

use super::Table;

impl Table {
    /// An array with an object for each row, one row a line.
    pub fn to_json(&self) -> String {
        if self.rows.is_empty() {
            return "[]".to_owned();
        }
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let fields = self.columns.iter().cloned().zip(row.iter().map(cell_to_json));
                Json::Object(fields.collect::<Map<_, _>>()).to_string()
            })
            .collect();
        format!("[\n{}\n]", rows.join(",\n"))
    }

    /// Comma-separated values with a header, as RFC 4180 has them, without a
    /// line break at the end.
    pub fn to_csv(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            cells.map(|cell| quoted(&cell)).collect::<Vec<_>>().join(",")
        };
        let mut lines = vec![line(&mut self.columns.iter().cloned())];
        lines.extend(self.rows.iter().map(|row| line(&mut row.iter().map(exact))));
        lines.join("\r\n")
    }
}

/// A value as JSON.
pub(in crate::persist) fn cell_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(_) | Value::Blob(_) => exact(value).into(),
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A value with nothing left out: nothing for NULL, bytes in hexadecimal.
pub fn exact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
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
                vec![Value::Null, Value::Real(1.5)],
                vec![Value::Blob(vec![0, 255]), Value::Real(f64::INFINITY)],
            ],
        }
    }

    #[test]
    fn json_has_a_row_a_line() {
        assert_eq!(
            table().to_json(),
            "[\n{\"name\":\"a \\\"b\\\", c\",\"n\":12345},\n{\"name\":null,\"n\":1.5},\n\
             {\"name\":\"00ff\",\"n\":null}\n]"
        );
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let expected = "name,n\r\n\"a \"\"b\"\", c\",12345\r\n,1.5\r\n00ff,inf";
        assert_eq!(table().to_csv(), expected);
    }
}
