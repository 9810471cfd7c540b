//! Comments, documents and messages name their subject.

use crate::repository::{files, read};

/// Words that hide who or what is meant.
const HIDING: &[&str] = &["anybody", "nobody", "somebody", "whoever"];

/// Files that have some. Only ever less.
const FILES_MAX: usize = 162;

#[test]
fn no_more_files_hide_who_is_meant() {
    let texts = files(&[".md", ".rs", ".sql", ".stderr", ".toml", ".wit", "/run"]).into_iter();
    let texts = texts.filter(|file| *file != "tests/tidy/words.rs");
    let lines: Vec<String> = texts.filter_map(|file| found_in(&file)).collect();
    let (files, listed) = (lines.len(), lines.join("\n  "));
    assert!(files <= FILES_MAX, "{files} files, not {FILES_MAX}, hide who is meant:\n  {listed}");
}

/// A file, with the first line that has such a word.
fn found_in(file: &str) -> Option<String> {
    let text = read(file);
    let has_one = |line: &&str| {
        let words = line.split(|letter: char| !letter.is_alphabetic());
        words.into_iter().any(|word| HIDING.contains(&word.to_lowercase().as_str()))
    };
    let (at, line) = text.lines().enumerate().find(|(_, line)| has_one(line))?;
    Some(format!("{file}:{}: {}", at + 1, line.trim()))
}
