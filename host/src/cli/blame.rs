//! `sandtable blame`: who changed a component.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist::Reader;

use super::asked::{During, print};
use super::table::Format;

/// See which mod's system changed a component of an entity, from what to what
///
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable blame earth.db 233v1 economy/Treasury.gold
  sandtable blame earth.db 233v1 economy/Treasury --from 100 --to 200 --format json")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// An entity, as 12v3 or by its number in SQL
    entity: String,
    /// A component, by its name or that of its table, and a field after a dot
    component: String,
    #[command(flatten)]
    during: During,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, entity, component, during, format } = arguments;
    let answer = Reader::open(&save)?.blame(&entity, &component, during.into())?;
    print(&answer, format, "")
}
