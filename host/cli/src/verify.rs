//! `sandtable verify`: recorded ticks, run again.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use sandtable::save::Difference;
use sandtable::verify::{Mismatch, Progress, verify};
use serde_json::json;

use super::screen::{Screen, Show, verdict};
use super::text::{count, counted, visible};

/// The exit code for a tick that differs.
const DIFFERS: u8 = 3;

/// Run recorded ticks again and compare each with what was recorded
///
/// Begins at a keyframe with the mods that the save carries, and gives each tick
/// what it was given: inputs, swaps, exclusions. Names the first tick that
/// differs, with system, entity, component and field. Works also while the world
/// runs. Exits with 0 when all are the same, with 3 when one differs, with 1
/// when they cannot be run.
#[derive(clap::Args)]
#[command(
    alias = "replay",
    after_help = "\
Examples:
  sandtable verify earth.db
  sandtable verify earth.db --from 3000 --threads 2 --json"
)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// The first tick to compare; without it, the first that can be
    #[arg(long, value_name = "TICK")]
    from: Option<u64>,
    /// The last tick to compare; without it, the last there is
    #[arg(long, value_name = "TICK")]
    to: Option<u64>,
    /// Threads that run mods; 0 is one for each core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs them, and says how it went.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { save, from, to, threads, json } = arguments;
    let screen = Screen::open(if json { Show::Least } else { Show::All });
    let bar = screen.spinner("running ticks again");
    let mut each = |progress: Progress| bar.set_message(shown(progress));
    let verified = verify(&save, from, to, threads, &mut each);
    bar.finish_and_clear();
    let verified = verified?;
    if json {
        let mismatch = verified.mismatch.as_ref().map(|it| {
            let place = it.place.as_ref();
            json!({
                "tick": it.tick,
                "what": it.what,
                "system": place.and_then(|place| place.system.clone()),
                "commands": place.map(|place| place.is_commands),
                "entity": place.and_then(|place| place.entity).map(|entity| entity.to_string()),
                "component": place.and_then(|place| place.component.clone()),
                "field": place.and_then(|place| place.field.clone()),
                "recorded": place.map(|place| place.values.0.clone()),
                "replayed": place.map(|place| place.values.1.clone()),
            })
        });
        let told = json!({
            "from": verified.from, "to": verified.to, "ticks": verified.ticks,
            "same": verified.mismatch.is_none(), "mismatch": mismatch,
        });
        verdict(&told.to_string())?;
    } else {
        let ticks = counted(verified.ticks, "tick");
        match &verified.mismatch {
            None => verdict(&format!(
                "{}: {ticks} run again, from {} to {}: all as recorded",
                save.display(),
                count(verified.from),
                count(verified.to)
            ))?,
            Some(mismatch) => verdict(&visible(&told(mismatch)))?,
        }
    }
    Ok(if verified.mismatch.is_none() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

fn shown(progress: Progress) -> String {
    let (tick, last) = (count(progress.tick), count(progress.last));
    format!("running ticks again: {}% · tick {tick} of {last}", progress.percent())
}

fn told(mismatch: &Mismatch) -> String {
    let Mismatch { tick, what, place } = mismatch;
    let mut text = format!("tick {} differs: {what}", count(*tick));
    if let Some(place) = place {
        text.push('\n');
        text.push_str(&where_(place));
    }
    text
}

fn where_(place: &Difference) -> String {
    let Difference { system, is_commands, entity, component, field, values } = place;
    let mut parts = Vec::new();
    if let Some(system) = system {
        let of = if *is_commands { "the commands of system" } else { "system" };
        parts.push(format!("{of} {system}"));
    }
    parts.extend(entity.map(|entity| format!("entity {entity}")));
    parts.extend(component.clone());
    parts.extend(field.as_ref().map(|field| format!("field {field}")));
    format!("  {}: recorded {}, run again {}", parts.join(", "), values.0, values.1)
}
