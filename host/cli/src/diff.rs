//! `sandtable diff`: how the worlds of two ticks differ.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::{Reader, Ticks};

use super::asked::{Printed, print_actions};

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
    #[command(flatten)]
    printed: Printed,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, from, to, printed } = arguments;
    let ticks = Ticks { from: Some(from), to: Some(to) };
    print_actions(Reader::open(&save)?.diff(ticks)?, printed)
}
