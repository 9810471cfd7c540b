//! Files that one sitting can read.

use crate::repository::{files, read, report};

/// Lines that a source file may have.
const LINES_MAX: usize = 500;

/// Files that have more, by how their path ends, and why.
const LONGER: &[(&str, &str)] = &[
    ("save/src/save.rs", "waits to be parted"),
    ("save/src/encode.rs", "waits to be parted"),
    ("save/src/log.rs", "waits to be parted"),
    ("save/src/mods.rs", "waits to be parted"),
    ("ecs/json.rs", "waits to be parted"),
    ("src/simulation.rs", "waits to be parted"),
    ("src/swap.rs", "waits to be parted"),
    ("src/foreign.rs", "waits to be parted"),
    ("tables/tests.rs", "waits to be parted"),
    ("tests/bad_input.rs", "waits to be parted"),
    ("tests/time.rs", "waits to be parted"),
];

#[test]
fn no_file_is_longer_than_one_sitting() {
    let has_reason = |file: &str| LONGER.iter().any(|(end, _)| file.ends_with(end));
    let findings = files(&[".rs"]).into_iter().filter(|file| !has_reason(file));
    let findings = findings.filter_map(|file| {
        let lines = read(&file).lines().count();
        (lines > LINES_MAX).then(|| format!("{file}: {lines} lines"))
    });
    report(findings.collect(), &format!("part what has more than {LINES_MAX} lines"));
}
