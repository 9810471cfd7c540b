//! `sandtable sql`: asks a save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist::{Inquiry, Reader, SaveError};

use super::screen::answer;
use super::shell::Shell;
use super::table::{self, Format};

/// Ask a save questions in SQL, without changing it
///
/// Works also while the world runs. Without a SELECT, statements are read from a
/// prompt, or from whatever is piped in; `.help` lists what else can be said
/// there.
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// A SELECT
    select: Option<String>,
    /// How answers are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// What is asked: the save as it is now.
    fn inquiry(&self) -> Result<Inquiry, SaveError> {
        Reader::open(&self.save)?.inquiry()
    }
}

/// Asks, and prints the answers.
pub fn run(arguments: Arguments) -> Result<()> {
    match &arguments.select {
        Some(select) => {
            let table = arguments.inquiry()?.query(select)?;
            Ok(answer(&table::write(&table, arguments.format))?)
        }
        None => Shell::new(&|| arguments.inquiry(), arguments.format)?.run(),
    }
}
