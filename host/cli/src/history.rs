//! `sandtable history`: what a component was, tick by tick.

use anyhow::Result;
use sandtable::save::{Reader, Table};

use super::asked::{AboutComponent, print};
use super::spark;

/// See what a component of an entity was, and every change since
///
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable history earth.db 233v1 economy/Treasury.gold
  sandtable history earth.db 233v1 economy_treasury --from 100 --format csv")]
pub struct Arguments {
    #[command(flatten)]
    cell: AboutComponent,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let AboutComponent { save, entity, component, during, format } = arguments.cell;
    let answer = Reader::open(&save)?.history(&entity, &component, during.into())?;
    print(&answer, format, &pictures(&answer.table))
}

/// Columns that are no fields, behind these.
const BEHIND: usize = 4;

/// A line for each field that is a number.
fn pictures(table: &Table) -> String {
    let fields = 1..table.columns.len().saturating_sub(BEHIND);
    let lines = fields.filter_map(|at| Some((&table.columns[at], spark::line(table, at)?)));
    lines.map(|(name, line)| format!("{name} {line}")).collect::<Vec<_>>().join("\n")
}
