//! `sandtable send`: gives a world inputs.

mod lines;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use sandtable::record::RequestKey;
use sandtable::save::Parcel;
use sandtable::send_parcel;
use serde_json::Value as Json;

use self::lines::{BadLines, Lines};
use super::screen::tell;

/// Who the save says sent what comes this way.
const SENDER: &str = "sandtable send";

/// Give a world an input, which its next tick reads, or many
///
/// Works also while the world runs. An input that no system could read is refused:
/// none does, or the mods of those that do are suspended.
///
/// With --ndjson, each line is an input: {"input": "economy/TaxDecree", "value": {…}}; or,
/// where the input is named, its fields alone. They are put in by the thousand. With --key,
/// what is sent again under the same key counts once, so that a command which was
/// interrupted is given again as it was. --bad-lines says what becomes of the others when
/// a line is no input; each such line is told with its number and why.
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
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, input, json, ndjson, bad_lines, key } = &arguments;
    if let Some(file) = ndjson {
        let (input, key) = (input.as_deref(), key.as_deref());
        return lines::send(&Lines { save, file, input, key, bad_lines: *bad_lines });
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
    Ok(())
}

fn parcel(inputs: Vec<(String, Json)>, key: Option<String>) -> Parcel {
    let digest = |key| {
        let text = serde_json::to_string(&inputs).unwrap_or_default();
        RequestKey { key, digest: *blake3::hash(text.as_bytes()).as_bytes() }
    };
    let key = key.map(digest);
    Parcel { sender: SENDER.to_owned(), key, inputs, edits: Vec::new() }
}
