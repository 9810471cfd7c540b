//! Builds the guests, makes worlds of them, and runs them.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sandtable::catalog::ModSource;
use sandtable::config::WorldConfig;
use sandtable::ecs::{Entity, World, to_json};
use sandtable::record::{TickRecord, hex};
use sandtable::{Options, Simulation};
use serde_json::Value as Json;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// Every guest, by name.
fn guests() -> &'static BTreeMap<String, Vec<u8>> {
    static GUESTS: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    GUESTS.get_or_init(build_guests)
}

fn build_guests() -> BTreeMap<String, Vec<u8>> {
    let files = build(
        Command::new(cargo())
            .args(["build", "--release", "--target", "wasm32-wasip2", "--examples"])
            .args(["--package", "sandtable-test-guests"])
            .args(["--config", "target.wasm32-wasip2.rustflags=[\"-Ctarget-feature=+simd128\"]"])
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS"),
    );
    let components = files.into_iter().filter(|(_, file)| file.ends_with(".wasm"));
    components.map(|(name, wasm)| (name, std::fs::read(wasm).unwrap())).collect()
}

/// The extension for other programs' SQLite.
pub fn extension() -> &'static Path {
    static EXTENSION: OnceLock<PathBuf> = OnceLock::new();
    EXTENSION.get_or_init(|| {
        let profile = Path::new(env!("CARGO_BIN_EXE_sandtable")).parent().unwrap();
        let mut command = Command::new(cargo());
        command.arg("build");
        // The example is built so that dependencies have the features that they
        // have for tests: nothing but the extension itself is compiled then.
        for package in ["sandtable-sqlite", "sandtable-cli", "sandtable", "sandtable-sdk"] {
            command.args(["--package", package]);
        }
        command
            .args(["--lib", "--example", "embed", "--target-dir"])
            .arg(profile.parent().unwrap());
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        let files = build(&mut command);
        let is_it = |file: &String| file.ends_with(std::env::consts::DLL_SUFFIX);
        let file = files.into_iter().find(|(name, file)| name == "sandtable_sqlite" && is_it(file));
        file.expect("cargo makes a library").1.into()
    })
}

/// The cargo that builds these tests.
pub fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Builds with cargo; returns every file made, with the name of its target.
pub fn build(command: &mut Command) -> Vec<(String, String)> {
    let command = command.current_dir(root()).arg("--message-format=json-render-diagnostics");
    // What cargo tells tests of themselves is news to build scripts that ask for it, and
    // all that lies on theirs would be compiled anew.
    let of_tests = |name: &str| {
        name.starts_with("CARGO_PKG_") || name.contains("MANIFEST") || name == "OUT_DIR"
    };
    for (name, _) in std::env::vars().filter(|(name, _)| of_tests(name)) {
        command.env_remove(name);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().expect("cargo runs");
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let files = lines.flat_map(|line| {
        let message: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let name = message["target"]["name"].as_str().unwrap_or_default().to_owned();
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        let files: Vec<_> =
            files.iter().filter_map(|file| file.as_str().map(str::to_owned)).collect();
        files.into_iter().map(move |file| (name.clone(), file))
    });
    let files = files.collect();
    let built = child.wait().unwrap().success();
    assert!(built, "{command:?} succeeds; for guests, is the target wasm32-wasip2 installed?");
    files
}

/// A guest's component.
pub fn component(name: &str) -> Vec<u8> {
    guests().get(name).unwrap_or_else(|| panic!("there is no guest `{name}`")).clone()
}

/// A component from its text, with the stamp of the interface.
pub fn stamped(text: &str) -> Vec<u8> {
    with_stamp(wat::parse_str(text).unwrap())
}

/// A component with the stamp of the interface after it.
pub fn with_stamp(mut bytes: Vec<u8>) -> Vec<u8> {
    let (name, stamp) = (sandtable::guest::INTERFACE_SECTION, sandtable::guest::INTERFACE_VERSION);
    bytes.extend([0, (1 + name.len() + stamp.len()) as u8, name.len() as u8]);
    bytes.extend(name.bytes().chain(stamp.bytes()));
    bytes
}

/// A component of two parts, each with a memory of its own: a text that one
/// gives the other is carried from memory to memory.
pub const TWO_MEMORIES: &str = r#"
    (component
      (component $taker
        (core module $m
          (memory (export "memory") 1)
          (func (export "take") (param i32 i32))
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16))
        (core instance $i (instantiate $m))
        (func (export "take") (param "text" string)
          (canon lift (core func $i "take")
            (memory $i "memory") (realloc (func $i "realloc")))))
      (component $giver
        (import "take" (func $take (param "text" string)))
        (core module $memory
          (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16))
        (core instance $memory (instantiate $memory))
        (core func $lowered (canon lower (func $take)
          (memory $memory "memory") (realloc (func $memory "realloc"))))
        (core module $m (import "" "take" (func (param i32 i32))))
        (core instance (instantiate $m
          (with "" (instance (export "take" (func $lowered)))))))
      (instance $taker (instantiate $taker))
      (instance (instantiate $giver (with "take" (func $taker "take")))))"#;

