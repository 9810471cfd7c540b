//! `sandtable slim`: a save without its mods.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::{Reader, Save};

use super::screen::answer;
use super::text;

/// Drop a save's mods from it, keeping what they are
///
/// It then needs its world, or a pack beside it, to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
}

/// Drops them, and says what that gained.
pub fn run(arguments: Arguments) -> Result<()> {
    let path = arguments.save;
    let before = Reader::open(&path)?.file_bytes();
    let (mut save, ..) = Save::open(&path)?;
    save.slim()?;
    save.close()?;
    let now = Reader::open(&path)?.file_bytes();
    let (before, now) = (text::bytes(before), text::bytes(now));
    Ok(answer(&format!("{}: {now}, with its mods it was {before}", path.display()))?)
}
