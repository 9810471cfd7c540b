//! Comments, documents and messages name their subject.

use crate::repository::{files, read};

/// Words that hide who or what is meant.
const HIDING: &[&str] = &["anybody", "nobody", "somebody", "whoever"];

/// Files that have some. Only ever less.
const FILES_MAX: usize = 33;

/// Files in which they are data, and why.
const DATA: &[(&str, &str)] = &[
    ("tests/fixtures.rs", "what the mod of a frozen save wrote"),
    ("tests/guests/migrations/0002_author.sql", "a migration that a save may know"),
    ("tests/tidy/words.rs", "this list"),
];

#[test]
fn no_more_files_hide_who_is_meant() {
    let texts = files(&[".md", ".rs", ".sql", ".stderr", ".toml", ".wit", "/run"]).into_iter();
    let texts = texts.filter(|file| DATA.iter().all(|(data, _)| data != file));
    let lines: Vec<String> = texts.filter_map(|file| found_in(&file)).collect();
    let (files, listed) = (lines.len(), lines.join("\n  "));
    assert!(files <= FILES_MAX, "{files} files, not {FILES_MAX}, hide who is meant:\n  {listed}");
}

/// A file, with the first line that has such a word.
fn found_in(file: &str) -> Option<String> {
    let text = read(file);
    let (at, line) = text.lines().enumerate().find(|(_, line)| hides(line))?;
    Some(format!("{file}:{}: {}", at + 1, line.trim()))
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
