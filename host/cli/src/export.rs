//! `sandtable export`: a save as plain rows.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use sandtable::save::{self, ExportFormat};

use super::screen::answer;
use super::text::counted;

/// Write all that a save can be asked for as plain rows for other tools
///
/// That is what `SELECT * FROM tables` lists, but for history. Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable export earth.db --format csv -o earth
  sandtable export earth.db --format sqlite -o earth-rows.db")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// As this tick left it; as the last one where there is none
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// In which form
    #[arg(long, value_enum)]
    format: Format,
    /// The folder or file to make
    #[arg(long, short)]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A folder with a file for each table
    Csv,
    /// One file: an object that has an array for each table
    Json,
    /// An SQLite file
    Sqlite,
}

/// Writes them, and says how much that is.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, at, format, output } = arguments;
    let format = match format {
        Format::Csv => ExportFormat::Csv,
        Format::Json => ExportFormat::Json,
        Format::Sqlite => ExportFormat::Sqlite,
    };
    let exported = save::export(&save, at, format, &output)?;
    let (tables, rows) = (counted(exported.tables, "table"), counted(exported.rows, "row"));
    Ok(answer(&format!("{}: {tables}, {rows}", output.display()))?)
}
