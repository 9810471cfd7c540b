//! `sandtable sql`: asks a save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist;

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
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let table = persist::query(&arguments.save, &arguments.select)?;
    Ok(answer(&table::write(&table, arguments.format))?)
}
