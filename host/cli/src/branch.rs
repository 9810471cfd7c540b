//! `sandtable branch`: another save that goes on from an earlier tick.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::record::hex;
use sandtable::save;

use super::rewind::lost_inputs;
use super::screen::answer;
use super::text::count;

/// Make another save that goes on from an earlier tick
///
/// The save itself stays as it is, and may run meanwhile. With the same inputs
/// both come to the same hashes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable branch earth.db --at 1200 -o what-if.db")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// The tick at which the branch stands
    #[arg(long, value_name = "TICK")]
    at: u64,
    /// The file to make
    #[arg(long, short)]
    output: PathBuf,
}

/// Makes the branch, and says where it stands.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, at, output } = arguments;
    let made = save::branch(&save, at, &output)?;
    let (tick, hash) = (count(made.tick), hex(&made.hash));
    let mut lines = vec![format!("{}: tick {tick}, hash {hash}", output.display())];
    lines.extend(lost_inputs(&made));
    Ok(answer(&lines.join("\n"))?)
}
