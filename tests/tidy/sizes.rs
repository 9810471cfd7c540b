//! Files that one sitting can read.

use crate::repository::{beyond, files, read, report};

/// Lines that a source file may have.
const LINES_MAX: usize = 500;

/// Files that have more, by how their path ends, and why.
const LONGER: &[(&str, &str)] = &[
    ("tables/tests.rs", "one test a rule of the gate, over one fixture"),
    ("tests/bad_input.rs", "one list of inputs and what is said of each"),
    ("tests/time.rs", "one test a verb, over one busy world"),
];

#[test]
fn no_file_is_longer_than_one_sitting() {
    let findings = files(&[".rs"]).into_iter().filter_map(|file| {
        let lines = read(&file).lines().count();
        (lines > LINES_MAX).then(|| (file, format!("{lines} lines")))
    });
    let findings = beyond(LONGER, findings.collect());
    report(findings, &format!("part what has more than {LINES_MAX} lines"));
}
