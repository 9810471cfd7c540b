//! `sandtable repair`: what is whole of a damaged save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::record::hex;
use sandtable::save;

use super::screen::answer;
use super::text::{count, one_line};

/// Salvage what is whole of a damaged save, into a new one
///
/// Says what is lost, in a sentence each. The damaged save is left as it is, and
/// a file that is there already, too.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable repair earth.db -o earth-repaired.db")]
pub struct Arguments {
    /// The damaged save
    save: PathBuf,
    /// The file to make
    #[arg(long, short)]
    output: PathBuf,
}

/// Makes the new save, and says what is lost and what is left.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, output } = arguments;
    let made = save::repair(&save, &output)?;
    made.findings.iter().try_for_each(|finding| answer(&one_line(finding)))?;
    let (tick, entities, hash) = (count(made.tick), count(made.entities), hex(&made.hash));
    Ok(answer(&format!("{}: tick {tick}, entities {entities}, hash {hash}", output.display()))?)
}