/// A mod made of a guest that calls itself by its file's name.
pub fn guest(name: &str) -> ModSource {
    ModSource {
        id: name.replace('_', ""),
        component: component(name),
        assets: BTreeMap::new(),
        manifest: None,
        source: name.to_owned(),
    }
}

/// A mod with one more asset.
pub fn with_asset(mut source: ModSource, name: &str, contents: &str) -> ModSource {
    source.assets.insert(name.to_owned(), contents.as_bytes().to_vec());
    source
}

/// Settings for a world of these mods, from the text of a world file.
pub fn config(text: &str, mods: &[ModSource]) -> WorldConfig {
    let mut config: WorldConfig = toml::from_str(text).expect("a world file");
    for source in mods {
        config.mods.entry(source.id.clone()).or_default();
    }
    config
}

/// The smallest world file.
pub const WORLD: &str = "[world]\nname = \"test\"\nseed = 7\n";

/// A world in memory, on so many threads.
pub fn world_of(text: &str, mods: Vec<ModSource>, threads: usize) -> Simulation {
    let config = config(text, &mods);
    Simulation::create(None, config, mods, quiet(threads)).expect("the world starts")
}

/// Options that drop log lines.
pub fn quiet(threads: usize) -> Options {
    Options { threads, log: std::sync::Arc::new(|_, _, _| {}), ..Options::default() }
}

/// Runs so many ticks and returns their records.
pub fn run(simulation: &mut Simulation, ticks: u64) -> Vec<TickRecord> {
    (0..ticks).map(|_| simulation.tick().expect("a tick")).collect()
}

/// The state hash in hexadecimal.
pub fn hash(simulation: &mut Simulation) -> String {
    hex(&simulation.hash())
}

/// Every entity that has a component, with its value.
pub fn values(world: &World, kind: &str) -> Vec<(Entity, Json)> {
    let id = world.registry.find(kind).unwrap_or_else(|| panic!("there is no kind `{kind}`"));
    let kind = world.registry.get(id);
    let mut values: Vec<(Entity, Json)> =
        world.values(id).map(|(entity, bytes)| (entity, to_json(kind, bytes))).collect();
    values.sort_by_key(|(entity, _)| *entity);
    values
}

/// A resource's value.
pub fn resource(world: &World, kind: &str) -> Json {
    let id = world.registry.find(kind).expect("the kind");
    to_json(world.registry.get(id), world.resources.get(&id).expect("the resource is set"))
}

/// The faults of a tick: system and text.
pub fn faults(record: &TickRecord) -> Vec<(String, String)> {
    let runs = record.runs.iter();
    runs.filter_map(|run| Some((run.system.clone(), run.fault.clone()?))).collect()
}

/// The program itself.
pub fn sandtable() -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_sandtable")));
    command.env("SANDTABLE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("home"));
    command
}

/// Writes a world of guests, as components beside its file, so that nothing has
/// to be built.
pub fn write_world(folder: &Path, text: &str, guests: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    let mut text = text.to_owned();
    for name in guests {
        std::fs::write(folder.join(format!("{name}.wasm")), component(name)).unwrap();
        let id = name.replace('_', "");
        text.push_str(&format!("[mods.{id}]\npath = \"{name}.wasm\"\n"));
    }
    std::fs::write(folder.join("world.toml"), text).unwrap();
}

/// What the program prints when it does as it is told.
pub fn told(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a world for so many ticks; returns what `--json` says.
pub fn ticks(world: Option<&Path>, save: &Path, ticks: u64) -> Json {
    let mut command = sandtable();
    command.arg("run").args(world).arg("--save").arg(save).args(["--quiet", "--json", "--ticks"]);
    let line = told(command.arg(ticks.to_string()));
    assert_eq!(line.trim_end().lines().count(), 1, "one line, not {line}");
    serde_json::from_str(&line).expect("JSON")
}

/// The names of what is in a folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The last tick in a save, as a reader beside the running writer sees it.
pub fn last_tick(save: &Path) -> u64 {
    let read = || -> rusqlite::Result<i64> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(save, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let last = "SELECT coalesce(max(tick), 0) FROM st_ticks";
        connection.query_row(last, [], |row| row.get::<_, i64>(0))
    };
    read().unwrap_or(0) as u64
}

/// Waits until something is so; fails when it takes too long.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !so() {
        assert!(started.elapsed().as_secs() < 60, "{what}: not within a minute");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
