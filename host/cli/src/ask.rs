//! `sandtable ask`: questions that a world or its mods bring along.

use std::path::PathBuf;

use anyhow::{Error, Result};
use rusqlite::types::Value;
use sandtable::save::{Inquiry, KnownQuestion, Questions, Reader, SaveError, Table};

use super::screen::{Mark, answer, tell};
use super::table::{self, Format};

/// Ask a question that the world file or a mod brings along
///
/// Without a name, lists the questions with what they take, and says of one that this world
/// cannot answer why. Values are bound to the SELECT of a question and never part of it.
/// Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable ask earth.db
  sandtable ask earth.db debts nation=Germany least=1e9
  sandtable ask earth.db debts nation=Germany --at 100 --format csv")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Which question: its name, for that of a mod with the mod and a slash before it where
    /// others are called so too
    name: Option<String>,
    /// What is given for its parameters: parameter=value; an entity as 12v3, by its
    /// number in SQL or by its label
    #[arg(value_name = "PARAMETER=VALUE")]
    values: Vec<String>,
    /// Answer as of this tick: the world as it left it, the log up to it
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, name, values, at, format } = arguments;
    let reader = Reader::open(&save)?;
    let (questions, labels) = (reader.questions()?, reader.config()?.world.label);
    let inquiry = match at {
        Some(tick) => reader.inquiry_at(tick)?,
        None => reader.inquiry()?,
    };
    let Some(name) = name else { return list(&questions, &inquiry, format) };
    let known = questions.find(&name).map_err(Error::msg)?;
    let given = known.question.read(&known.name, &values).map_err(Error::msg)?;
    let values = known.question.values(&known.name, &given).map_err(Error::msg)?;
    let mut rows = inquiry.ask(known, &values, &labels)?;
    let mut table = Table { columns: rows.columns(), rows: Vec::new() };
    while let Some(row) = rows.next()? {
        table.rows.push(row);
    }
    Ok(answer(&table::write(&table, format))?)
}

/// Prints which questions there are, and below what is wrong with them.
fn list(questions: &Questions, inquiry: &Inquiry, format: Format) -> Result<()> {
    let text = |text: &str| Value::Text(text.to_owned());
    let row = |KnownQuestion { name, question }: &KnownQuestion| {
        vec![text(name), text(&question.parameters_told().replace('`', "")), text(&question.about)]
    };
    let columns = ["name", "parameters", "about"].map(str::to_owned).to_vec();
    let rows = questions.iter().map(row).collect();
    answer(&table::write(&Table { columns, rows }, format))?;
    for KnownQuestion { name, question } in questions.iter() {
        match inquiry.rows(&question.sql) {
            Ok(rows) => {
                let lacks = question.show.as_ref().and_then(|show| show.lacks(&rows.columns()));
                if let Some(what) = lacks {
                    tell(&format!("{} {name} cannot be shown as it says: {what}", Mark::Note));
                }
            }
            Err(SaveError::Query { what }) => {
                tell(&format!("{} {name} cannot be asked here: {what}", Mark::Note));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
