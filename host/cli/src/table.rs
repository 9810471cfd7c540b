//! Answers of SQL queries as people and programs read them.

use clap::ValueEnum;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement};
use rusqlite::types::Value;
use sandtable::save::{Table, exact};
use unicode_width::UnicodeWidthStr;

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

/// Writes an answer for a quick look: numbers are rounded
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

/// What a text is at least given of a line before rows become records.
const TEXT_WIDTH: u16 = 16;

fn framed(table: &Table, show: impl Fn(&str, &Value) -> String) -> String {
    let cell = |(column, value): (&String, &Value)| visible(&show(column, value));
    let cells = |row: &Vec<Value>| table.columns.iter().zip(row).map(cell).collect();
    let shown: Vec<Vec<String>> = table.rows.iter().map(cells).collect();
    let width = comfy_table::Table::new().width();
    match width.filter(|width| !fits(table, &shown, *width)) {
        Some(width) => records(&table.columns, &shown, width.into()),
        None => frame(table, &shown, width),
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Real(_))
}

/// Whether no number has to be broken where lines have so many letters.
fn fits(table: &Table, shown: &[Vec<String>], width: u16) -> bool {
    let needed = |(at, name): (usize, &String)| {
        let cells = shown.iter().zip(&table.rows).filter_map(|(row, values)| {
            let letters = row.get(at)?.width() as u16;
            Some(if is_number(&values[at]) { letters } else { letters.min(TEXT_WIDTH) })
        });
        // Two spaces, and the line on one side.
        3 + cells.max().unwrap_or(0).max((name.width() as u16).min(TEXT_WIDTH))
    };
    let needed = table.columns.iter().enumerate().map(needed);
    needed.map(u64::from).sum::<u64>() < u64::from(width)
}

fn frame(table: &Table, shown: &[Vec<String>], width: Option<u16>) -> String {
    let mut framed = comfy_table::Table::new();
    framed.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        framed.set_width(width);
    }
    let names = table.columns.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold));
    framed.set_header(names);
    for (cells, row) in shown.iter().zip(&table.rows) {
        framed.add_row(cells.iter().zip(row).map(|(cell, value)| {
            let alignment =
                if is_number(value) { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(cell).set_alignment(alignment)
        }));
    }
    for (at, column) in framed.column_iter_mut().enumerate() {
        if table.rows.iter().any(|row| row.get(at).is_some_and(is_number)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    framed.trim_fmt()
}

/// Each row below the other, a line for each of its columns.
fn records(names: &[String], shown: &[Vec<String>], width: usize) -> String {
    let widest = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let record = |(number, row): (usize, &Vec<String>)| {
        let head = format!("─ {} ", number + 1);
        let head = format!("{head}{}", "─".repeat(width.saturating_sub(head.width()).min(widest)));
        let lines = names.iter().zip(row).map(|(name, cell)| {
            let gap = " ".repeat(widest - name.width());
            format!("{name}{gap} │ {cell}").trim_end().to_owned()
        });
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    };
    let records: Vec<String> = shown.iter().enumerate().map(record).collect();
    records.join("\n")
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

    #[test]
    fn rows_that_are_too_wide_are_records() {
        let table = Table {
            columns: ["tick", "name", "gdp_usd"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![Value::Integer(1), Value::Text("France".into()), Value::Real(2.5e12)],
                vec![Value::Integer(20), Value::Text("Côte d’Ivoire".into()), Value::Null],
            ],
        };
        let cells = |row: &Vec<Value>| row.iter().map(exact).collect();
        let shown: Vec<Vec<String>> = table.rows.iter().map(cells).collect();
        assert!(fits(&table, &shown, 47) && !fits(&table, &shown, 40));
        let expected = "\
─ 1 ───────
tick    │ 1
name    │ France
gdp_usd │ 2500000000000.0
─ 2 ───────
tick    │ 20
name    │ Côte d’Ivoire
gdp_usd │";
        assert_eq!(records(&table.columns, &shown, 40), expected);
    }
}
