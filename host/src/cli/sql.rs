//! `sandtable sql`: asks a save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist::Reader;

use super::screen::answer;
use super::table::{self, Format};

/// Ask a save a question in SQL, without changing it
///
/// Works also while the world runs.
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// A SELECT
    select: String,
    /// Answer as of this tick: the world as it left it, the log up to it
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let reader = Reader::open(&arguments.save)?;
    let mut reader = match arguments.at {
        Some(tick) => reader.at(tick),
        None => reader,
    };
    let table = reader.query(&arguments.select)?;
    Ok(answer(&table::write(&table, arguments.format))?)
}
