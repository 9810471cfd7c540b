//! Files of one crate that use each other in a circle.
//!
//! A circle says that a leaf, such as an error or a constant, lies hidden in a larger
//! file. Those that are there may go, and none may come.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::Crate;
use crate::repository::crates;

/// Files that are in a circle, over all crates. Only ever less.
const FILES_MAX: usize = 70;

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
fn files_are_in_no_more_circles_than_they_were() {
    let mut lines = Vec::new();
    for root in crates() {
        let sources = Crate::read(&root);
        let uses = sources.uses();
        for group in circles(&uses) {
            for file in &group {
                let others = uses[file].intersection(&group).copied().collect::<Vec<_>>();
                lines.push(format!("{file}: {}", others.join(", ")));
            }
        }
    }
    let files = lines.len();
    let listed = lines.join("\n  ");
    assert!(files <= FILES_MAX, "{files} files, not {FILES_MAX}, use each other:\n  {listed}");
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
