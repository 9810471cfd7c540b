//! `sandtable test`: runs the scenarios of a mod or a world.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use console::style;
use sandtable::catalog;
use sandtable::scenario::{Choice, Failure, Report, Side, Suite};
use serde_json::{Value as Json, json};

use super::screen::{Screen, Show, verdict};
use super::sources;
use super::text::{counted, short_span, visible};

/// Run the scenarios of a mod, or of a world and its mods
///
/// Scenarios are the .toml files in its folder `scenarios`, golden files are in
/// `scenarios/golden`; those of some.wasm are in some.scenarios. For a world those
/// of its mods are run as well. Exits with 1 when one of them fails.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable test islands/mods/islands
  sandtable test . --filter gust
  sandtable test . --bless")]
pub struct Arguments {
    /// A mod, which is a cargo package's folder or a .wasm component, or a world
    path: PathBuf,
    /// Only those with this text in their name or in that of their file
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
    /// Write golden files instead of comparing with them
    #[arg(long)]
    bless: bool,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// Runs them, and prints what came of each.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { path, filter, bless, json } = arguments;
    let screen = Screen::open(if json { Show::Least } else { Show::All });
    let suites = match catalog::is_mod(&path) {
        true => vec![Suite::of_mod(&path)?],
        false => Suite::all_of_world(&path)?,
    };
    let choice = Choice { filter: filter.clone(), bless };
    let mut shown: Result<()> = Ok(());
    let mut file = PathBuf::new();
    let mut tell = |report: &Report| {
        if !json && shown.is_ok() {
            let heading = (file != report.file).then(|| report.file.display().to_string());
            file.clone_from(&report.file);
            let text = heading.into_iter().chain([told(report)]).collect::<Vec<_>>().join("\n");
            shown = verdict(&text).map_err(Into::into);
        }
    };
    let mut reports = Vec::new();
    for suite in suites {
        let built = sources::watch(&screen, |progress| suite.build(progress))?;
        reports.extend(suite.run(built, &choice, &mut tell)?);
    }
    shown?;
    if reports.is_empty() {
        bail!("no scenario of {} has {filter:?} in its name: try another text", path.display());
    }
    let failed = reports.iter().filter(|report| !report.failures.is_empty()).count();
    if json {
        verdict(&as_json(&reports).to_string())?;
    } else {
        verdict(&summary(&reports, failed))?;
    }
    match failed {
        0 => Ok(()),
        failed => bail!("{} of {} failed", failed, counted(reports.len() as u64, "scenario")),
    }
}

/// What came of one scenario.
fn told(report: &Report) -> String {
    let mark = match report.failures.is_empty() {
        true => style("✓").green(),
        false => style("✗").red(),
    };
    let (ticks, time) = (counted(report.ticks, "tick"), short_span(report.time));
    let mut text = format!("  {mark} {} ({ticks}, {time})", visible(&report.name));
    for failure in &report.failures {
        text.push_str(&format!("\n\n{}\n", failure_told(&report.file, failure)));
    }
    for path in &report.blessed {
        text.push_str(&format!("\n      wrote {}", path.display()));
    }
    text
}

fn failure_told(file: &Path, failure: &Failure) -> String {
    let Failure { line, column, what, lines } = failure;
    let mut text = format!("      {}:{line}:{column}: {}", file.display(), visible(what));
    if !lines.is_empty() {
        text.push_str(" (- expected, + found)");
    }
    for line in lines {
        let sign = match line.side {
            Side::Expected => style('-').red(),
            Side::Found => style('+').green(),
            Side::Both => style(' '),
        };
        text.push_str(&format!("\n        {sign} {}", visible(&line.text)));
    }
    text
}

fn summary(reports: &[Report], failed: usize) -> String {
    let time: Duration = reports.iter().map(|report| report.time).sum();
    let passed = reports.len() - failed;
    format!("\n{passed} passed, {failed} failed, in {}", short_span(time))
}

fn as_json(reports: &[Report]) -> Json {
    let failed = reports.iter().filter(|report| !report.failures.is_empty()).count();
    json!({"passed": reports.len() - failed, "failed": failed, "scenarios": reports})
}
