//! `sandtable sql`: asks a save.

use std::num::NonZeroU64;
use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::{Inquiry, Reader, SaveError, Ticks};

use super::asked::print;
use super::screen::answer;
use super::shell::Shell;
use super::spark;
use super::table::{self, Format};

/// Ask a save questions in SQL, without changing it
///
/// Works also while the world runs. Without a SELECT, statements are read from a
/// prompt, or from whatever is piped in; `.help` lists what else can be said
/// there.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable sql earth.db \"SELECT name FROM geography_nation ORDER BY name LIMIT 5\"
  sandtable sql earth.db --at 100 \"SELECT count(*) FROM entities\"
  sandtable sql earth.db --every 30 \"SELECT sum(gdp_usd) FROM economy_economy\"")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// A SELECT
    select: Option<String>,
    /// Answer as of this tick: the world as it left it, the log up to it
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// Answer as of every nth tick that is kept, one below the other, with the
    /// tick in front
    #[arg(long, value_name = "TICKS", requires = "select", conflicts_with = "at")]
    every: Option<NonZeroU64>,
    /// With `--every`: from this tick on; else from the first that is kept
    #[arg(long, value_name = "TICK", requires = "every")]
    from: Option<u64>,
    /// With `--every`: up to this tick; else to the last
    #[arg(long, value_name = "TICK", requires = "every")]
    to: Option<u64>,
    /// How answers are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// What is asked: the save as it is now, or as it was.
    fn inquiry(&self) -> Result<Inquiry, SaveError> {
        let reader = Reader::open(&self.save)?;
        match self.at {
            Some(tick) => reader.inquiry_at(tick),
            None => reader.inquiry(),
        }
    }
}

/// Asks, and prints the answers.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { every, from, to, format, .. } = arguments;
    match (&arguments.select, every) {
        (Some(select), Some(every)) => {
            let ticks = Ticks { from, to };
            let series = Reader::open(&arguments.save)?.series(select, every, ticks)?;
            print(&series, format, &spark::only(&series.table).unwrap_or_default())
        }
        (Some(select), None) => {
            let table = arguments.inquiry()?.query(select)?;
            Ok(answer(&table::write(&table, format))?)
        }
        (None, _) => Shell::new(&|| arguments.inquiry(), format)?.run(),
    }
}
