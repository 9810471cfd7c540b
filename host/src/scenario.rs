//! Scenarios: what is given, what happens, and what must be so, run against the
//! real component of a mod.
//!
//! Scenarios are `.toml` files in a folder `scenarios` beside the `Cargo.toml` of
//! a mod or the `world.toml` of a world; those of `some.wasm` are in
//! `some.scenarios`. Each runs in memory, in a world that has only what it gives.
//! The mods that take part are granted what their manifests ask for, and need
//! not have those beside them that they build on: what these would have put
//! into the world can be given instead.
//!
//! ```toml
//! [[scenario]]
//! name = "a gust pushes a walker"
//!
//! [scenario.given.ada]
//! "islands/Position" = { x = 0.0, y = 0.0 }
//! "islands/Velocity" = { x = 1.0, y = 0.0 }
//!
//! [[scenario.input]]
//! tick = 1
//! kind = "islands/Gust"
//! value = { x = 0.0, y = 2.0 }
//!
//! [[scenario.expect]]
//! after = 3
//! sql = "SELECT name, x, y FROM islands_velocity JOIN given USING (entity)"
//! rows = [["ada", 1.0, 2.0]]
//! ```
//!
//! | key of a scenario | says |
//! |---|---|
//! | `name` | what it is about |
//! | `after` | ticks to run; without, as many as the last expectation needs |
//! | `seed`, `dt_seconds` | as in a world file |
//! | `startup` | `false`: startup systems count as having run, so that there is only what is given |
//! | `given.<name>` | an entity: its components by kind |
//! | `resources`, `relations`, `tables.<table>` | resources by kind; edges with `kind`, `from`, `to`, `value`; rows with their values by column |
//! | `input` | `tick`, `kind` and `value` of what comes from outside |
//! | `expect` | `after`, `sql`, and `rows`, `one` value or a `golden` file; `tolerance` |
//! | `expect_fault` | a text that every fault has in it; without, there must be none |
//!
//! Values are written in the JSON form of [`to_json`](crate::ecs::to_json), and
//! `inf` and `nan` as TOML has them. `{ entity = "ada" }` stands for a given entity
//! wherever a value can be, whether a column has it as a number or a payload as a
//! text. In SQL the table `given` has their names; else it answers as for a save,
//! events and runs included.
//!
//! A golden file has the answer to `sql`, or without it all that mods keep. It is
//! `golden/<name>.txt` in the folder of the scenario's file: for a mod or a world
//! `scenarios/golden/<name>.txt`, for `some.wasm`
//! `some.scenarios/golden/<name>.txt`. `sandtable test --bless` writes it.
//!
//! Every scenario runs four times: as it is, on several threads, with smaller
//! shards, and with rows that no ORDER BY sorts the other way round. Where a
//! tick ends otherwise, the mod is not deterministic, and the scenario fails.
//!
//! Before `[[scenario]]` a file may have `mods`, a list of what takes part: in the
//! scenarios of a mod paths of further ones, in those of a world some of its ids;
//! and `grants.<id>` for mods that have no manifest.

mod answer;
mod cell;
mod file;
mod given;
mod run;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::catalog::{self, Asks, Mistake, ModSource, Progress, WorldFile};
use crate::compile::{Compiled, Compiler};
use crate::config::{ModSettings, WorldConfig};
use crate::error;

pub use answer::{Line, Side};
use file::{Scenario, ScenarioFile, under};
use run::{ScenarioResult, Setup, THREADS, Unmet};

/// Why scenarios could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are none.
    #[error(
        "{} has no scenarios: write some into a `.toml` file in that folder, or give the path of \
         another mod or world",
        .0.display()
    )]
    Nothing(PathBuf),
    /// A file, or a mod that it names, is not what it should be.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// A mod cannot be loaded.
    #[error(transparent)]
    Simulation(#[from] error::Error),
}

/// Every scenario of a mod or of a world.
pub struct Suite {
    /// The folder to which the paths of mods are relative.
    folder: PathBuf,
    /// Every mod that may take part.
    config: WorldConfig,
    /// The mod that the scenarios are of; none for a world.
    tested: Option<String>,
    files: Vec<ScenarioFile>,
}

/// Which scenarios are run, and how.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only those with this text in their name or in that of their file.
    pub filter: String,
    /// Whether golden files are written instead of compared with.
    pub bless: bool,
}

