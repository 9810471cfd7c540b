//! A folder in which the program is run, and what it says when it refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::*;

/// A folder with a world of guests.
pub struct Place(pub tempfile::TempDir);

impl Place {
    pub fn with(text: &str, guests: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_world(folder.path(), text, guests);
        Self(folder)
    }

    /// One with a save of some ticks.
    pub fn with_save(guests: &[&str]) -> Self {
        let place = Self::with(WORLD, guests);
        ticks(Some(place.0.path()), &place.at("save.db"), 3);
        place
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.at(name), bytes).unwrap();
        self
    }

    /// The program, in this folder.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = sandtable();
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    /// All files but SQLite's shared memory, in which readers leave marks.
    pub fn contents(&self) -> BTreeMap<String, blake3::Hash> {
        let names = names_in(self.0.path()).into_iter();
        let kept = |name: &String| self.at(name).is_file() && !name.ends_with("-shm");
        names
            .filter(kept)
            .map(|name| {
                let digest = blake3::hash(&fs::read(self.at(&name)).unwrap());
                (name, digest)
            })
            .collect()
    }

    /// What the program says when it refuses. That is one sentence, and leaves
    /// everything as it was.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        let before = self.contents();
        let output = self.program(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        assert_eq!(self.contents(), before, "{arguments:?} changes nothing");
        let line = error.strip_suffix('\n').expect("a line");
        assert!(!line.contains(char::is_control), "one line, not {error:?}");
        line.strip_prefix("error: ").expect("an error").to_owned()
    }

    /// Checks what `run` says of this world.
    #[track_caller]
    pub fn refuses_to_run(&self, expected: &str) {
        assert_eq!(self.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]), expected);
    }

    /// Checks what everything that opens a save says of one.
    #[track_caller]
    pub fn refuses_to_open(&self, save: &str, expected: &str) {
        for arguments in [
            &["run", "--save", save, "--ticks", "1"][..],
            &["run", ".", "--save", save, "--ticks", "1", "--quiet"],
            &["info", save],
            &["sql", save, "SELECT 1"],
            &["send", save, "watcher/Poke", "{\"number\": 1, \"to\": 2}"],
        ] {
            assert_eq!(self.refusal(arguments), expected, "{arguments:?}");
        }
    }
}
