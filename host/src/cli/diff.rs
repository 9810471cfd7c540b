//! `sandtable diff`: how the worlds of two ticks differ.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist::{Reader, Ticks};

use super::asked::print;
use super::table::Format;

/// See how the world differs between two ticks
///
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable diff earth.db --from 100 --to 101")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// The earlier tick
    #[arg(long, value_name = "TICK")]
    from: u64,
    /// The later tick
    #[arg(long, value_name = "TICK")]
    to: u64,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, from, to, format } = arguments;
    let ticks = Ticks { from: Some(from), to: Some(to) };
    print(&Reader::open(&save)?.diff(ticks)?, format, "")
}