/// What came of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file it is in.
    pub file: PathBuf,
    /// What it is called.
    pub name: String,
    /// How many ticks were run.
    pub ticks: u64,
    /// How long all runs of it took.
    #[serde(skip)]
    pub time: Duration,
    /// What was not as it must be; nothing when it passed.
    pub failures: Vec<Failure>,
    /// Golden files that were written.
    pub blessed: Vec<PathBuf>,
}

/// Something that was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The line of the file that says how it must be, from one.
    pub line: usize,
    /// The column, from one.
    pub column: usize,
    /// What was wrong.
    pub what: String,
    /// What was expected and what was found.
    pub lines: Vec<Line>,
}

impl Suite {
    /// The scenarios of a mod: a cargo package's folder, or a `.wasm` file.
    ///
    /// # Errors
    ///
    /// That there are no scenarios, or that a file of them, or a mod that it names, is
    /// not what it should be.
    pub fn of_mod(path: &Path) -> Result<Self, Error> {
        let is_wasm = path.extension().is_some_and(|extension| extension == "wasm");
        let folder =
            if is_wasm { path.with_extension("scenarios") } else { path.join("scenarios") };
        let mut files = load(&folder)?;
        let mut config = WorldConfig::of("scenarios");
        let tested = add(&mut config, path)
            .map_err(|what| catalog::Error::Mod { id: path.display().to_string(), what })?;
        for file in &mut files {
            for at in 0..file.mods.len() {
                let path = folder.join(&file.mods[at]);
                file.mods[at] = add(&mut config, &path).map_err(|what| {
                    let key = vec!["mods".to_owned(), at.to_string()];
                    file.error(&Mistake { key, what })
                })?;
            }
        }
        Ok(Self { folder: PathBuf::new(), config, tested: Some(tested), files })
    }

    /// The scenarios of a world, which is a world file or its folder, and those of
    /// each of its mods. Not all of them have some, but one must.
    ///
    /// # Errors
    ///
    /// As [`Suite::of_mod`], of the world and of each of its mods.
    pub fn all_of_world(path: &Path) -> Result<Vec<Self>, Error> {
        let world = catalog::load(path)?;
        let mods: Vec<PathBuf> =
            world.config.mods.values().map(|settings| world.folder.join(&settings.path)).collect();
        let mut suites = Vec::new();
        let mut nothing = None;
        let of_mods = mods.iter().map(|path| Self::of_mod(path));
        for suite in std::iter::once_with(|| Self::of_world(world)).chain(of_mods) {
            match suite {
                Err(Error::Nothing(folder)) => drop(nothing.get_or_insert(folder)),
                suite => suites.push(suite?),
            }
        }
        match nothing {
            Some(folder) if suites.is_empty() => Err(Error::Nothing(folder)),
            _ => Ok(suites),
        }
    }

    /// The scenarios of a world without those of its mods.
    fn of_world(world: WorldFile) -> Result<Self, Error> {
        let files = load(&world.folder.join("scenarios"))?;
        for file in &files {
            let unknown = |(_, id): &(usize, &String)| !world.config.mods.contains_key(*id);
            if let Some((at, id)) = file.mods.iter().enumerate().find(unknown) {
                let known = world.config.mods.keys().map(|id| format!("`{id}`"));
                let known: Vec<String> = known.collect();
                let what = format!("is `{id}`, and the world has {}", known.join(", "));
                let key = vec!["mods".to_owned(), at.to_string()];
                return Err(file.error(&Mistake { key, what }).into());
            }
        }
        Ok(Self { folder: world.folder, config: world.config, tested: None, files })
    }

