//! `sandtable pack`: a world in one file, to be passed on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sandtable::catalog;
use sandtable::names::{PACK_EXTENSION, is_pack};
use sandtable::pack;
use sandtable::{Options, Simulation};

use super::screen::{Screen, Show, answer};
use super::sources;
use super::text;

/// Put a world with its mods into one file
///
/// The same world gives the same bytes, wherever it is packed. Signatures are
/// those of minisign; SANDTABLE_KEY_PASSWORD may hold the key's password.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable pack examples/earth -o earth.pack
  sandtable pack examples/earth -o earth.pack --sign ~/.minisign/minisign.key
  sandtable run earth.pack --save new.db")]
pub struct Arguments {
    /// A world.toml, or the folder that holds one
    world: PathBuf,
    /// The pack to write; what is there is replaced
    #[arg(long, short)]
    output: PathBuf,
    /// Sign it with this secret key of minisign, into a .minisig beside it
    #[arg(long, value_name = "KEY FILE")]
    sign: Option<PathBuf>,
}

/// Packs the world.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { world, output, sign } = arguments;
    if !is_pack(&output) {
        bail!("{} should end in `.{}`: rename it", output.display(), PACK_EXTENSION);
    }
    let screen = Screen::open(Show::All);
    let world = catalog::load(&world)?;
    let mods = sources::build(&world, &screen)?;
    let bytes = pack::write(&world.config, &mods)?;
    let count = mods.len() as u64;
    // A pack that does not start is of no use.
    Simulation::create(None, world.config, mods, Options::default())?;
    let signature = sign.map(|key| signature(&output, &bytes, &key)).transpose()?;
    replace(&output, &bytes)?;
    if let Some(signature) = signature {
        replace(&pack::signature_file(&output), signature.as_bytes())?;
    }
    let (size, digest) = (text::bytes(bytes.len() as u64), blake3::hash(&bytes).to_hex());
    let mods = text::counted(count, "mod");
    Ok(answer(&format!("{}: {mods}, {size}, blake3 {digest}", output.display()))?)
}

fn signature(pack: &Path, bytes: &[u8], key: &Path) -> Result<String> {
    let name = pack.file_name().unwrap_or_default().to_string_lossy();
    Ok(pack::sign(&name, bytes, key, || env::var("SANDTABLE_KEY_PASSWORD").ok())?)
}

/// Writes a file that appears under its name only once it is whole.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}
