//! `sandtable mods`: the mods that a save runs with.

use std::path::PathBuf;

use anyhow::Result;
use rusqlite::types::Value;
use sandtable::record::hex;
use sandtable::save::{LockedMod, Reader, Table};
use serde_json::{Map, Value as Json, json};

use super::screen::answer;
use super::table::{self, Format};
use super::text;

/// See which mods a save runs with
///
/// Works also while the world runs.
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub fn run(arguments: Arguments) -> Result<()> {
    let lock = Reader::open(&arguments.save)?.lock()?;
    let text = if arguments.json { as_json(&lock) } else { as_table(&lock) };
    Ok(answer(&text)?)
}

fn as_json(lock: &[LockedMod]) -> String {
    let one = |locked: &LockedMod| {
        let assets = locked.assets.iter();
        json!({
            "id": locked.id,
            "version": locked.version,
            "blake3": hex(&locked.hash),
            "bytes": locked.bytes,
            "source": locked.source,
            "in_save": locked.is_in_save,
            "since_tick": locked.since_tick,
            "assets": assets
                .map(|(name, digest)| (name.clone(), Json::from(hex(digest))))
                .collect::<Map<_, _>>(),
        })
    };
    Json::Array(lock.iter().map(one).collect()).to_string()
}

fn as_table(lock: &[LockedMod]) -> String {
    const COLUMNS: [&str; 7] =
        ["id", "version", "blake3", "size", "in the save", "since tick", "source"];
    let row = |locked: &LockedMod| {
        let is_in_save = if locked.is_in_save { "yes" } else { "no" };
        vec![
            Value::Text(locked.id.clone()),
            Value::Text(locked.version.clone()),
            Value::Text(hex(&locked.hash)[..12].to_owned()),
            Value::Text(text::bytes(locked.bytes)),
            Value::Text(is_in_save.to_owned()),
            Value::Integer(locked.since_tick as i64),
            Value::Text(locked.source.clone()),
        ]
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    table::write(&Table { columns, rows: lock.iter().map(row).collect() }, Format::Table)
}
