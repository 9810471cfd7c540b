//! What may know what.
//!
//! Layers lie on each other, the lowest first: a module may use its own layer and
//! those below.

use std::collections::BTreeSet;
use std::process::Command;

use crate::modules::Crate;
use crate::repository::{beyond, files, read, report, root};
use crate::tokens::tokens;

/// What crates of ours a crate lies on, and libraries that it must not bring along.
const CRATES: &[(&str, &[&str], &[&str])] = &[
    ("sandtable-world", &[], &["wasmtime", "rusqlite", "clap", "tokio"]),
    ("sandtable-guest", &["sandtable-world"], &["rusqlite", "libsqlite3-sys", "clap"]),
    ("sandtable-vfs", &[], &["wasmtime", "blake3", "clap", "tokio"]),
    (
        "sandtable-save",
        &["sandtable-vfs", "sandtable-world"],
        &["wasmtime", "wasmparser", "clap", "tokio"],
    ),
    (
        "sandtable",
        &["sandtable-guest", "sandtable-save", "sandtable-vfs", "sandtable-world"],
        &["clap", "rustyline", "indicatif", "comfy-table"],
    ),
    (
        "sandtable-serve",
        &["sandtable", "sandtable-guest", "sandtable-save", "sandtable-vfs", "sandtable-world"],
        &["clap", "rustyline", "indicatif", "comfy-table"],
    ),
    ("sandtable-nats", &["sandtable-world"], &["wasmtime", "rusqlite", "clap"]),
    (
        "sandtable-workers",
        &["sandtable-guest", "sandtable-nats", "sandtable-world"],
        &["rusqlite", "libsqlite3-sys", "clap"],
    ),
    (
        "sandtable-bus",
        &[
            "sandtable",
            "sandtable-guest",
            "sandtable-nats",
            "sandtable-save",
            "sandtable-vfs",
            "sandtable-world",
        ],
        &["axum", "clap", "rustyline", "indicatif", "comfy-table"],
    ),
    (
        "sandtable-mirror",
        &["sandtable-save", "sandtable-vfs", "sandtable-world"],
        &["wasmtime", "axum", "clap", "rustyline", "indicatif", "comfy-table"],
    ),
    ("sandtable-client", &[], &["wasmtime", "rusqlite", "clap", "tokio", "rustls"]),
    (
        "sandtable-sqlite",
        &["sandtable-save", "sandtable-vfs", "sandtable-world"],
        &["wasmtime", "clap", "tokio"],
    ),
];

/// The top-level modules of crates, layer by layer.
const LAYERS: &[(&str, &[&[&str]])] = &[
    (
        "host/world/src/lib.rs",
        &[
            &["ecs", "identity", "interface", "names"],
            &["fault", "grants", "label", "record"],
            &["finding", "question"],
            &["config", "edit", "manifest", "statements"],
            &["declaration"],
            &["condition"],
            &["system"],
            &["hash", "reading"],
        ],
    ),
    (
        "host/src/lib.rs",
        &[
            &[
                "catalog",
                "engines",
                "feed",
                "options",
                "outgoing",
                "pace",
                "pack",
                "stopwatch",
                "unsaved",
            ],
            &["desk", "program"],
            &["settings", "migration", "plan", "schedule", "fanout", "merge"],
            &["run"],
            &["audience", "error"],
            &["compile"],
            &["runtime"],
            &["swap", "tip"],
            &["fork", "journal"],
            &["replay", "simulation"],
            &["foreign", "scenario", "trial", "verify", "what_if"],
        ],
    ),
];

/// Words that the sources below a path do not have.
const UNKNOWN: &[(&str, &[&str])] = &[
    (
        "host/world/src",
        &["Instant", "SystemTime", "std::env", "std::fs", "std::net", "std::process"],
    ),
    ("host/world/src/ecs", &["rayon", "thread"]),
];

