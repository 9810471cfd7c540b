//! Files that one sitting can read.

use crate::repository::{files, read, report};

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
    let has_reason = |file: &str| LONGER.iter().any(|(end, _)| file.ends_with(end));
    let findings = files(&[".rs"]).into_iter().filter(|file| !has_reason(file));
    let findings = findings.filter_map(|file| {
        let lines = read(&file).lines().count();
        (lines > LINES_MAX).then(|| format!("{file}: {lines} lines"))
    });
    report(findings.collect(), &format!("part what has more than {LINES_MAX} lines"));
}
