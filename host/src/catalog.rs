//! Which mods take part in a world, from `world.toml` to bytes.
//!
//! Reads and checks a world file ([`load`], [`check`]), builds its mods to
//! components ([`build_mods`]), gathers the files they ship with and reads what
//! they say of themselves ([`Manifest`]); says whether they go together
//! ([`resolve()`]). Every error is one sentence that names the file, the key and
//! the remedy.
//!
//! Deliberately absent: wasmtime. `compile` finds out whether a component fits this
//! host, and what it declares.

mod assets;
mod build;
mod cargo;
pub(crate) mod component;
mod core_module;
mod error;
pub(crate) mod manifest;
mod mod_source;
mod place;
mod resolve;
pub(crate) mod text;
pub(crate) mod toml_text;
mod watch;
mod world_file;

use std::path::Path;

pub use assets::{ASSETS_MAX_BYTES, ASSETS_MAX_FILES};
pub use build::{BuiltMod, build, build_one, is_mod};
pub use cargo::{Progress, RUSTFLAGS, TARGET};
pub use component::COMPONENT_MAX_BYTES;
pub use error::Error;
pub use manifest::MANIFEST_FILE;
pub use mod_source::ModSource;
pub use resolve::{Offered, Unresolved, resolve};
pub use toml_text::Mistake;
pub use watch::{Changed, Watch};
pub use world_file::{SHARD_ROWS_MAX, WorldFile, check, load, world_file};

use crate::config::WorldConfig;
pub use crate::grants::{Asks, Pattern};
pub use crate::manifest::{Dependency, Manifest};
pub use crate::names::{WORLD_FILE, is_mod_id};

/// Builds the mods of a world whose file lies in `folder`, and reads them,
/// ordered by id. Packages of one cargo workspace are built in one go.
///
/// # Errors
///
/// That a mod is not there, could not be built, or cannot be read.
pub fn build_mods(
    folder: &Path,
    config: &WorldConfig,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<ModSource>, Error> {
    let built = build(folder, config, progress)?;
    built.iter().map(|built| built.read(folder, config)).collect()
}