/// The files that have `unsafe`, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("host/save/src/sql/table.rs", "rusqlite demands two trait impls of virtual tables"),
    ("host/save/src/tables/given.rs", "rusqlite demands two trait impls of virtual tables"),
    ("host/save/src/tables/memory.rs", "a call of SQLite without arguments"),
    ("host/vfs/src/below.rs", "calls the VFS of SQLite"),
    ("host/vfs/src/calls.rs", "is called by SQLite"),
    ("host/extension/src/outer.rs", "calls functions of another SQLite"),
    ("host/extension/src/outer/load.rs", "is called by another SQLite"),
    ("host/extension/src/outer/routines.rs", "calls functions of another SQLite"),
    ("host/extension/src/outer/table.rs", "is called by another SQLite"),
    ("guest-sdk/src/entity.rs", "a transparent u64 is plain old data"),
    ("guest-sdk/macros/src/packed.rs", "a derive emits it behind checks at compile time"),
    ("guest-sdk/macros/src/export.rs", "a section of the component has a name"),
    ("tests/guests/liar.rs", "a section of the component has a name"),
    ("guest-sdk/tests/ui/system.rs", "shows that it is refused"),
];

/// The top-level module of a file.
fn top(file: &str) -> &str {
    let within = file.split("/src/").nth(1).unwrap_or(file);
    within.split('/').next().unwrap_or(within).trim_end_matches(".rs")
}

/// The names of all packages that a package is linked with.
fn linked_with(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let output = command.args(["--package", package]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != package).map(str::to_owned).collect()
}

#[test]
fn crates_bring_along_what_their_layer_may() {
    let mut findings = Vec::new();
    for (package, below, unknown) in CRATES {
        let linked = linked_with(package);
        assert!(!linked.is_empty(), "{package}");
        let ours = linked.iter().filter(|name| name.starts_with("sandtable"));
        let above = ours.filter(|name| !below.contains(&name.as_str()));
        let must_not = linked.iter().filter(|name| unknown.contains(&name.as_str()));
        findings.extend(above.chain(must_not).map(|name| format!("{package}: {name}")));
    }
    report(findings, "these crates bring along what their layer must not");
}

#[test]
fn modules_use_what_lies_below_them() {
    let mut findings = BTreeSet::new();
    for (root, layers) in LAYERS {
        let height = |file| layers.iter().position(|layer| layer.contains(&top(file)));
        let sources = Crate::read(root);
        let uses = sources.uses();
        let modules: BTreeSet<&str> = uses.keys().map(|file| top(file)).collect();
        let listed = layers.iter().copied().flatten();
        findings.extend(
            listed
                .filter(|it| !modules.contains(*it))
                .map(|it| format!("{root}: no `{it}` is there")),
        );
        for (file, uses) in uses {
            if height(file).is_none() && file != *root {
                findings.insert(format!("{file}: give `{}` a layer", top(file)));
            }
            let above = uses.into_iter().filter(|used| height(used) > height(file));
            findings.extend(above.map(|used| format!("{file} uses {used}")));
        }
    }
    report(findings.into_iter().collect(), "these use layers above their own");
}

#[test]
fn lower_layers_do_not_know_what_they_must_not() {
    let mut findings = Vec::new();
    for (place, words) in UNKNOWN {
        for file in files(&[".rs"]).into_iter().filter(|file| file.starts_with(place)) {
            let tokens = tokens(&read(&file));
            let found = words.iter().filter(|word| {
                let mut parts = word.split("::");
                let parts: [Option<&str>; 2] = [parts.next(), parts.next()];
                tokens.windows(3).any(|at| match parts {
                    [Some(one), None] => at[0].is(one),
                    [Some(one), Some(two)] => at[0].is(one) && at[2].is(two),
                    _ => false,
                })
            });
            findings.extend(found.map(|word| format!("{file}: {word}")));
        }
    }
    report(findings, "these know what their layer must not");
}

#[test]
fn unsafe_is_where_it_is_said_to_be() {
    let has_unsafe = |file: &String| tokens(&read(file)).iter().any(|token| token.is("unsafe"));
    let files = files(&[".rs"]).into_iter().filter(has_unsafe);
    let findings = files.map(|file| (file, "has `unsafe`".to_owned()));
    report(beyond(UNSAFE, findings.collect()), "do without `unsafe`, or say why in UNSAFE");
}
