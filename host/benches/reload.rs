//! From the event that a component's file has changed to the first tick on the
//! new code, the state kept.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use sandtable::catalog::{self, ModSource, Watch};
use sandtable::compile::Compiler;
use sandtable::config::WorldConfig;
use sandtable::{Options, Simulation};

use crate::compare::Table;
use crate::mods;

/// Entities whose state is kept.
const ROWS: usize = 10_000;

/// A running world whose one mod is watched, as `sandtable dev` does it.
struct Dev {
    folder: tempfile::TempDir,
    config: WorldConfig,
    watch: Watch,
    compiler: Compiler,
    world: Simulation,
}

impl Dev {
    fn new(source: ModSource) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("jolt.wasm");
        std::fs::write(&file, &source.component).expect("a file");
        let mut config = mods::config(std::slice::from_ref(&source));
        if let Some(settings) = config.mods.get_mut("jolt") {
            settings.path = "jolt.wasm".into();
        }
        let save = folder.path().join("bench.db");
        let options = Options { threads: 1, ..mods::options(1) };
        let mut world = Simulation::create(Some(&save), config.clone(), vec![source], options)
            .expect("the world starts");
        world.tick().expect("a tick");
        let watch = Watch::new(folder.path(), &config).expect("a watch");
        Self { compiler: world.compiler(), folder, config, watch, world }
    }

    /// Puts another component in the file's place, and says how long it took
    /// from the event to the end of the first tick that it ran in.
    fn reload(&mut self, component: &[u8]) -> Duration {
        let file = self.folder.path().join("jolt.wasm");
        replace(&file, component);
        let changed = loop {
            if let Some(changed) = self.watch.next(Duration::from_secs(10)) {
                break changed;
            }
        };
        let sources = catalog::build_mods(self.folder.path(), &self.config, &mut |_| {});
        let compiled = self.compiler.compile(sources.expect("sources")).expect("compiled");
        self.compiler.remember(&compiled);
        self.world.swap_compiled(compiled).expect("swapped");
        let record = self.world.tick().expect("a tick");
        let took = changed.at.elapsed();
        assert!(record.runs.iter().all(|run| run.fault.is_none()), "it runs");
        took
    }
}

/// As cargo does it: the new file appears whole.
fn replace(file: &Path, bytes: &[u8]) {
    let draft = file.with_extension("new");
    std::fs::write(&draft, bytes).expect("a file");
    std::fs::rename(&draft, file).expect("renamed");
}

/// The guest after an edit of one line, `velocity.y -= 0.25`, which now takes another
/// number.
fn edited(component: &[u8], number: u32) -> Vec<u8> {
    const F32_CONST: u8 = 0x43;
    let line = |number: f32| {
        let mut code = vec![F32_CONST];
        code.extend(number.to_le_bytes());
        code
    };
    let (old, new) = (line(-0.25), line(-0.25 - (number % 1_000_000) as f32 / 1e6));
    let mut places = component.windows(old.len()).enumerate().filter(|(_, it)| *it == old);
    let (place, _) = places.next().expect("the line");
    assert!(places.next().is_none(), "it is in one place");
    let mut bytes = component.to_vec();
    bytes[place..place + new.len()].copy_from_slice(&new);
    bytes
}

/// Row 17: a component of which one line was edited, and one that was compiled before.
pub fn hot_reload(table: &mut Table) {
    if !table.wants("hot_reload") {
        return;
    }
    let source = mods::guest("jolt", ROWS);
    let component = source.component.clone();
    println!("hot_reload: a component of {} KiB, {ROWS} rows", component.len() / 1024);
    let mut dev = RefCell::new(Dev::new(source));
    // Not those of the last time that this was measured.
    let mut fresh = UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_micros());
    let variants = [edited(&component, 1), edited(&component, 2)];
    for variant in &variants {
        dev.get_mut().reload(variant);
    }
    let mut turn = 0;
    table.compare(
        "hot_reload",
        [
            (
                "edited component",
                Box::new(|| {
                    fresh += 1;
                    dev.borrow_mut().reload(&edited(&component, fresh))
                }),
            ),
            (
                "from the compile cache",
                Box::new(|| {
                    turn += 1;
                    dev.borrow_mut().reload(&variants[turn % 2])
                }),
            ),
        ],
    );
}
