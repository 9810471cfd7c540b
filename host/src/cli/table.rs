//! Answers of SQL queries as people and programs read them.

use clap::ValueEnum;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement};
use rusqlite::types::Value;
use sandtable::persist::{Table, exact};

use super::text::{group, rounded, visible};

/// The column of numbers that name entities and count nothing.
const ENTITY: &str = "entity";

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns with a frame, to be read.
    #[default]
    Table,
    /// An array with an object for each row, one row a line.
    Json,
    /// Comma-separated values with a header, as RFC 4180 has them.
    Csv,
}

/// Writes an answer, without a line break at its end.
pub fn write(table: &Table, format: Format) -> String {
    match format {
        Format::Table => framed(table, |_, value| exact(value)),
        Format::Json => table.to_json(),
        Format::Csv => table.to_csv(),
    }
}

/// Writes an answer for somebody who wants the gist of it: numbers are rounded
/// and their digits grouped.
pub fn gist(table: &Table) -> String {
    framed(table, |column, value| match value {
        Value::Integer(number) if column != ENTITY && number.unsigned_abs() >= 10_000 => {
            group(&number.to_string())
        }
        Value::Real(number) => rounded(*number),
        value => exact(value),
    })
}

fn framed(table: &Table, show: impl Fn(&str, &Value) -> String) -> String {
    let mut framed = comfy_table::Table::new();
    framed.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    let names = table.columns.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold));
    framed.set_header(names);
    for row in &table.rows {
        framed.add_row(table.columns.iter().zip(row).map(|(column, value)| {
            let alignment = match value {
                Value::Integer(_) | Value::Real(_) => CellAlignment::Right,
                _ => CellAlignment::Left,
            };
            Cell::new(visible(&show(column, value))).set_alignment(alignment)
        }));
    }
    framed.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_numbers_to_the_right() {
        let table = Table {
            columns: vec!["name".to_owned(), "n".to_owned()],
            rows: vec![
                vec![Value::Text("a \"b\", c".to_owned()), Value::Integer(12345)],
                vec![Value::Null, Value::Real(1.5)],
                vec![Value::Blob(vec![0, 255]), Value::Real(-0.0)],
            ],
        };
        let expected = "\
┌──────────┬───────┐
│ name     ┆ n     │
╞══════════╪═══════╡
│ a \"b\", c ┆ 12345 │
│          ┆   1.5 │
│ 00ff     ┆  -0.0 │
└──────────┴───────┘";
        assert_eq!(write(&table, Format::Table), expected);
    }
}
