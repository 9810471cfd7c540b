//! Every guest in `tests/guests` is built, and named by a test.

use std::collections::BTreeSet;

use crate::repository::{files, read, report, root};
use crate::tokens::{Token, tokens};

const MANIFEST: &str = "tests/guests/Cargo.toml";

/// What guests share is no guest.
const SHARED: [&str; 2] = ["lib", "matrix"];

/// The files that are guests, by name.
fn guests() -> BTreeSet<String> {
    let files = files(&[".rs"]).into_iter();
    let names = files.filter_map(|file| {
        Some(file.strip_prefix("tests/guests/")?.strip_suffix(".rs")?.to_owned())
    });
    let mut names: BTreeSet<String> = names.collect();
    for shared in SHARED {
        assert!(
            names.remove(shared),
            "nothing of the name is shared: take `{shared}` out of SHARED"
        );
    }
    names
}

/// With `BLESS` set it writes the list instead.
#[test]
fn every_guest_is_built() {
    let manifest = read(MANIFEST);
    let (head, rest) = manifest.split_once("example = [\n").expect("a list of examples");
    let (_, tail) = rest.split_once("]\n\n").expect("the end of the list");
    let lines = guests().into_iter().map(|name| {
        format!("    {{ name = \"{name}\", path = \"{name}.rs\", crate-type = [\"cdylib\"] }},\n")
    });
    let expected = format!("{head}example = [\n{}]\n\n{tail}", lines.collect::<String>());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join(MANIFEST), &expected).unwrap();
    } else {
        assert!(
            manifest == expected,
            "run `BLESS=1 cargo test --test tidy`: {MANIFEST} is not \
            what the folder has"
        );
    }
}

/// Named in a string, in a test or a benchmark.
#[test]
fn every_guest_is_named_by_a_test() {
    let users = files(&[".rs"]).into_iter().filter(|file| {
        let tests = file.starts_with("tests/") && !file.starts_with("tests/guests/");
        tests || file.starts_with("host/benches/")
    });
    let mut named = BTreeSet::new();
    for file in users {
        let texts = tokens(&read(&file)).into_iter().filter_map(|token| match token {
            Token::Text(text) => Some(text),
            _ => None,
        });
        named.extend(texts);
    }
    let findings = guests().into_iter().filter(|name| !named.contains(name)).collect();
    report(findings, "name these guests in a test, or remove them");
}
