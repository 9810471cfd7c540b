//! `sandtable kinds`: what kinds of values there are, also as Rust for other mods.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::types::Value;
use sandtable::WorldConfig;
use sandtable::catalog;
use sandtable::compile::Compiler;
use sandtable::ecs::{Kind, Registry, Storage};
use sandtable::foreign;
use sandtable::names::is_pack;
use sandtable::pack::{Keys, Pack};
use sandtable::save::{Reader, Table};

use super::screen::{Screen, Show, answer};
use super::sources;
use super::table::{self, Format};

/// See the kinds of a world or a save: components, events, inputs, relations
///
/// With --rust it prints declarations instead, for the source of a mod that is
/// to use kinds of another.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable kinds earth.db
  sandtable kinds examples/earth --rust geography
  sandtable kinds mods/geography --rust geography/Nation geography/Border")]
pub struct Arguments {
    /// A save, a world, a .pack, or a mod: a cargo package's folder or a .wasm
    /// component
    path: PathBuf,
    /// Print how a mod in Rust declares the kinds of this mod, or this kind
    #[arg(long, value_name = "MOD[/KIND]", num_args = 1..)]
    rust: Vec<String>,
    /// How they are written
    #[arg(long, value_enum, default_value_t, conflicts_with = "rust")]
    format: Format,
}

/// Prints them.
pub fn run(arguments: Arguments) -> Result<()> {
    let registry = registry(&arguments.path)?;
    let text = match arguments.rust.as_slice() {
        [] => table::write(&listed(&registry), arguments.format),
        wanted => foreign::declarations(&registry, wanted)?.trim_end().to_owned(),
    };
    Ok(answer(&text)?)
}

/// The kinds of what lies at a path.
fn registry(path: &Path) -> Result<Registry> {
    let screen = Screen::open(Show::Lines);
    let (config, mods) = if catalog::is_mod(path) {
        let built = sources::watch(&screen, |progress| catalog::build_one(path, progress))?;
        let config = WorldConfig::of("kinds");
        let source = built.read(Path::new("."), &config)?;
        (config, vec![source])
    } else if path.is_dir() || is_toml(path) {
        let world = catalog::load(path)?;
        let mods = sources::build(&world, &screen)?;
        (world.config, mods)
    } else if is_pack(path) {
        let Pack { config, mods, .. } = Pack::read(path, &Keys::default())?;
        (config, mods)
    } else {
        return Ok(Reader::open(path)?.kinds()?);
    };
    let compiled = Compiler::new(config, 1)?.compile(mods)?;
    Ok(foreign::registry(&compiled)?)
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

fn listed(registry: &Registry) -> Table {
    const COLUMNS: [&str; 6] = ["kind", "role", "mod", "storage", "bytes", "fields"];
    let row = |kind: &Kind| {
        let owner = kind.name.split_once('/').map_or("", |(owner, _)| owner);
        let (storage, bytes) = match kind.storage {
            Storage::Packed => ("packed", Value::Integer(i64::try_from(kind.size).unwrap_or(0))),
            Storage::Dynamic => ("dynamic", Value::Null),
        };
        let fields = kind.fields.iter().map(|field| format!("{}: {}", field.name, field.ty));
        vec![
            Value::Text(kind.name.clone()),
            Value::Text(kind.role.name().to_owned()),
            Value::Text(owner.to_owned()),
            Value::Text(storage.to_owned()),
            bytes,
            Value::Text(fields.collect::<Vec<_>>().join(", ")),
        ]
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let rows = registry.iter().map(|(_, kind)| row(kind)).collect();
    Table { columns, rows }
}
