//! `sandtable audit`: what was done over HTTP, and what was refused.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use rusqlite::types::Value;
use sandtable::record::hex;
use sandtable::save::Table;
use sandtable_serve::{AuditRow, Trust, Verdict};

use super::screen::{answer, tell, verdict};
use super::table::{self, Format};
use super::text::counted;
use super::token::moment;

/// Show what was done over HTTP and what was refused, or check that log
///
/// Each row has a hash of itself and the one before. Users stand in it as hashes that
/// are made with a key of this host; what was sent does not.
#[derive(clap::Args)]
#[command(after_help = "\
`verify` exits with 3 where a row was altered or is missing. It prints the hash of the
last row: noted elsewhere, it shows later that no rows were cut off the end.

Examples:
  sandtable audit list --user ada
  sandtable audit verify
  sandtable audit verify --noted 51f0c7e2…")]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List what was done, the last first
    List {
        /// Of this user or token of that name only
        #[arg(long)]
        user: Option<String>,
        /// Rows at most
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
        /// How the list is written
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check that every row is as it was written
    Verify {
        /// The hash of a row, as it was printed once
        #[arg(long, value_name = "HASH")]
        noted: Option<String>,
    },
}

/// Does what is asked for.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let trust = Trust::own()?;
    match arguments.verb {
        Verb::List { user, limit, format } => {
            let rows = trust.audit(user.as_deref(), limit)?;
            if rows.is_empty() && format == Format::Table {
                tell("nothing was written down");
            } else {
                answer(&table::write(&listed(rows), format))?;
            }
        }
        Verb::Verify { noted } => {
            let rows = |rows: i64| counted(rows.unsigned_abs(), "row");
            return Ok(match trust.verify_audit(noted.as_deref())? {
                Verdict::Whole { rows: all, last } => {
                    verdict(&format!("{} as written, the last {last}", rows(all)))?;
                    ExitCode::SUCCESS
                }
                Verdict::Broken { number } => {
                    verdict(&format!(
                        "row {number} was altered, or is not the one that was written"
                    ))?;
                    ExitCode::from(3)
                }
                Verdict::Other { rows: all } => {
                    verdict(&format!("{} fit, and none has the hash that was noted", rows(all)))?;
                    ExitCode::from(3)
                }
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(rows: Vec<AuditRow>) -> Table {
    const COLUMNS: [&str; 9] =
        ["number", "at", "who", "token", "operation", "world", "tick", "outcome", "hash"];
    let row = |row: AuditRow| {
        vec![
            Value::Integer(row.number),
            Value::Text(moment(row.at)),
            Value::Text(row.who),
            Value::Text(row.token),
            Value::Text(row.operation),
            row.world.map_or(Value::Null, Value::Text),
            row.tick.map_or(Value::Null, Value::Integer),
            Value::Text(row.outcome),
            Value::Text(hex(&row.digest)),
        ]
    };
    Table { columns: COLUMNS.map(str::to_owned).into(), rows: rows.into_iter().map(row).collect() }
}
