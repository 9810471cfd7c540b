//! `sandtable send`: gives a world inputs.

mod lines;
mod parcel;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sandtable::send_parcel;
use serde_json::Value as Json;

use self::lines::{BadLines, Lines};
use self::parcel::parcel;
use super::screen::tell;

/// The exit code where lines were left out, and all others are in the save.
const LEFT_OUT: u8 = 3;

/// Give a world an input, which its next tick reads, or many
///
/// Works also while the world runs. An input that no system could read is refused:
/// none does, or the mods of those that do are suspended.
///
/// With --ndjson, each line is an input: {"input": "economy/TaxDecree", "value": {…}}; or,
/// where the input is named, its fields alone. They are put in by the thousand. With --key,
/// what is sent again under the same key counts once, so that a command which was
/// interrupted is given again as it was. --bad-lines says what becomes of the others when
/// a line is no input; each such line is told with its number and why, and where others
/// were sent all the same, it exits with 3.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable send earth.db economy/TaxDecree '{\"nation\": \"FRA\", \"rate\": 0.3}'
  sandtable send earth.db --ndjson decrees.ndjson --key decrees-of-may
  sandtable send novel.db story/Event --ndjson novel.ndjson --bad-lines skip
  generate | sandtable send earth.db --ndjson -")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Which input: `<mod>/<Name>`
    #[arg(required_unless_present = "ndjson")]
    input: Option<String>,
    /// Its fields, as a JSON object
    #[arg(required_unless_present = "ndjson")]
    json: Option<String>,
    /// A file with an input on each line; - is what is piped in
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    ndjson: Option<PathBuf>,
    /// What becomes of the others when a line is no input
    #[arg(long, value_enum, default_value = "stop", requires = "ndjson")]
    bad_lines: BadLines,
    /// A name for what is sent, by which it counts once
    #[arg(long)]
    key: Option<String>,
}

/// Writes the inputs into the save.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { save, input, json, ndjson, bad_lines, key } = &arguments;
    if let Some(file) = ndjson {
        let (input, key) = (input.as_deref(), key.as_deref());
        let left_out = lines::send(&Lines { save, file, input, key, bad_lines: *bad_lines })?;
        return Ok(if left_out == 0 { ExitCode::SUCCESS } else { ExitCode::from(LEFT_OUT) });
    }
    let (Some(input), Some(json)) = (input, json) else { bail!("give an input and its fields") };
    let value: Json = serde_json::from_str(json).with_context(|| {
        format!("`{json}` is not JSON: write the fields like '{{\"rate\": 0.3}}', in single quotes")
    })?;
    let parcel = parcel(vec![(input.clone(), value)], key.clone());
    let save = save.display();
    match send_parcel(&arguments.save, &parcel)? {
        None => tell(&format!("{input} is in {save}; its next tick reads it")),
        Some(known) => match known.place {
            Some(place) => {
                tell(&format!("{input} was sent before, and tick {} read it", place.tick))
            }
            None => tell(&format!("{input} was sent before, and waits in {save}")),
        },
    }
    Ok(ExitCode::SUCCESS)
}
