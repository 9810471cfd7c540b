//! Comments, documents and messages name their subject.

use crate::repository::{beyond, files, read, report};

/// Words that hide who or what is meant.
const HIDING: &[&str] = &["anybody", "nobody", "somebody", "whoever"];

/// Files in which they are data, and why.
const DATA: &[(&str, &str)] = &[
    ("host/save/src/schema/0001_first.sql", "a schema that saves have, word for word"),
    ("host/save/src/schema/0002_second.sql", "a schema that saves have, word for word"),
    ("mods/chronicle/src/yearbook.rs", "what chronicles of saved worlds say"),
    ("tests/fixtures.rs", "what the mod of a frozen save wrote"),
    ("tests/tidy/words.rs", "this list"),
    ("wit/since_v0.1.0/host.wit", "a released contract, which is never edited"),
];

#[test]
fn no_file_hides_who_is_meant() {
    let texts = files(&[".md", ".rs", ".sql", ".stderr", ".toml", ".wit", "/run"]).into_iter();
    let findings = texts.filter_map(|file| found_in(&file).map(|line| (file, line)));
    report(beyond(DATA, findings.collect()), "say who or what is meant");
}

/// The first line of a file that has such a word.
fn found_in(file: &str) -> Option<String> {
    let text = read(file);
    let (at, line) = text.lines().enumerate().find(|(_, line)| hides(line))?;
    Some(format!("{}: {}", at + 1, line.trim()))
}

/// Whether a line has such a word, but for one that is a value: alone between quotes.
fn hides(line: &str) -> bool {
    let is_quote = |letter: Option<char>| letter.is_some_and(|letter| "\"'`".contains(letter));
    let line = line.to_lowercase();
    let mut end = 0;
    line.split(|letter: char| !letter.is_alphabetic()).any(|word| {
        let before = line[..end].chars().next_back();
        let after = line[end + word.len()..].chars().next();
        end += word.len() + after.map_or(0, char::len_utf8);
        HIDING.contains(&word) && !(is_quote(before) && is_quote(after))
    })
}

#[test]
fn a_value_hides_nothing() {
    assert!(hides("// Nobody reads it.") && hides("fn of_nobody()") && hides("\"by whoever\""));
    assert!(!hides("default = \"nobody\"") && !hides("`somebody`") && !hides("no body"));
}
