//! Guests as mods, and worlds made of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use sandtable::catalog::{ModSource, RUSTFLAGS};
use sandtable::config::{ModSettings, WorldConfig};
use sandtable::{Options, Simulation};

fn guests() -> &'static Path {
    static BUILT: OnceLock<std::path::PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let target = root.join("target").join("guests");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(root)
            .args(["build", "--release", "--target", "wasm32-wasip2", "--examples", "--quiet"])
            .args(["--package", "sandtable-test-guests", "--target-dir"])
            .arg(&target)
            .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", RUSTFLAGS.join(" "))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "the guests build");
        target.join("wasm32-wasip2/release/examples")
    })
}

/// A mod made of a guest, which reads how many entities to spawn.
pub fn guest(name: &str, count: usize) -> ModSource {
    let path = guests().join(format!("{name}.wasm"));
    let component =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let assets = BTreeMap::from([("count".to_owned(), count.to_string().into_bytes())]);
    let (manifest, source) = (None, name.to_owned());
    ModSource { id: name.replace('_', ""), component, assets, manifest, source }
}

/// Settings as a world file without anything in it has them, but for the limits
/// that spawning a million entities in one call passes.
pub fn config(mods: &[ModSource]) -> WorldConfig {
    let mut config: WorldConfig = toml::from_str("[world]\nname = \"bench\"\n").expect("settings");
    config.limits.commands_max = 2_000_000;
    config.limits.outcome_max_bytes = 1 << 30;
    for source in mods {
        config.mods.insert(source.id.clone(), ModSettings::default());
    }
    config
}

/// So many threads, and whatever mods say on the screen.
pub fn options(threads: usize) -> Options {
    Options {
        threads,
        log: Arc::new(|_, _, line| eprintln!("{}", line.text)),
        ..Options::default()
    }
}

/// A world in memory after its first tick, in which it spawned.
pub fn world(mods: Vec<ModSource>, threads: usize) -> Simulation {
    let config = config(&mods);
    let mut world =
        Simulation::create(None, config, mods, options(threads)).expect("the world starts");
    let record = world.tick().expect("a tick");
    for run in record.runs {
        assert_eq!(run.fault, None, "{}", run.system);
    }
    world
}
