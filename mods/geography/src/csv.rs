//! Comma-separated values, as RFC 4180 describes them: as much as tables of
//! facts need, in a few kilobytes of wasm.

use std::fmt;

/// A table with a header.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row of a [`Table`].
pub struct Row<'t> {
    header: &'t [String],
    cells: &'t [String],
    number: usize,
}

/// What is wrong with a table, and in which row. The header is row 1.
#[derive(Debug, PartialEq, Eq)]
pub struct CsvError {
    row: usize,
    what: String,
}

impl Table {
    /// Reads text whose first row is the header. Empty rows are skipped.
    pub fn parse(text: &str) -> Result<Self, CsvError> {
        let mut rows = split(text)?.into_iter();
        let header = rows.next().unwrap_or_default();
        let table = Self { header, rows: rows.collect() };
        for row in table.rows() {
            let (cells, columns) = (row.cells.len(), table.header.len());
            if cells != columns {
                return Err(row.error(format!("has {cells} cells for {columns} columns")));
            }
        }
        Ok(table)
    }

    /// Every row after the header.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let row = |(at, cells)| Row { header: &self.header, cells, number: at + 2 };
        self.rows.iter().map(Vec::as_slice).enumerate().map(row)
    }
}

impl<'t> Row<'t> {
    /// The cell of a column.
    pub fn text(&self, column: &str) -> Result<&'t str, CsvError> {
        let place = self.header.iter().position(|name| name == column);
        place
            .and_then(|place| self.cells.get(place))
            .map(String::as_str)
            .ok_or_else(|| self.error(format!("has no column `{column}`")))
    }

    /// The number in a column; nothing if the cell is empty.
    pub fn number(&self, column: &str) -> Result<Option<f64>, CsvError> {
        match self.text(column)? {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(self.error(format!("has `{text}` for a number in `{column}`"))),
            },
        }
    }

    /// A mistake in this row: "has no …".
    pub fn error(&self, what: String) -> CsvError {
        CsvError { row: self.number, what }
    }
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} {}", self.row, self.what)
    }
}

impl From<CsvError> for String {
    fn from(error: CsvError) -> Self {
        error.to_string()
    }
}

/// Splits text into rows of cells.
fn split(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
    let mut rows = Vec::new();
    let mut row = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => push(&mut row, '"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => end_row(&mut rows, &mut row),
            other => push(&mut row, other),
        }
    }
    if quoted {
        return Err(CsvError { row: rows.len() + 1, what: "has a quote that never ends".into() });
    }
    end_row(&mut rows, &mut row);
    Ok(rows)
}

fn push(row: &mut [String], character: char) {
    if let Some(cell) = row.last_mut() {
        cell.push(character);
    }
}

/// Files a row away, unless it is empty.
fn end_row(rows: &mut Vec<Vec<String>>, row: &mut Vec<String>) {
    let done = std::mem::replace(row, vec![String::new()]);
    if done != [""] {
        rows.push(done);
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, split};

    #[test]
    fn rows_and_cells_are_split() {
        let rows = split("a,b\r\n1,\n\n2,x y").expect("well-formed");
        assert_eq!(rows, [["a", "b"], ["1", ""], ["2", "x y"]]);
        assert_eq!(split("\u{feff}a\n").expect("well-formed"), [["a"]]);
        assert!(split("").expect("well-formed").is_empty());
    }

    #[test]
    fn quotes_protect() {
        let rows = split("\"a,\"\"b\"\"\",\"c\nd\"\n").expect("well-formed");
        assert_eq!(rows, [["a,\"b\"", "c\nd"]]);
        let error = split("a\n\"b").expect_err("open quote");
        assert_eq!(error.to_string(), "row 2 has a quote that never ends");
    }

    #[test]
    fn cells_are_found_by_column() {
        let table = Table::parse("iso,people\nFR,68000000\nAQ,\n").expect("well-formed");
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows[0].text("iso"), Ok("FR"));
        assert_eq!(rows[0].number("people"), Ok(Some(68e6)));
        assert_eq!(rows[1].number("people"), Ok(None));
    }

    #[test]
    fn mistakes_name_their_row() {
        let text = |error: super::CsvError| error.to_string();
        let table = Table::parse("iso,people\nFR,NaN\n").expect("well-formed");
        let row = table.rows().next().expect("a row");
        let error = row.number("people").map_err(text);
        assert_eq!(error, Err("row 2 has `NaN` for a number in `people`".to_owned()));
        assert_eq!(row.text("gdp").map_err(text), Err("row 2 has no column `gdp`".to_owned()));
        let error = Table::parse("a,b\n1,2\n3\n").map(|_| ()).map_err(text);
        assert_eq!(error, Err("row 3 has 1 cells for 2 columns".to_owned()));
    }
}
