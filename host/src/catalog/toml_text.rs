//! Files in TOML that people write: read, with every mistake given as a place
//! and one sentence about its key.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::Error;
use super::place::{dotted, line_and_column, offset_of, path_at};

/// A key that says what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {what}", dotted(.key))]
pub struct Mistake {
    /// The keys that lead to it.
    pub key: Vec<String>,
    /// What is wrong with it and the remedy, in words that follow the key.
    pub what: String,
}

/// An offset in the text, and a sentence.
pub(crate) type Complaint = (usize, String);

/// Reads a text.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Complaint> {
    toml::from_str(text).map_err(|error| explain(text, &error))
}

/// A complaint about a file.
pub(crate) fn error(file: &Path, text: &str, (offset, what): Complaint) -> Error {
    let (line, column) = line_and_column(text, offset);
    Error::World { file: file.to_path_buf(), line, column, what }
}

/// A complaint about a text that is no file of its own.
pub(crate) fn told(name: &str, text: &str, (offset, what): Complaint) -> String {
    let (line, column) = line_and_column(text, offset);
    format!("{name}:{line}:{column}: {what}")
}

/// Says that a key is wrong.
pub(crate) fn mistake<'a>(
    key: impl IntoIterator<Item = &'a str>,
    what: impl Into<String>,
) -> Result<(), Mistake> {
    Err(Mistake { key: key.into_iter().map(str::to_owned).collect(), what: what.into() })
}

/// Line and column of a key, from one.
pub(crate) fn place(text: &str, key: &[String]) -> (usize, usize) {
    line_and_column(text, offset_of(text, key))
}

/// Where a mistake stands.
pub(crate) fn at(text: &str, mistake: &Mistake) -> Complaint {
    (offset_of(text, &mistake.key), mistake.to_string())
}

/// Makes a sentence about keys from what the parser says.
fn explain(text: &str, error: &toml::de::Error) -> Complaint {
    let span = error.span().unwrap_or(0..0);
    let offset = span.start;
    let path = path_at(text, span);
    let message = error.message().replace('\n', "; ");
    let sentence = if let Some(rest) = message.strip_prefix("unknown field ") {
        let (key, known) = rest.split_once(", expected ").unwrap_or((rest, "none"));
        let parents = path.split_last().map_or(&[][..], |(_, parents)| parents);
        let known = known.strip_prefix("one of ").unwrap_or(known).replace(" or ", ", ");
        format!("there is no key {key} {}; the keys are {known}", in_table(parents))
    } else if let Some(key) = message.strip_prefix("missing field ") {
        format!("the key {key} is missing {}: add it", in_table(&path))
    } else if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (value, known) = rest.split_once(", expected ").unwrap_or((rest, "another"));
        let known = known.strip_prefix("one of ").unwrap_or(known);
        format!("{} is {value}, which is not known: choose {known}", key(&path))
    } else if let Some(rest) =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))
    {
        let (found, expected) = rest.split_once(", expected ").unwrap_or((rest, "something else"));
        format!("{} is the {found}, but must be {}", key(&path), plain(expected))
    } else if message == "duplicate key" {
        "the key stands here a second time: remove one of the two".to_owned()
    } else if DeTable::parse(text).is_ok() {
        format!("{} {message}", key(&path))
    } else {
        format!("this is not TOML: {message}")
    };
    (offset, sentence)
}

fn key(path: &[String]) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{}`", dotted(path)) }
}

fn in_table(path: &[String]) -> String {
    if path.is_empty() { "at the top level".to_owned() } else { format!("in `{}`", dotted(path)) }
}

/// What Rust calls a type, in the words of a world file.
fn plain(expected: &str) -> &str {
    match expected {
        "u64" | "usize" => "a whole number from 0 up",
        "u32" => "a whole number from 0 to 4294967295",
        "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "path string" => "a path in quotes",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") || other.contains("tagged enum") => "a table",
        other => other,
    }
}
