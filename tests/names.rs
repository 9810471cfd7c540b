//! A save is the file of its name, whatever the name says, and of no other.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use crate::harness::*;
use crate::place::Place;

/// The names of what is in a folder, byte for byte.
fn found(folder: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<OsString> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

fn names() -> Vec<OsString> {
    let mut names: Vec<OsString> = [
        "file:x.db",
        ":memory:",
        "file:x?mode=memory",
        "file:a%41#b.db",
        "a ?&=%'\".db",
        "ö 世.db",
    ]
    .map(OsString::from)
    .into();
    if cfg!(target_os = "linux") {
        use std::os::unix::ffi::OsStrExt;
        names.push(OsStr::from_bytes(b"not \xff text.db").to_owned());
    }
    names
}

/// A name with something before it.
fn prefixed(prefix: &str, name: &OsStr) -> OsString {
    let mut whole = OsString::from(prefix);
    whole.push(name);
    whole
}

#[test]
fn every_name_is_that_of_a_file() {
    let place = Place::with(WORLD, &["watcher", "diary"]);
    for name in names() {
        let inside = tempfile::tempdir().unwrap();
        // Names alone, as a person types them.
        let program = |words: &[&str], save: &OsStr, more: &[&OsStr]| {
            let mut command = sandtable();
            command.current_dir(inside.path()).args(words).arg(save).args(more);
            told(&mut command)
        };
        let world = place.0.path().as_os_str();
        let ticks = |count: &str| {
            program(&["run", "--quiet", "--ticks", count, "--save"], &name, &[world]);
        };
        ticks("2");
        assert_eq!(found(inside.path()), [&*name], "it is the file");
        ticks("2");
        assert!(program(&["info"], &name, &[]).contains("tick 4"), "{name:?}");
        program(&["send"], &name, &["watcher/Poke".as_ref(), r#"{"number": 1, "to": 2}"#.as_ref()]);
        program(&["snapshot"], &name, &["now".as_ref()]);
        let (copy, branch, rows) =
            (prefixed("file:copy ", &name), prefixed("branch ", &name), prefixed("file:r ", &name));
        let at = OsStr::new("-o");
        program(&["backup"], &name, &[at, &copy]);
        program(&["branch", "--at", "2"], &name, &[at, &branch]);
        program(&["export", "--format", "sqlite"], &name, &[at, &rows]);
        program(&["rewind", "--to", "3"], &name, &[]);
        program(&["check"], &name, &[]);
        assert!(program(&["info"], &name, &[]).contains("tick 3"), "{name:?}");
        let mut ahead = Path::new(&name).file_stem().unwrap().to_owned();
        ahead.push("-ahead-4.db");
        let mut expected = vec![name.clone(), copy.clone(), branch, rows, ahead.clone()];
        expected.sort();
        assert_eq!(found(inside.path()), expected);
        for other in [copy, ahead] {
            assert!(program(&["info"], &other, &[]).contains("tick 4"), "{other:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_second_name_is_refused_and_a_link_to_the_first_is_not() {
    let place = Place::with_save(&["watcher"]);
    std::os::unix::fs::symlink("save.db", place.at("link.db")).unwrap();
    told(&mut place.program(&["run", "--save", "link.db", "--ticks", "1", "--quiet"]));
    fs::hard_link(place.at("save.db"), place.at("second.db")).unwrap();
    for words in [
        &["run", "--ticks", "1", "--save", "save.db"][..],
        &["run", "--ticks", "1", "--save", "second.db"],
        &["run", "--ticks", "1", "--save", "link.db"],
        &["info", "second.db"],
        &["sql", "second.db", "SELECT 1"],
        &["send", "second.db", "watcher/Poke", "{\"number\": 1, \"to\": 1}"],
        &["backup", "second.db", "-o", "copy.db"],
        &["rewind", "second.db", "--to", "1"],
    ] {
        let refusal = place.refusal(words);
        assert!(refusal.contains("has 2 names (hard links)"), "{words:?}: {refusal}");
    }
    fs::remove_file(place.at("save.db")).unwrap();
    let second = ["run", "--ticks", "1", "--save", "second.db", "--quiet"];
    told(&mut place.program(&second));
}
