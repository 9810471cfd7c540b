//! `sandtable check`: whether a save is whole; or what other mods would mean for
//! it, without running anything of it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sandtable::catalog::{self, ModSource};
use sandtable::config::WorldConfig;
use sandtable::pack::{self, Pack};
use sandtable::persist::{self, Checked, Reader, StoredMod};
use sandtable::plan::{Plan, Saved};
use sandtable::swap::Compiler;
use serde_json::json;

use super::screen::{Screen, Show, answer};
use super::sources;
use super::text::{count, counted, one_line, shell};

/// Look for damage in a save; or say what other mods would mean for it
///
/// Given a save, looks at all of it, also while its world runs, and exits with 1
/// when something is wrong with it. Given mods, says what would change if it ran
/// with them, and exits with 1 when the save cannot follow them.
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
    if save.is_dir() || super::build::is_mod(save) || Pack::is_named(save) {
        bail!("{} is no save: say with `--against` which save is to follow it", save.display());
    }
    let Checked { tick, findings, looked_at } = persist::check(save)?;
    if json {
        let looked_at: serde_json::Map<_, _> =
            looked_at.iter().map(|(what, number)| ((*what).to_owned(), json!(number))).collect();
        let findings: Vec<String> = findings.iter().map(|it| one_line(it)).collect();
        let all = json!({"tick": tick, "findings": findings, "looked_at": looked_at});
        answer(&all.to_string())?;
    } else {
        findings.iter().try_for_each(|finding| answer(&one_line(finding)))?;
    }
    match findings.len() as u64 {
        0 if json => Ok(()),
        0 => {
            let all: Vec<String> = looked_at
                .iter()
                .map(|(what, number)| format!("{} {what}", count(*number)))
                .collect();
            let (save, tick) = (save.display(), count(tick));
            Ok(answer(&format!("{save} is sound at tick {tick}: {}", all.join(", ")))?)
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
    let reader = Reader::open(against)?;
    let (world, saved) = reader.world()?;
    let Given { config, mods, whole } = given(arguments, against, saved, &screen)?;
    let before = reader.mods(&pack::contents(&mods))?;
    let removed = config.removed.clone();
    let compiler = Compiler::new(config, 1)?;
    let compiled = compiler.compile(mods)?;
    let mut now: Vec<StoredMod> = compiled
        .iter()
        .map(|mod_| StoredMod { id: mod_.declared_id().to_owned(), ..mod_.stored() })
        .collect();
    if !whole {
        let others = before.iter().filter(|old| now.iter().all(|new| new.id != old.id));
        let others: Vec<StoredMod> = others.cloned().collect();
        now.extend(others);
    }
    now.sort_by(|one, two| one.id.cmp(&two.id));
    let (behind, inputs, ran) = (reader.behind()?, reader.waiting()?, reader.migrations()?);
    let saved = Saved {
        world: &world,
        mods: &before,
        behind: &behind,
        inputs: &inputs,
        ran: &ran,
        removed: &removed,
    };
    let (plan, _) = Plan::between(&saved, &now)?;
    if arguments.json {
        answer(&json!({"compatible": plan.is_compatible(), "mods": plan.mods}).to_string())?;
    } else {
        answer(&plan.to_string())?;
    }
    if !plan.is_compatible() {
        bail!("{} cannot follow these mods", against.display());
    }
    Ok(())
}

/// Mods from outside of a save.
struct Given {
    config: WorldConfig,
    mods: Vec<ModSource>,
    /// Whether those are all of a world, or one among others.
    whole: bool,
}

/// Builds and reads what lies at a path.
fn given(
    arguments: &Arguments,
    against: &Path,
    saved: WorldConfig,
    screen: &Screen,
) -> Result<Given> {
    let path = &arguments.path;
    if !super::build::is_mod(path) {
        let (config, mods) = sources::take(path, against, &[], screen)?;
        return Ok(Given { config, mods, whole: true });
    }
    let built = sources::watch(screen, |progress| catalog::build_one(path, progress))?;
    let nothing = WorldConfig { mods: Default::default(), ..saved.clone() };
    let source = built.read(Path::new("."), &nothing)?;
    Ok(Given { config: saved, mods: vec![source], whole: false })
}
