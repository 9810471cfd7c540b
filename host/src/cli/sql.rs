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
    /// Answer as of this tick: the world as it left it, the log up to it
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// How answers are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// What is asked: the save as it is now, or as it was.
    fn inquiry(&self) -> Result<Inquiry, SaveError> {
        let reader = Reader::open(&self.save)?;
        match self.at {
            Some(tick) => reader.inquiry_at(tick),
            None => reader.inquiry(),
        }
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
