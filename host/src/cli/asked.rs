//! What the verbs about history have in common: which ticks, and how answers are
//! written.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::persist::{Answer, Ticks};

use super::screen::answer;
use super::table::{self, Format};

/// What is asked about a component of an entity.
#[derive(clap::Args)]
pub struct Cell {
    /// The save
    pub save: PathBuf,
    /// An entity, as 12v3, by its number in SQL, or by its label
    pub entity: String,
    /// A component, by its name or that of its table, and a field after a dot
    pub component: String,
    #[command(flatten)]
    pub during: During,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Which ticks are asked about.
#[derive(clap::Args)]
pub struct During {
    /// From this tick on, as it left the world; else from the first that is kept
    #[arg(long, value_name = "TICK")]
    from: Option<u64>,
    /// Up to this tick; else to the last
    #[arg(long, value_name = "TICK")]
    to: Option<u64>,
}

impl From<During> for Ticks {
    fn from(During { from, to }: During) -> Self {
        Self { from, to }
    }
}

/// Prints an answer, below something to be looked at where that is asked for,
/// and what to know about it.
pub fn print(Answer { table, notes }: &Answer, format: Format, picture: &str) -> Result<()> {
    let text = table::write(table, format);
    match format {
        Format::Table if !picture.is_empty() => answer(&format!("{picture}\n{text}"))?,
        _ => answer(&text)?,
    }
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(())
}
