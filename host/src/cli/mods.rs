//! Building mods while somebody watches.

use anyhow::Result;
use sandtable::catalog::{self, ModSource, Progress, WorldFile};

use super::screen::Screen;

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
    let done = work(&mut |progress| match progress {
        Progress::AddingTarget => screen.insist(&format!(
            "adding the Rust target {} through rustup: mods are compiled for it",
            catalog::TARGET
        )),
        Progress::Status(line) if screen.is_live() => spinner.set_message(line.trim().to_owned()),
        // When all that cargo has to say is that it had nothing to do.
        Progress::Status(line) if line.trim_start().starts_with("Finished") => {}
        Progress::Status(line) => screen.say(line),
        Progress::Diagnostic(text) => screen.insist(text),
        _ => {}
    });
    spinner.finish_and_clear();
    Ok(done?)
}
