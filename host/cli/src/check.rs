//! `sandtable check`: whether a save is whole; or what other mods would mean for
//! it, tried on a copy in memory.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sandtable::Error;
use sandtable::catalog;
use sandtable::config::WorldConfig;
use sandtable::names::is_pack;
use sandtable::save::{self, Checked, Reader};
use sandtable::trial::{self, Trial};
use serde_json::json;

use super::screen::{Screen, Show, verdict};
use super::sources;
use super::text::{count, counted, one_line, shell};

/// Look for damage in a save; or say what other mods would mean for it
///
/// Given a save, looks at all of it, also while its world runs, and exits with 1
/// when something is wrong with it. Given mods, says what would change if it ran
/// with them: migrations of tables and conversions are made on a copy in memory,
/// and the save stays as it is. Exits with 1 when `run --accept-mods` would.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable check islands.db
  sandtable check islands --against islands.db
  sandtable check islands/mods/weather --against islands.db --json")]
pub struct Arguments {
    /// A save; or with --against a world or a .pack, or one mod: a cargo
    /// package's folder or a .wasm component
    path: PathBuf,
    /// The save that is to run with these mods
    #[arg(long, value_name = "SAVE")]
    against: Option<PathBuf>,
    /// Print what there is to say as one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints what is wrong with a save, or the plan.
pub fn run(arguments: Arguments) -> Result<()> {
    match &arguments.against {
        None => look(&arguments.path, arguments.json),
        Some(against) => plan(&arguments, against),
    }
}

fn look(save: &Path, json: bool) -> Result<()> {
    if save.is_dir() || catalog::is_mod(save) || is_pack(save) {
        bail!("{} is no save: say with `--against` which save is to follow it", save.display());
    }
    let Checked { tick, findings, looked_at } = save::check(save)?;
    if json {
        let looked_at: serde_json::Map<_, _> =
            looked_at.iter().map(|(what, number)| ((*what).to_owned(), json!(number))).collect();
        let findings: Vec<String> = findings.iter().map(|it| one_line(it)).collect();
        let all = json!({"tick": tick, "findings": findings, "looked_at": looked_at});
        verdict(&all.to_string())?;
    } else {
        findings.iter().try_for_each(|finding| verdict(&one_line(finding)))?;
    }
    match findings.len() as u64 {
        0 if json => Ok(()),
        0 => {
            let all: Vec<String> = looked_at
                .iter()
                .map(|(what, number)| format!("{} {what}", count(*number)))
                .collect();
            let (save, tick) = (save.display(), count(tick));
            Ok(verdict(&format!("{save} is sound at tick {tick}: {}", all.join(", ")))?)
        }
        found => bail!(
            "{} is damaged ({}): take it from a backup, or salvage what is whole with \
             `sandtable repair {} -o <file>`",
            save.display(),
            counted(found, "finding"),
            shell(save)
        ),
    }
}

fn plan(arguments: &Arguments, against: &Path) -> Result<()> {
    let screen = Screen::open(if arguments.json { Show::Lines } else { Show::All });
    let Trial { plan, problem } = tried(&arguments.path, against, &screen)?;
    // What refuses them is in the plan, or came of trying.
    let problem = problem.filter(|problem| !matches!(problem, Error::Incompatible(_)));
    let is_compatible = plan.is_compatible() && problem.is_none();
    let told = problem.map(|problem| one_line(&problem.to_string()));
    if arguments.json {
        let all = json!({"compatible": is_compatible, "mods": plan.mods, "problem": told});
        verdict(&all.to_string())?;
    } else {
        verdict(&plan.to_string())?;
    }
    match told {
        _ if is_compatible => Ok(()),
        Some(problem) => bail!("{} cannot follow these mods: {problem}", against.display()),
        None => bail!("{} cannot follow these mods", against.display()),
    }
}

/// Builds what lies at a path, and tries it.
fn tried(path: &Path, against: &Path, screen: &Screen) -> Result<Trial> {
    let reader = Reader::open(against)?;
    if !catalog::is_mod(path) {
        let (config, mods) = sources::take(path, against, &[], screen)?;
        return Ok(trial::attempt(&reader, config, mods)?);
    }
    let (_, saved) = reader.world()?;
    let built = sources::watch(screen, |progress| catalog::build_one(path, progress))?;
    let nothing = WorldConfig { mods: Default::default(), ..saved };
    Ok(trial::attempt_one(&reader, built.read(Path::new("."), &nothing)?)?)
}
