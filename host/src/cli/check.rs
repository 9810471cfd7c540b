//! `sandtable check`: what other mods would mean for a save, without running
//! anything of it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sandtable::catalog::{self, ModSource};
use sandtable::config::WorldConfig;
use sandtable::pack;
use sandtable::persist::{Reader, StoredMod};
use sandtable::plan::{Plan, Saved};
use sandtable::swap::Compiler;
use serde_json::json;

use super::screen::{Screen, Show, answer};
use super::sources;

/// Say what other mods would mean for a save, before anything runs
///
/// Exits with 1 when the save cannot follow them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable check islands --against islands.db
  sandtable check islands/mods/weather --against islands.db --json")]
pub struct Arguments {
    /// A world or a .pack, or one mod: a cargo package's folder or a .wasm
    /// component
    path: PathBuf,
    /// The save
    #[arg(long)]
    against: PathBuf,
    /// Print the plan as one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the plan.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(if arguments.json { Show::Lines } else { Show::All });
    let reader = Reader::open(&arguments.against)?;
    let (world, saved) = reader.world()?;
    let Given { config, mods, whole } = given(&arguments, saved, &screen)?;
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
        bail!("{} cannot follow these mods", arguments.against.display());
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
fn given(arguments: &Arguments, saved: WorldConfig, screen: &Screen) -> Result<Given> {
    let Arguments { path, against, .. } = arguments;
    if !super::build::is_mod(path) {
        let (config, mods) = sources::take(path, against, &[], screen)?;
        return Ok(Given { config, mods, whole: true });
    }
    let built = sources::watch(screen, |progress| catalog::build_one(path, progress))?;
    let nothing = WorldConfig { mods: Default::default(), ..saved.clone() };
    let source = built.read(Path::new("."), &nothing)?;
    Ok(Given { config: saved, mods: vec![source], whole: false })
}
