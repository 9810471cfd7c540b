//! `sandtable logs`: what mods logged.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use sandtable::record::LogLevel;
use sandtable::save::{Line, Reader, WantedLines};

use super::stop::Stop;
use super::text::visible;

/// See what mods logged
///
/// A save keeps the last lines, as `[logs]` in its world.toml says. Works also
/// while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable logs earth.db --mod economy --level warn
  sandtable logs earth.db --follow")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Lines of this mod only
    #[arg(long = "mod", value_name = "ID")]
    mod_id: Option<String>,
    /// Lines that matter as much as this, or more: error, warn, info, debug
    #[arg(long, value_name = "LEVEL")]
    level: Option<LogLevel>,
    /// Go on with new lines until Ctrl-C
    #[arg(long)]
    follow: bool,
}

/// How often is looked for new lines.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Prints lines, oldest first.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, mod_id, level, follow } = arguments;
    let stop = follow.then(Stop::listen).transpose()?;
    let mut wanted = WantedLines { mod_id, level, after: None };
    let mut out = std::io::stdout().lock();
    loop {
        // Opened each time: a reader that stays open holds the log back.
        for line in Reader::open(&save)?.logged(&wanted)? {
            writeln!(out, "{}", told(&line))?;
            wanted.after = Some(line.id);
        }
        out.flush()?;
        match &stop {
            Some(stop) if !stop.asked() => std::thread::sleep(LOOK_EVERY),
            _ => return Ok(()),
        }
    }
}

fn told(Line { tick, logged, .. }: &Line) -> String {
    let (level, system, text) = (logged.level.name(), &logged.system, visible(&logged.text));
    format!("tick {tick} {level:5} {system}: {text}")
}
