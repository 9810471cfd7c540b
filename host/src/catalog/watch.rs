//! Notices when what mods are made of has changed.
//!
//! Events say only that it is worth looking: what counts is whether contents
//! differ. What cargo builds is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use blake3::Hasher;
use notify::{Event, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use super::{Error, WORLD_FILE, text};
use crate::config::WorldConfig;
use crate::record::Digest;

/// How long events are gathered.
const SETTLE: Duration = Duration::from_millis(2);
/// How long sources must be left alone before it is worth building them: an
/// editor writes files in several steps. A component is looked at once.
const QUIET: Duration = Duration::from_millis(60);
/// What of a package its component is made of, beside the files of the package.
const FOLDERS: [&str; 3] = ["src", "assets", "migrations"];
/// Files of a package that matter.
const FILES: [&str; 3] = ["Cargo.toml", "mod.toml", "build.rs"];

/// Something has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The mods whose files differ.
    pub mods: BTreeSet<String>,
    /// Whether the world's file does.
    pub world: bool,
    /// When the first event came.
    pub at: Instant,
}

/// Watches the sources of a world's mods.
pub struct Watch {
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    events: Receiver<Instant>,
    listened: BTreeSet<PathBuf>,
    /// What is watched for each mod; `None` stands for the world.
    places: BTreeMap<Option<String>, Vec<PathBuf>>,
    /// Mods that are components already, so that no build makes them.
    components: BTreeSet<Option<String>>,
    seen: BTreeMap<Option<String>, Digest>,
}

impl Watch {
    /// Watches the mods of a world whose file lies in `folder`.
    ///
    /// # Errors
    ///
    /// That the operating system does not let the folders be watched.
    pub fn new(folder: &Path, config: &WorldConfig) -> Result<Self, Error> {
        let folder = &absolute(folder);
        let failed =
            |cause: notify::Error| Error::Watch { path: folder.clone(), what: cause.to_string() };
        let mut places = BTreeMap::from([(None, vec![folder.join(WORLD_FILE)])]);
        let mut components = BTreeSet::new();
        for (id, settings) in &config.mods {
            let path = folder.join(&settings.path);
            let is_package = path.is_dir();
            if !is_package {
                components.insert(Some(id.clone()));
            }
            let mut of_mod = match is_package {
                true if text::is_folder(&path) => vec![path],
                true => FOLDERS.iter().chain(&FILES).map(|name| path.join(name)).collect(),
                false => vec![path.with_extension("toml"), path],
            };
            of_mod.extend(settings.assets.as_ref().map(|assets| folder.join(assets)));
            places.insert(Some(id.clone()), of_mod);
        }
        let all: Vec<PathBuf> = places.values().flatten().cloned().collect();
        let (send, events) = mpsc::channel();
        let tell = move |result: DebounceEventResult| {
            let first = match &result {
                Ok(events) => events.iter().filter(|it| matters(it, &all)).map(|it| it.time).min(),
                Err(_) => Some(Instant::now()),
            };
            if let Some(first) = first {
                // Without a receiver the watch has been dropped.
                let _ = send.send(first);
            }
        };
        let debouncer = new_debouncer(SETTLE, None, tell).map_err(failed)?;
        let (listened, seen) = (BTreeSet::new(), BTreeMap::new());
        let mut watch = Self { debouncer, events, listened, places, components, seen };
        watch.listen().map_err(failed)?;
        watch.seen = watch.digests();
        Ok(watch)
    }

    /// Waits for a change of contents, for so long at most.
    pub fn next(&mut self, timeout: Duration) -> Option<Changed> {
        let at = self.events.recv_timeout(timeout).ok()?;
        loop {
            // A folder that was not there before is listened to from now on. One
            // that cannot be is looked at when another event comes.
            let _ = self.listen();
            let now = self.digests();
            let differs = |key: &&Option<String>| self.seen.get(*key) != now.get(*key);
            let differing: BTreeSet<Option<String>> = now.keys().filter(differs).cloned().collect();
            if differing.is_empty() {
                return None;
            }
            let is_written = differing.is_subset(&self.components);
            if is_written || self.events.recv_timeout(QUIET).is_err() {
                self.seen = now;
                let world = differing.contains(&None);
                return Some(Changed {
                    mods: differing.into_iter().flatten().collect(),
                    world,
                    at,
                });
            }
        }
    }

