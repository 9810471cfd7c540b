//! `sandtable embed`: mods back into a slim save.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::pack;
use sandtable::save::Reader;

use super::screen::answer;
use super::text;

/// Put the mods of a slim save back into it from a pack
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// A pack with the very mods that the save ran with
    pack: PathBuf,
    /// Use only a pack signed with this minisign key; may be given again
    #[arg(long, value_name = "KEY")]
    trust: Vec<String>,
}

/// Puts them back, and says how many.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, pack, trust } = arguments;
    pack::embed(&save, &pack, &trust)?;
    let mods = Reader::open(&save)?.lock()?.len() as u64;
    Ok(answer(&format!("{}: {} in it", save.display(), text::counted(mods, "mod")))?)
}
