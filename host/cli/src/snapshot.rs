//! `sandtable snapshot`, `snapshots` and `restore`: ticks with a name.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::{self, Snapshot};
use serde_json::json;

use super::rewind;
use super::screen::answer;
use super::text::{count, date, visible};

/// Give the last tick a name, by which it can be gone back to
///
/// Works also while the world runs. A snapshot stays until it is removed, also
/// when history no longer reaches back to it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable snapshot earth.db before-the-war --note 'all at peace'")]
pub struct Take {
    /// The save
    save: PathBuf,
    /// The name
    name: String,
    /// What to remember about it
    #[arg(long, default_value = "")]
    note: String,
}

/// List the snapshots of a save, or remove one
#[derive(clap::Args)]
pub struct List {
    /// The save
    save: PathBuf,
    /// Remove the snapshot of this name
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

/// Take a save back to a snapshot
///
/// As `rewind` to its tick: what is ahead is kept as a save of its own beside
/// this one, unless it is to be discarded.
#[derive(clap::Args)]
pub struct Restore {
    /// The save, which must not run
    save: PathBuf,
    /// The snapshot
    name: String,
    /// Do not keep what is ahead
    #[arg(long)]
    discard: bool,
}

/// Names the last tick.
pub fn take(arguments: Take) -> Result<()> {
    let Take { save, name, note } = arguments;
    let made = save::snapshot(&save, &name, &note)?;
    Ok(answer(&format!(
        "{}: snapshot {} of tick {}",
        save.display(),
        visible(&made.name),
        count(made.tick)
    ))?)
}

/// Lists them.
pub fn list(arguments: List) -> Result<()> {
    let List { save, remove, json } = arguments;
    if let Some(name) = remove {
        save::forget_snapshot(&save, &name)?;
    }
    let all = save::snapshots(&save)?;
    if json {
        let all: Vec<_> = all
            .iter()
            .map(|it| {
                json!({
                    "name": it.name, "tick": it.tick, "note": it.note, "made_at": date(it.made_at),
                    "automatic": it.is_automatic,
                })
            })
            .collect();
        return Ok(answer(&json!(all).to_string())?);
    }
    let line = |it: &Snapshot| {
        format!("{:>9}  {}  {}  {}", count(it.tick), date(it.made_at), it.name, it.note)
    };
    match all.as_slice() {
        [] => Ok(answer("no snapshots")?),
        all => Ok(answer(&visible(&all.iter().map(line).collect::<Vec<_>>().join("\n")))?),
    }
}

/// Goes back to one.
pub fn restore(arguments: Restore) -> Result<()> {
    let Restore { save, name, discard } = arguments;
    rewind::go(&save, save::snapshot_tick(&save, &name)?, discard)
}
