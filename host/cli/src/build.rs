//! `sandtable build`: mods to components, without running anything.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use sandtable::catalog::{self, BuiltMod};
use sandtable::compile::Compiler;
use sandtable::config::WorldConfig;

use super::screen::{Screen, Show, answer};
use super::sources;
use super::text;

/// Build a world's mods, or one mod, to components
///
/// `run` does so by itself.
#[derive(clap::Args)]
pub struct Arguments {
    /// A world's file or folder, or a mod's folder
    path: PathBuf,
}

/// Builds, and prints where the components are.
pub fn run(arguments: Arguments) -> Result<()> {
    let path = &arguments.path;
    let screen = Screen::open(Show::All);
    let (built, folder, config) = if catalog::is_mod(path) {
        let built = sources::watch(&screen, |progress| catalog::build_one(path, progress))?;
        (vec![built], PathBuf::from("."), WorldConfig::of("build"))
    } else {
        let world = catalog::load(path)?;
        let built = sources::watch(&screen, |progress| {
            catalog::build(&world.folder, &world.config, progress)
        })?;
        (built, world.folder, world.config)
    };
    // What no compiler has seen is read by its engine.
    let texts = built.iter().filter(|built| built.is_text);
    let texts = texts.map(|built| built.read(&folder, &config)).collect::<Result<Vec<_>, _>>()?;
    if !texts.is_empty() {
        Compiler::new(config, 1)?.compile(texts)?;
    }
    for BuiltMod { id, component, .. } in &built {
        let size = fs::metadata(component)
            .with_context(|| format!("{} cannot be read", component.display()))?
            .len();
        answer(&format!("{id}: {} ({})", component.display(), text::bytes(size)))?;
    }
    Ok(())
}