    /// Listens to every folder that is there: files are watched by the folder
    /// around them, as editors put new ones in their place.
    fn listen(&mut self) -> Result<(), notify::Error> {
        let mut folders: BTreeMap<PathBuf, RecursiveMode> = BTreeMap::new();
        for place in self.places.values().flatten() {
            if place.is_dir() {
                folders.insert(place.clone(), RecursiveMode::Recursive);
            }
            if let Some(around) = place.parent().filter(|around| around.is_dir()) {
                folders.entry(around.to_path_buf()).or_insert(RecursiveMode::NonRecursive);
            }
        }
        self.listened.retain(|folder| folder.is_dir());
        for (folder, mode) in folders {
            if !self.listened.contains(&folder) {
                self.debouncer.watch(&folder, mode)?;
                self.listened.insert(folder);
            }
        }
        Ok(())
    }

    fn digests(&self) -> BTreeMap<Option<String>, Digest> {
        let digest = |places: &Vec<PathBuf>| {
            let mut hasher = Hasher::new();
            for place in places {
                match text::is_folder(place).then(|| text::sources(place)) {
                    None => feed(place, &mut hasher),
                    Some(Ok(sources)) => sources.iter().for_each(|it| feed(it, &mut hasher)),
                    // Once that is mended there is something to build.
                    Some(Err(error)) => drop(hasher.update(error.to_string().as_bytes())),
                }
            }
            *hasher.finalize().as_bytes()
        };
        self.places.iter().map(|(id, places)| (id.clone(), digest(places))).collect()
    }
}

/// Whether an event can mean that what lies at one of these places is another.
/// The save changes beside them with every tick, and looking at a file is an
/// event too, also when we look.
fn matters(event: &Event, places: &[PathBuf]) -> bool {
    let near = |path: &PathBuf| {
        places.iter().any(|place| path.starts_with(place) || place.starts_with(path))
    };
    !event.kind.is_access() && event.paths.iter().any(near)
}

/// So that every file has a folder around it, by name.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf())
}

/// Adds the names and contents of what lies at a path to a digest. What cannot
/// be read counts as not there; the build says why.
fn feed(path: &Path, into: &mut Hasher) {
    let Ok(about) = fs::metadata(path) else { return };
    into.update(path.as_os_str().as_encoded_bytes());
    if about.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().for_each(|path| feed(path, into));
    } else if let Ok(bytes) = fs::read(path) {
        into.update(&(bytes.len() as u64).to_le_bytes());
        into.update(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// The next change of contents, if one comes.
    fn next(watch: &mut Watch, timeout: Duration) -> Option<Changed> {
        let started = Instant::now();
        loop {
            let left = timeout.checked_sub(started.elapsed())?;
            if let Some(changed) = watch.next(left) {
                return Some(changed);
            }
        }
    }

    #[test]
    fn contents_count_and_what_cargo_makes_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write(WORLD_FILE, "[world]");
        write("mods/a/Cargo.toml", "");
        write("mods/a/src/lib.rs", "one");
        write("b.wasm", "one");
        let text = "[world]\nname = 'w'\n[mods.a]\npath = 'mods/a'\n[mods.b]\npath = 'b.wasm'\n";
        let config = toml::from_str(text).expect("a world");
        let mut watch = Watch::new(folder.path(), &config).expect("a watch");

        write("mods/a/target/debug/x", "built");
        write("mods/a/src/lib.rs", "one");
        write("other.txt", "nothing of ours");
        write("b.wasm", "two");
        let changed = next(&mut watch, PATIENCE).expect("a change");
        assert_eq!((changed.mods, changed.world), (BTreeSet::from(["b".to_owned()]), false));

        write("mods/a/migrations/0001_x.sql", "");
        let changed = next(&mut watch, PATIENCE).expect("a change");
        assert_eq!(changed.mods, BTreeSet::from(["a".to_owned()]), "in a new folder");
        write(WORLD_FILE, "[world]\n");
        assert!(next(&mut watch, PATIENCE).expect("a change").world);
    }
}
