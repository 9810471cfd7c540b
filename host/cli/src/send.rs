//! `sandtable send`: gives a world inputs.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sandtable::record::RequestKey;
use sandtable::save::Parcel;
use sandtable::send_parcel;
use serde::Deserialize;
use serde_json::Value as Json;

use super::screen::tell;
use super::text;

/// Who the save says sent what comes this way.
const SENDER: &str = "sandtable send";

/// Inputs that are put into the save at once, where they come line by line.
const AT_ONCE: usize = 1_000;

/// Give a world an input, which its next tick reads, or many
///
/// Works also while the world runs. An input that no system could read is refused:
/// none does, or the mods of those that do are suspended.
///
/// With --ndjson, each line is an input: {"input": "economy/TaxDecree", "value": {…}}.
/// They are put in by the thousand. With --key, what is sent again under the same key
/// counts once, so that a command which was interrupted is given again as it was.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable send earth.db economy/TaxDecree '{\"nation\": \"FRA\", \"rate\": 0.3}'
  sandtable send earth.db --ndjson decrees.ndjson --key decrees-of-may
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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "json"])]
    ndjson: Option<PathBuf>,
    /// A name for what is sent, by which it counts once
    #[arg(long)]
    key: Option<String>,
}

/// A line of many.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    input: String,
    value: Json,
}

/// Writes the inputs into the save.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, input, json, ndjson, key } = &arguments;
    if let Some(file) = ndjson {
        return many(save, file, key.as_deref());
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

/// Writes an input for each line into the save.
fn many(save: &Path, file: &Path, key: Option<&str>) -> Result<()> {
    let lines: Box<dyn BufRead> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => {
            let file_of = File::open(file);
            Box::new(BufReader::new(file_of.with_context(|| format!("{}", file.display()))?))
        }
    };
    let (mut batch, mut sent, mut known) = (Vec::new(), 0, 0);
    let mut put = |batch: &mut Vec<(String, Json)>, sent: &mut u64| -> Result<()> {
        let inputs = std::mem::take(batch);
        let count = inputs.len() as u64;
        // Each batch counts once by where it begins.
        let key = key.map(|key| format!("{key}/{sent}"));
        let found = send_parcel(save, &parcel(inputs, key)).with_context(|| {
            format!(
                "of lines {} to {} nothing was sent, and the {} before are in {}",
                *sent + 1,
                *sent + count,
                text::count(*sent),
                save.display()
            )
        })?;
        known += found.map_or(0, |_| count);
        *sent += count;
        Ok(())
    };
    for (number, line) in lines.lines().enumerate() {
        let line = line.with_context(|| format!("line {} cannot be read", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let Line { input, value } = serde_json::from_str(&line).with_context(|| {
            format!(
                "line {} is no input: write {{\"input\": \"economy/TaxDecree\", \"value\": {{…}}}}",
                number + 1
            )
        })?;
        batch.push((input, value));
        if batch.len() == AT_ONCE {
            put(&mut batch, &mut sent)?;
        }
    }
    if !batch.is_empty() {
        put(&mut batch, &mut sent)?;
    }
    let again = match known {
        0 => String::new(),
        known => format!("; {} of them were sent before", text::count(known)),
    };
    tell(&format!("{} in {}{again}", text::counted(sent, "input"), save.display()));
    Ok(())
}
