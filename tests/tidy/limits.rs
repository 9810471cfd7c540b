//! A fault that names a limit names one that a world file can set.

use std::collections::BTreeSet;

use crate::repository::{files, read, report};
use crate::tokens::{Token, tokens};

/// The names in `limits! { … }`.
fn limits() -> BTreeSet<String> {
    let tokens = sources().flat_map(|file| tokens(&read(&file))).collect::<Vec<_>>();
    let is_start =
        |at: &[Token]| at[0].is("limits") && at[1] == Token::Mark('!') && at[2] == Token::Mark('{');
    let start = tokens.windows(3).position(is_start).expect("`limits!` is used");
    let within = tokens[start + 3..].windows(2).take_while(|at| at[0] != Token::Mark('}'));
    let named = within.filter(|at| at[1] == Token::Mark(':'));
    named.filter_map(|at| Some(at[0].word()?.to_owned())).collect()
}

fn sources() -> impl Iterator<Item = String> {
    files(&[".rs"]).into_iter().filter(|file| file.starts_with("host/") && file.contains("/src/"))
}

/// The limits that a text names, as in "(limit `fuel`)".
fn named_in(text: &str) -> Vec<String> {
    let parts = text.split("limit `").skip(1);
    let names = parts.filter_map(|part| Some(part.split_once('`')?.0));
    names.filter(|name| !name.contains('{')).map(str::to_owned).collect()
}

#[test]
fn every_limit_that_a_fault_names_can_be_set() {
    let limits = limits();
    assert!(limits.contains("fuel") && limits.len() > 10, "{limits:?}");
    let mut findings = Vec::new();
    let mut check = |file: &str, name: String| {
        if !limits.contains(&name) {
            findings.push(format!("{file}: `{name}`"));
        }
    };
    for file in sources() {
        let tokens = tokens(&read(&file));
        for token in &tokens {
            if let Token::Text(text) = token {
                named_in(text).into_iter().for_each(|name| check(&file, name));
            }
        }
        for at in tokens.windows(3) {
            if let [name, Token::Mark(':'), Token::Text(text)] = at
                && name.is("limit")
            {
                check(&file, text.clone());
            }
        }
    }
    for file in files(&[".md", ".wit"]) {
        named_in(&read(&file)).into_iter().for_each(|name| check(&file, name));
    }
    report(findings, "name limits as `limits!` in the settings has them");
}
