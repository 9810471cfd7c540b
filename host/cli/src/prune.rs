//! `sandtable prune` and `compact`: less history, and less room.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save;

use super::screen::answer;
use super::text::{bytes, count, counted};

/// Drop history and logs of ticks before the last so many
///
/// A running world does this by itself, as `[history]` in its world.toml says.
/// Snapshots stay. The file keeps its size until it is compacted.
#[derive(clap::Args)]
pub struct Prune {
    /// The save, which must not run
    save: PathBuf,
    /// Ticks to keep; a few more may stay
    #[arg(long)]
    ticks: u64,
}

/// Give the disk back what a save does not use
#[derive(clap::Args)]
pub struct Compact {
    /// The save, which must not run
    save: PathBuf,
}

/// Prunes, and says what is left.
pub fn prune(arguments: Prune) -> Result<()> {
    let Prune { save, ticks } = arguments;
    let pruned = save::prune(&save, ticks)?;
    let (before, after) = pruned.bytes;
    let from = match pruned.first_tick {
        Some(first) => format!("history from tick {} on", count(first)),
        None => "no history".to_owned(),
    };
    let groups = counted(pruned.groups, "group");
    let told = format!(
        "{}: {from}, {}, was {}; {groups} of ticks dropped",
        save.display(),
        bytes(after),
        bytes(before)
    );
    Ok(answer(&told)?)
}

/// Compacts, and says what was gained.
pub fn compact(arguments: Compact) -> Result<()> {
    let Compact { save } = arguments;
    let (before, after) = save::compact(&save)?;
    Ok(answer(&format!("{}: {}, was {}", save.display(), bytes(after), bytes(before)))?)
}
