//! Building mods with progress on the screen, or taking them from a pack.

use std::path::Path;

use anyhow::Result;
use sandtable::WorldConfig;
use sandtable::catalog::{self, ModSource, Progress, WorldFile};
use sandtable::names::is_pack;
use sandtable::pack::Pack;

use super::screen::Screen;

/// The settings and mods of a world or a pack that is to run with a save.
pub fn take(
    path: &Path,
    save: &Path,
    trusted: &[String],
    screen: &Screen,
) -> Result<(WorldConfig, Vec<ModSource>)> {
    if is_pack(path) && !path.is_dir() {
        let Pack { config, mods, .. } = Pack::for_save(path, save, trusted)?;
        return Ok((config, mods));
    }
    let world = catalog::load(path)?;
    let mods = build(&world, screen)?;
    Ok((world.config, mods))
}

/// Builds and reads the mods of a world.
pub fn build(world: &WorldFile, screen: &Screen) -> Result<Vec<ModSource>> {
    watch(screen, |progress| catalog::build_mods(&world.folder, &world.config, progress))
}

/// Shows the progress of what builds mods.
pub fn watch<T>(
    screen: &Screen,
    work: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> Result<T, catalog::Error>,
) -> Result<T> {
    let spinner = screen.spinner("building mods");
    let mut built = String::new();
    let done = work(&mut |progress| match progress {
        Progress::Built { done, all } => {
            built = format!("{done} of {all} mods built · ");
            spinner.set_message(built.clone());
        }
        Progress::AddingTarget => screen.insist(&format!(
            "adding the Rust target {} through rustup: mods are compiled for it",
            catalog::TARGET
        )),
        Progress::Status(line) if screen.is_live() => {
            spinner.set_message(format!("{built}{}", line.trim()));
        }
        // When all that cargo has to say is that it had nothing to do.
        Progress::Status(line) if line.trim_start().starts_with("Finished") => {}
        Progress::Status(line) => screen.say(line),
        Progress::Diagnostic(text) => screen.insist(text),
        _ => {}
    });
    spinner.finish_and_clear();
    Ok(done?)
}
