//! `sandtable send`: gives a world an input.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sandtable::send;

use super::screen::tell;

/// Who the save says sent what comes this way.
const SENDER: &str = "sandtable send";

/// Give a world an input, which its next tick reads
///
/// Works also while the world runs. An input that no system could read is refused:
/// none does, or the mods of those that do are suspended.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable send earth.db economy/TaxDecree '{\"nation\": \"FRA\", \"rate\": 0.3}'")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Which input: `<mod>/<Name>`
    event: String,
    /// Its fields, as a JSON object
    json: String,
}

/// Writes the input into the save.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, event, json } = arguments;
    let value: serde_json::Value = serde_json::from_str(&json).with_context(|| {
        format!("`{json}` is not JSON: write the fields like '{{\"rate\": 0.3}}', in single quotes")
    })?;
    send(&save, &event, &value, SENDER)?;
    tell(&format!("{event} is in {}; its next tick reads it", save.display()));
    Ok(())
}
