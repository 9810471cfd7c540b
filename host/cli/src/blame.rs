//! `sandtable blame`: who changed a component.

use anyhow::Result;
use sandtable::save::Reader;

use super::asked::{AboutComponent, print};

/// See which mod's system changed a component of an entity, from what to what
///
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable blame earth.db 233v1 economy/Treasury.gold
  sandtable blame earth.db 233v1 economy/Treasury --from 100 --to 200 --format json")]
pub struct Arguments {
    #[command(flatten)]
    cell: AboutComponent,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let AboutComponent { save, entity, component, during, format } = arguments.cell;
    let answer = Reader::open(&save)?.blame(&entity, &component, during.into())?;
    print(&answer, format, "")
}