    /// Builds and reads every mod that may take part.
    ///
    /// # Errors
    ///
    /// As [`catalog::build_mods`].
    pub fn build(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<ModSource>, catalog::Error> {
        catalog::build_mods(&self.folder, &self.config, progress)
    }

    /// Runs scenarios with these mods, and calls `each` with its report when it is done.
    ///
    /// # Errors
    ///
    /// That a mod cannot be loaded. A scenario that fails is no error: its report has
    /// the failures.
    pub fn run(
        &self,
        mods: Vec<ModSource>,
        choice: &Choice,
        each: &mut dyn FnMut(&Report),
    ) -> Result<Vec<Report>, Error> {
        let compiler = Compiler::new(self.config.clone(), THREADS)?;
        let mods: BTreeMap<String, Compiled> = compiler
            .compile(mods)?
            .into_iter()
            .map(|mut compiled| (compiled.source_mut().id.clone(), compiled))
            .collect();
        let mut reports = Vec::new();
        for file in &self.files {
            let (config, mods) = self.cast(file, &mods);
            for (at, scenario) in file.scenarios.iter().enumerate() {
                let path = file.file.display().to_string();
                if !scenario.name.contains(&choice.filter) && !path.contains(&choice.filter) {
                    continue;
                }
                let mut config = config.clone();
                config.world.seed = scenario.seed.unwrap_or(config.world.seed);
                config.world.dt_seconds = scenario.dt_seconds.unwrap_or(config.world.dt_seconds);
                let golden = file.file.with_file_name("golden");
                let (compiler, mods, bless) = (&compiler, mods.clone(), choice.bless);
                let setup = Setup { compiler, config, mods, scenario, golden, bless };
                let started = Instant::now();
                let result = setup.run();
                let report = report(file, at, scenario, result, started.elapsed());
                each(&report);
                reports.push(report);
            }
        }
        Ok(reports)
    }

    /// The mods that take part in the scenarios of a file, and on which terms.
    fn cast(
        &self,
        file: &ScenarioFile,
        all: &BTreeMap<String, Compiled>,
    ) -> (WorldConfig, Vec<Compiled>) {
        let whole_world = self.tested.is_none() && file.mods.is_empty();
        let takes_part = |key: &String| {
            whole_world || self.tested.as_ref() == Some(key) || file.mods.contains(key)
        };
        let mut config = self.config.clone();
        config.mods.clear();
        let mut mods = Vec::new();
        for (key, compiled) in all.iter().filter(|(key, _)| takes_part(key)) {
            let mut compiled = compiled.clone();
            let mut settings = self.config.mods.get(key).cloned().unwrap_or_default();
            let own_id = compiled.declared_id().to_owned();
            let source = compiled.source_mut();
            if self.tested.is_some() {
                source.id = own_id;
                if let Some(manifest) = &source.manifest {
                    settings.grants = manifest.asks.clone();
                    settings.limits = manifest.limits.clone();
                }
            }
            if let Some(Asks { read, write }) = file.grants.get(&source.id).cloned() {
                settings.grants.read.extend(read);
                settings.grants.write.extend(write);
            }
            config.mods.insert(source.id.clone(), settings);
            mods.push(compiled);
        }
        // What a mod that is absent would have made can be given instead.
        for compiled in &mut mods {
            if let Some(manifest) = &mut compiled.source_mut().manifest {
                manifest.dependencies.retain(|id, _| config.mods.contains_key(id));
            }
        }
        (config, mods)
    }
}

/// Adds a mod to those that are built, and gives the key that it has there, or
/// what is wrong with its path.
fn add(config: &mut WorldConfig, path: &Path) -> Result<String, String> {
    let full = path.canonicalize().map_err(|_| {
        format!(
            "leads to {}, which is not there: give a cargo package's folder or a .wasm file, \
             relative to this file",
            path.display()
        )
    })?;
    let key = full.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let settings = ModSettings { path: full.clone(), ..ModSettings::default() };
    match config.mods.insert(key.clone(), settings) {
        Some(other) if other.path != full => Err(format!(
            "leads to {}, and another mod is in {}: rename one of the two",
            full.display(),
            other.path.display()
        )),
        _ => Ok(key),
    }
}

fn load(folder: &Path) -> Result<Vec<ScenarioFile>, Error> {
    let nothing = || Error::Nothing(folder.to_path_buf());
    if !folder.is_dir() {
        return Err(nothing());
    }
    let files = file::load_all(folder)?;
    if files.is_empty() { Err(nothing()) } else { Ok(files) }
}

fn report(
    file: &ScenarioFile,
    at: usize,
    scenario: &Scenario,
    result: ScenarioResult,
    time: Duration,
) -> Report {
    let failure = |Unmet { key, what, lines }: Unmet| {
        let keys = ["scenario", &at.to_string()];
        let wrong = under(keys, Mistake { key, what });
        let (line, column) = file.place(&wrong.key);
        Failure { line, column, what: wrong.what, lines }
    };
    Report {
        file: file.file.clone(),
        name: scenario.name.clone(),
        ticks: scenario.ticks(),
        time,
        failures: result.failures.into_iter().map(failure).collect(),
        blessed: result.blessed,
    }
}
