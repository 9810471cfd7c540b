//! What the verbs about history have in common: which ticks, and how answers are
//! written.

use std::path::PathBuf;

use anyhow::Result;
use rusqlite::types::Value;
use sandtable::save::{Answer, Table, Ticks};

use super::screen::{Mark, answer, tell};
use super::table::{self, Format};
use super::text::{count, counted};

/// What is asked about a component of an entity.
#[derive(clap::Args)]
pub struct AboutComponent {
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

/// How much of an answer is printed.
#[derive(clap::Args)]
pub struct Printed {
    /// Print so many rows and say how many more there are; else all
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints an answer, below something to be looked at where that is asked for,
/// and what to know about it.
pub fn print(Answer { table, notes }: &Answer, format: Format, picture: &str) -> Result<()> {
    let text = table::write(table, format);
    match format {
        Format::Table if !picture.is_empty() => answer(&format!("{picture}\n{text}"))?,
        _ => answer(&text)?,
    }
    notes.iter().for_each(|note| tell(&format!("{} {note}", Mark::Note)));
    Ok(())
}

/// Prints an answer of which each row is an action, below a line that says how
/// often there is each.
pub fn print_actions(mut found: Answer, Printed { limit, format }: Printed) -> Result<()> {
    let summary = summary(&found.table);
    let rows = &mut found.table.rows;
    let more = rows.len().saturating_sub(limit.unwrap_or(usize::MAX));
    rows.truncate(rows.len() - more);
    if more > 0 {
        let what = if more == 1 { "row follows" } else { "rows follow" };
        found.notes.push(format!("{} more {what}; see `--limit`", count(more as u64)));
    }
    print(&found, format, &summary)
}

/// How often there is each action, in the order in which they come.
fn summary(table: &Table) -> String {
    let Some(action) = table.columns.iter().position(|name| name == "action") else {
        return String::new();
    };
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for row in &table.rows {
        let Some(Value::Text(name)) = row.get(action) else { continue };
        match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, times)) => *times += 1,
            None => counts.push((name, 1)),
        }
    }
    match counts.is_empty() {
        true => "nothing".to_owned(),
        false => {
            let told = counts.iter().map(|(name, times)| match *name {
                // Of a table as such; what became of its rows stands beside.
                "rows" => format!("{} with other rows", counted(*times, "table")),
                name => format!("{} {name}", count(*times)),
            });
            told.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_summed_up() {
        let row = |action: &str| vec![Value::Integer(1), Value::Text(action.to_owned())];
        let columns = ["tick", "action"].map(str::to_owned).to_vec();
        let mut table = Table { columns, rows: ["spawned", "changed"].map(row).to_vec() };
        table.rows.extend(std::iter::repeat_n(row("changed"), 1_000));
        table.rows.push(row("rows"));
        assert_eq!(summary(&table), "1 spawned, 1,001 changed, 1 table with other rows");
        table.rows.clear();
        assert_eq!(summary(&table), "nothing");
    }
}
