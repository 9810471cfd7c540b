//! What the documents name is there.

use std::collections::BTreeSet;

use crate::repository::{files, is_there, read, report};
use crate::tokens::{Token, tokens};

/// Where ARCHITECTURE.md means a path to begin, where it is none from the root.
const BASES: &[&str] = &[
    "host/",
    "host/src/",
    "host/world/src/",
    "host/guest/src/",
    "host/save/src/",
    "host/serve/src/",
    "host/cli/src/",
    "host/client/src/",
    "host/extension/src/",
    "guest-sdk/src/",
];

/// Where paths from the root begin.
const TOPS: &[&str] = &["host/", "guest-sdk/", "wit/", "tests/", "examples/", ".ci/"];

/// How the names of files end that are written by themselves.
const ENDINGS: &[&str] = &[".rs", ".md", ".sql", ".wit"];

/// What stands between single backticks, outside of fenced blocks.
fn quoted(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut quoted = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            quoted.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    quoted
}

/// Where the links of a document lead in the repository.
fn links(text: &str) -> Vec<String> {
    let ends = text.split("](").skip(1).filter_map(|part| Some(part.split_once(')')?.0));
    let here = ends.filter(|to| !to.contains("://") && !to.starts_with('#'));
    here.map(|to| to.split('#').next().unwrap_or_default().to_owned()).collect()
}

fn folder(document: &str) -> &str {
    document.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[test]
fn every_link_leads_to_a_file() {
    let mut findings = Vec::new();
    for document in files(&[".md"]) {
        for link in links(&read(&document)) {
            if !is_there(format!("{}/{link}", folder(&document)).trim_start_matches('/')) {
                findings.push(format!("{document}: {link}"));
            }
        }
    }
    report(findings, "these links lead nowhere");
}

#[test]
fn every_path_from_the_root_is_there() {
    let mut findings = Vec::new();
    for document in files(&[".md"]).into_iter().filter(|document| !document.contains("template/")) {
        for path in quoted(&read(&document)) {
            let is_path = TOPS.iter().any(|top| path.starts_with(top)) && !path.contains(' ');
            if is_path && !path.contains('*') && !is_there(&path) {
                findings.push(format!("{document}: `{path}`"));
            }
        }
    }
    report(findings, "these paths are not there");
}

#[test]
fn the_map_names_files_that_are_there() {
    let text = read("ARCHITECTURE.md");
    let names: BTreeSet<String> = files(ENDINGS)
        .iter()
        .filter_map(|file| Some(file.rsplit('/').next()?.to_owned()))
        .collect();
    let is_missing = |path: &String| {
        let is_path = path.contains('/') && !path.contains(['<', ' ', '*']);
        let is_file = ENDINGS.iter().any(|ending| path.ends_with(ending)) && path.len() > 4;
        if is_path && (is_file || path.ends_with('/')) {
            !is_there(path) && !BASES.iter().any(|base| is_there(&format!("{base}{path}")))
        } else {
            is_file && !path.contains([' ', '*']) && !names.contains(path)
        }
    };
    report(quoted(&text).into_iter().filter(is_missing).collect(), "the map is wrong");
}

#[test]
fn the_map_names_functions_that_are_there() {
    let sources = files(&[".rs"]).into_iter();
    let words: BTreeSet<String> = sources
        .flat_map(|file| tokens(&read(&file)))
        .filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect();
    let is_name = |text: &&str| {
        text.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !text.is_empty()
    };
    let is_missing = |path: &String| {
        let names: Vec<&str> = path.split("::").collect();
        let is_path = names.len() > 1 && names.iter().all(is_name);
        is_path && names.iter().any(|name| !words.contains(*name))
    };
    let found = quoted(&read("ARCHITECTURE.md")).into_iter().filter(is_missing).collect();
    report(found, "the map names what is not in the source");
}
