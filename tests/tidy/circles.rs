//! Files of one crate that use each other in a circle.
//!
//! A circle mostly says that a leaf, such as an error or a constant, lies hidden in a
//! larger file.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::Crate;
use crate::repository::{crates, report};

/// Circles that are as they should be, each with all of its files, and why.
const NATURAL: &[(&[&str], &str)] = &[(
    &["guest-sdk/src/call.rs", "guest-sdk/src/commands/buffer.rs"],
    "a call has the commands that it sends, and each command asks its call for the row and for \
     kinds",
)];

/// Files that lead to each other, as groups.
fn circles<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|file| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&str> = vec![file];
            while let Some(file) = open.pop() {
                let next = uses.get(file).into_iter().flatten();
                open.extend(next.filter(|next| seen.insert(**next)));
            }
            (*file, seen)
        })
        .collect();
    let mut groups = Vec::new();
    let mut done = BTreeSet::new();
    for (file, seen) in &reach {
        if seen.contains(file) && !done.contains(file) {
            let back = |other: &&str| reach.get(other).is_some_and(|seen| seen.contains(file));
            let group: BTreeSet<&str> = seen.iter().copied().filter(back).collect();
            done.extend(group.iter().copied());
            groups.push(group);
        }
    }
    groups
}

#[test]
fn files_use_each_other_only_where_that_is_natural() {
    let mut findings = Vec::new();
    let mut needless: Vec<&[&str]> = NATURAL.iter().map(|(files, _)| *files).collect();
    for root in crates() {
        let sources = Crate::read(&root);
        let uses = sources.uses();
        for group in circles(&uses) {
            if let Some(at) = needless.iter().position(|files| group.iter().eq(files.iter())) {
                needless.swap_remove(at);
                continue;
            }
            for file in &group {
                let others = uses[file].intersection(&group).copied().collect::<Vec<_>>();
                findings.push(format!("{file}: {}", others.join(", ")));
            }
        }
    }
    findings.extend(needless.iter().map(|files| format!("{files:?}: is no circle any more")));
    let remedy = "give a leaf of these a file of its own, or say in NATURAL why they are a circle";
    report(findings, remedy);
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let uses = |pairs: &[(&'static str, &'static str)]| {
        let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, to) in pairs {
            uses.entry(from).or_default().insert(to);
        }
        uses
    };
    assert_eq!(circles(&uses(&[("a", "b"), ("b", "c")])), []);
    let found = circles(&uses(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(found, [BTreeSet::from(["b", "c"])]);
}
