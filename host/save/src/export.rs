//! A save as plain rows for other tools.
//!
//! Everything that `SELECT * FROM tables` lists but history, one table after another, each
//! in the order of its columns from the first on: two exports of one commit are
//! the same.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::connect;
use super::draft::create_atomically;
use super::error::{Failure, SaveError};
use super::inquiry::Inquiry;
use super::lock::Lock;
use super::reader::Reader;
use super::sql::{Table, quoted};
use super::table_shape::{ColumnShape, TableShape};

/// In which form rows are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A folder with a `.csv` file for each table.
    Csv,
    /// One JSON object that has an array of objects for each table.
    Json,
    /// An SQLite file. Columns have the types that they have in SQL, so that values
    /// compare alike; but for those with a -0.0, which SQLite keeps only without.
    Sqlite,
}

/// What was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many tables there are.
    pub tables: u64,
    /// How many rows they have together.
    pub rows: u64,
}

/// Writes every table of a save, as its last commit left it, to where nothing is
/// yet. What is written appears once it is whole.
///
/// With a tick, as that one left it.
///
/// # Errors
///
/// The save cannot be read or is damaged, its history does not reach back to the tick,
/// or the target is there already or cannot be written. Nothing is there under its name
/// then.
pub fn export(
    save: &Path,
    at: Option<u64>,
    format: ExportFormat,
    target: &Path,
) -> Result<Exported, SaveError> {
    let inquiry = Reader::open(save)?.ask(at)?;
    let mut tables = Tables { inquiry, exported: Exported::default() };
    let lock = Lock::take(target)?;
    create_atomically(target, &lock, |draft| match format {
        ExportFormat::Csv => csv(&mut tables, draft, target),
        ExportFormat::Json => json(&mut tables, draft, target),
        ExportFormat::Sqlite => sqlite(&mut tables, draft, target),
    })?;
    Ok(tables.exported)
}

/// The tables of a save, as they are read.
struct Tables {
    inquiry: Inquiry,
    exported: Exported,
}

impl Tables {
    /// Reads one table after another.
    fn each(
        &mut self,
        mut write: impl FnMut(&TableShape, &Table) -> Result<(), SaveError>,
    ) -> Result<(), SaveError> {
        let listed = self.inquiry.query("SELECT name FROM tables WHERE what = 'history'")?.rows;
        let mut shapes = self.inquiry.tables()?;
        shapes.retain(|shape| !listed.contains(&vec![shape.name.clone().into()]));
        shapes.sort_by(|one, two| one.name.cmp(&two.name));
        for shape in shapes {
            let places: Vec<String> = (1..=shape.columns.len()).map(|at| at.to_string()).collect();
            let (name, order) = (quoted(&shape.name), places.join(", "));
            let table = self.inquiry.query(&format!("SELECT * FROM {name} ORDER BY {order}"))?;
            write(&shape, &table)?;
            self.exported.tables += 1;
            self.exported.rows += table.rows.len() as u64;
        }
        Ok(())
    }
}

fn csv(tables: &mut Tables, draft: &Path, target: &Path) -> Result<(), SaveError> {
    // What a killed process left may be a person's folder: it is not removed.
    fs::create_dir(draft).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => SaveError::Exists { path: draft.to_owned() },
        _ => unwritten(target)(cause),
    })?;
    let written = tables.each(|shape, table| {
        file(&draft.join(format!("{}.csv", shape.name)), target, |file| {
            write!(file, "{}\r\n", table.to_csv()).map_err(unwritten(target))
        })
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(draft);
    }
    written
}

fn json(tables: &mut Tables, draft: &Path, target: &Path) -> Result<(), SaveError> {
    file(draft, target, |file| {
        let mut before = "{\n";
        tables.each(|shape, table| {
            let name = serde_json::Value::from(shape.name.as_str());
            let written = write!(file, "{before}{name}: {}", table.to_json());
            before = ",\n";
            written.map_err(unwritten(target))
        })?;
        file.write_all(b"\n}\n").map_err(unwritten(target))
    })
}

fn file(
    path: &Path,
    target: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), SaveError>,
) -> Result<(), SaveError> {
    let mut file = BufWriter::new(File::create_new(path).map_err(unwritten(target))?);
    write(&mut file)?;
    let synced = file.into_inner().map_err(io::IntoInnerError::into_error);
    synced.and_then(|file| file.sync_all()).map_err(unwritten(target))
}

fn unwritten(target: &Path) -> impl Fn(io::Error) -> SaveError {
    |cause| SaveError::Io { path: target.to_owned(), doing: "written", cause }
}

fn sqlite(tables: &mut Tables, draft: &Path, target: &Path) -> Result<(), SaveError> {
    let failed = |error: rusqlite::Error| Failure::from(error).of(target, "written");
    let connection = connect::creating(draft)?;
    connection.execute_batch("BEGIN").map_err(failed)?;
    tables.each(|shape, table| fill(&connection, shape, table).map_err(failed))?;
    connection.execute_batch("COMMIT").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

fn fill(connection: &Connection, shape: &TableShape, table: &Table) -> rusqlite::Result<()> {
    let column = |(at, it): (usize, &ColumnShape)| {
        // In a column with a type SQLite would write -0.0 as 0.
        let ty = if has_negative_zero(table, at) { "" } else { &it.ty };
        format!("{} {ty} COLLATE {}", quoted(&it.name), quoted(&it.collation))
    };
    let columns: Vec<String> = shape.columns.iter().enumerate().map(column).collect();
    let (name, holes) = (quoted(&shape.name), vec!["?"; columns.len()].join(", "));
    connection.execute_batch(&format!("CREATE TABLE {name} ({})", columns.join(", ")))?;
    let mut insert = connection.prepare(&format!("INSERT INTO {name} VALUES ({holes})"))?;
    for row in &table.rows {
        insert.execute(params_from_iter(row))?;
    }
    Ok(())
}

fn has_negative_zero(table: &Table, column: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.get(column));
    cells.any(|cell| match cell {
        Value::Real(number) => *number == 0.0 && number.is_sign_negative(),
        _ => false,
    })
}
