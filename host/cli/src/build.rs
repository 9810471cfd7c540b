//! `sandtable build`: mods to components, without running anything.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sandtable::catalog::{self, BuiltMod, WORLD_FILE};

use super::screen::{Screen, Show, answer};
use super::sources;
use super::text;

/// Build a world's mods, or one mod, to components
///
/// `run` does so by itself.
#[derive(clap::Args)]
pub struct Arguments {
    /// A world's file or folder, or a mod's cargo package
    path: PathBuf,
}

/// Builds, and prints where the components are.
pub fn run(arguments: Arguments) -> Result<()> {
    let path = &arguments.path;
    let screen = Screen::open(Show::All);
    let built = if is_mod(path) {
        vec![sources::watch(&screen, |progress| catalog::build_one(path, progress))?]
    } else {
        let world = catalog::load(path)?;
        sources::watch(&screen, |progress| catalog::build(&world.folder, &world.config, progress))?
    };
    for BuiltMod { id, component, .. } in &built {
        let size = fs::metadata(component)
            .with_context(|| format!("{} cannot be read", component.display()))?
            .len();
        answer(&format!("{id}: {} ({})", component.display(), text::bytes(size)))?;
    }
    Ok(())
}

/// A folder with both a world and a package is a world.
pub fn is_mod(path: &Path) -> bool {
    let is_wasm = path.extension().is_some_and(|it| it == "wasm");
    is_wasm || (path.join("Cargo.toml").is_file() && !path.join(WORLD_FILE).exists())
}
