//! `sandtable timeline`: the life of an entity.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::Reader;

use super::asked::{During, Printed, print_actions};

/// See when an entity came and went, and what it got, lost and was named in
///
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable timeline earth.db 233v1")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// An entity, as 12v3, by its number in SQL, or by its label
    entity: String,
    #[command(flatten)]
    during: During,
    #[command(flatten)]
    printed: Printed,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, entity, during, printed } = arguments;
    print_actions(Reader::open(&save)?.timeline(&entity, during.into())?, printed)
}
