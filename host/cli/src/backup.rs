//! `sandtable backup`: a copy of a save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::record::hex;
use sandtable::save;

use super::screen::answer;
use super::text::{bytes, count};

/// Copy a save as its last commit left it, into one file
///
/// Works also while the world runs. The copy appears once it is whole and was
/// checked; a file that is there already is left alone.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable backup earth.db -o earth-monday.db")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// The file to make
    #[arg(long, short)]
    output: PathBuf,
}

/// Copies it, and says what the copy holds.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, output } = arguments;
    let made = save::backup(&save, &output)?;
    let (tick, size, hash) = (count(made.tick), bytes(made.bytes), hex(&made.hash));
    Ok(answer(&format!("{}: tick {tick}, {size}, hash {hash}", output.display()))?)
}
