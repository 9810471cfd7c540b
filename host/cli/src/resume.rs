//! `sandtable resume`: lets a suspended mod take part again.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save;

use super::screen::tell;

/// Who the save says asked for it.
const SENDER: &str = "sandtable resume";

/// Let a suspended mod, or a system of one, take part again, from the next tick on
///
/// A system is suspended alone where the manifest of its mod names it under
/// `dispensable`. Works also while the world runs. What it could not read meanwhile is there:
/// inputs that only it reads have waited for it. The save keeps who asked for it
/// and when, so that `verify` and `rewind` know. `sandtable info` says what is
/// suspended, and `SELECT * FROM faults` and `exclusions` in `sandtable sql` why.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable resume earth.db economy
  sandtable resume novel.db story/derive")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// The mod's id, or the full name of a system that is suspended alone
    #[arg(value_name = "MOD")]
    mod_id: String,
    /// Who asks for it, for the save to keep
    #[arg(long, value_name = "NAME", default_value = SENDER)]
    sender: String,
}

/// Writes into the save that the mod is to take part again.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, mod_id, sender } = arguments;
    save::resume(&save, &mod_id, &sender)?;
    let what = if mod_id.contains('/') { "system" } else { "mod" };
    tell(&format!("{what} {mod_id} takes part again from the next tick of {} on", save.display()));
    Ok(())
}
