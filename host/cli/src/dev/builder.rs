//! Builds and compiles what has changed, beside the running world.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use sandtable::Simulation;
use sandtable::catalog::{self, Changed, ModSource, Progress, WORLD_FILE, Watch, WorldFile};
use sandtable::compile::{Compiled, Compiler};
use sandtable::config::{ModSettings, WorldConfig};
use sandtable::guest::panic_text;

use crate::screen::{Mark, Screen};
use crate::text;

/// How often it is looked whether the world has come to its end.
const LOOK: Duration = Duration::from_millis(100);

/// Mods that are ready to be swapped in.
pub struct Built {
    /// All mods of the world.
    pub mods: Vec<Compiled>,
    /// Ids of the mods that changed.
    pub changed: Vec<String>,
    /// The settings of the world.
    pub config: WorldConfig,
    /// How long cargo took.
    pub build: Duration,
    /// How long the component took.
    pub compile: Duration,
}

/// Builds what has changed.
pub struct Builder {
    world: WorldFile,
    watch: Watch,
    compiler: Compiler,
    /// The mods as they were built last, by id.
    sources: BTreeMap<String, ModSource>,
    /// Mods that are still to be compiled ahead.
    cold: Vec<ModSource>,
}

impl Builder {
    /// For a world that runs with the mods that were just built.
    pub fn new(world: WorldFile, watch: Watch, running: &Simulation) -> Result<Self> {
        let cold: Vec<ModSource> = running.mods().collect();
        let sources = cold.iter().map(|source| (source.id.clone(), source.clone())).collect();
        Ok(Self { world, watch, compiler: running.compiler(), sources, cold })
    }

    /// Works until it is told that the world is done.
    pub fn start<'scope, 'env>(
        mut self,
        scope: &'scope Scope<'scope, 'env>,
        screen: &'env Screen,
        ready: Sender<Built>,
        done: Arc<AtomicBool>,
    ) -> Result<()> {
        let work = move || {
            while !done.load(Ordering::Relaxed) {
                let Some(changed) = self.watch.next(LOOK) else {
                    if let Some(source) = self.cold.pop() {
                        self.compiler.warm(&source);
                    }
                    continue;
                };
                // The world runs on whatever becomes of a build, and the next change
                // is built anew: what a build leaves behind it sets at its end.
                let built = catch_unwind(AssertUnwindSafe(|| self.build(changed, screen)));
                let built = built.unwrap_or_else(|panic| {
                    Err(anyhow!(
                        "the build failed with a fault of sandtable: {}",
                        panic_text(&*panic)
                    ))
                });
                match built {
                    // Once the world is done the receiver is gone.
                    Ok(built) => drop(ready.send(built)),
                    Err(error) => screen.insist(&format!(
                        "{} {}\nthe old version runs on",
                        Mark::Error,
                        text::one_line(&format!("{error:#}"))
                    )),
                }
            }
        };
        let thread = thread::Builder::new().name("builder".to_owned());
        thread.spawn_scoped(scope, work).context("the thread that builds mods")?;
        Ok(())
    }

    fn build(&mut self, changed: Changed, screen: &Screen) -> Result<Built> {
        let mut changed = changed;
        if changed.world {
            let world = catalog::load(&self.world.folder)?;
            self.watch = Watch::new(&world.folder, &world.config)?;
            let before = &self.world.config.mods;
            let other =
                |(id, settings): &(&String, &ModSettings)| before.get(*id) != Some(*settings);
            changed.mods.extend(world.config.mods.iter().filter(other).map(|(id, _)| id.clone()));
            self.compiler = self.compiler.with(world.config.clone(), 0)?;
            self.world = world;
        }
        let mods = self.world.config.mods.iter();
        let is_due = |id: &String| changed.mods.contains(id) || !self.sources.contains_key(id);
        let mods = mods.filter(|(id, _)| is_due(id));
        let config = WorldConfig {
            mods: mods.map(|(id, settings)| (id.clone(), settings.clone())).collect(),
            ..self.world.config.clone()
        };
        let started = Instant::now();
        let sources = catalog::build_mods(&self.world.folder, &config, &mut |progress| {
            if let Progress::Diagnostic(text) = progress {
                screen.insist(text);
            }
        })?;
        let build = started.elapsed();
        let mut all = self.sources.clone();
        all.retain(|id, _| self.world.config.mods.contains_key(id));
        all.extend(sources.into_iter().map(|source| (source.id.clone(), source)));
        let compiled = self.compiler.compile(all.values().cloned().collect())?;
        let compile = started.elapsed() - build;
        self.compiler.remember(&compiled);
        self.sources = all;
        let world = changed.world.then(|| WORLD_FILE.to_owned());
        let changed = world.into_iter().chain(changed.mods).collect();
        let config = self.world.config.clone();
        Ok(Built { mods: compiled, changed, config, build, compile })
    }
}
