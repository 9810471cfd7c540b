//! What mods say of themselves and ask of others: checked before anything runs.

use std::fs;

use sandtable::catalog::Manifest;
use serde_json::json;

use crate::harness::*;
use crate::place::Place;

const BORROWER: &str = "id = \"borrower\"\nversion = \"0.1.0\"\ninterface = \"0.2.0\"\n";
const DRIFT: &str = "id = \"drift\"\nversion = \"0.1.0\"\ninterface = \"0.2.0\"\n";

/// A world of `drift` and `borrower`, with more to its file and manifests.
fn world(more: &str, manifests: &[(&str, &str)]) -> Place {
    let place = Place::with(WORLD, &["drift", "borrower"]);
    let text = fs::read_to_string(place.at("world.toml")).unwrap();
    place.write("world.toml", format!("{text}{more}"));
    for (id, text) in manifests {
        place.write(&format!("{id}.toml"), text);
    }
    place
}

fn mod_with(name: &str, manifest: &str) -> sandtable::catalog::ModSource {
    let mut source = guest(name);
    let manifest: Manifest = toml::from_str(manifest).unwrap();
    source.manifest = Some(manifest);
    source
}

#[test]
fn a_manifest_is_read_beside_its_component_and_told_with_its_place() {
    let refused = |manifest: &str, expected: &str| {
        let place = world("", &[("borrower", manifest)]);
        place.refuses_to_run(&format!("./borrower.toml:{expected}"));
    };
    refused("", "1:1: the key `id` is missing at the top level: add it");
    refused(
        &BORROWER.replace("0.1.0\"\ni", "one\"\ni"),
        "2:11: `version` is \"one\", which is no version (unexpected character 'o' while parsing \
         major version number): write it like `1.2.3`",
    );
    refused(
        &BORROWER.replace("borrower", "lender"),
        "1:1: `id` is `lender`, but the world file loads the mod as `borrower`: rename one of \
         the two",
    );
    refused(
        &format!("{BORROWER}[asks]\nread = [\"drift\"]\n"),
        "5:8: `asks.read` is \"drift\", which names nothing of a mod: write a kind like \
         `economy/Treasury`, a table like `economy__trades`, an asset like `economy:rates.csv`, \
         or all of a sort like `economy/*`",
    );
}

#[test]
fn a_manifest_of_another_version_is_refused() {
    let manifest = BORROWER.replacen("0.1.0", "0.3.0", 1);
    world("", &[("borrower", &manifest)]).refuses_to_run(
        "mod `borrower` cannot be loaded: it is version 0.1.0, and its mod.toml says 0.3.0: make \
         both the same",
    );
    let manifest = BORROWER.replacen("0.2.0", "0.1.0", 1);
    world("", &[("borrower", &manifest)]).refuses_to_run(
        "mod `borrower` cannot be loaded: it was made for sandtable:guest 0.2.0, and its mod.toml \
         says 0.1.0: write `interface = \"0.2.0\"` there, or build it with the SDK of that version",
    );
}

#[test]
fn findings_and_dispensable_systems_are_events_and_systems_of_the_mod() {
    let refused = |id: &str, manifest: &str, expected: &str| {
        let place = Place::with(WORLD, &[id]);
        let of_mod = format!("id = \"{id}\"\nversion = \"0.1.0\"\ninterface = \"0.2.0\"\n");
        place.write(&format!("{id}.toml"), format!("{of_mod}{manifest}"));
        let begins = format!("mod `{id}` cannot be loaded: its mod.toml has");
        place.refuses_to_run(&format!("{begins} {expected}"));
    };
    refused(
        "drift",
        "[[finding]]\nevent = \"Odd\"\nseverity = \"warning\"\nabout = \"It is odd.\"\n",
        "`Odd` as a finding, and it declares no event of that name: name an event that it sends, or \
         remove the `[[finding]]`",
    );
    for (name, why) in [
        ("wander", "it has no system of that name"),
        ("count", "that system reads events"),
        ("populate", "that system runs once"),
    ] {
        refused(
            "herald",
            &format!("dispensable = [\"{name}\"]\n"),
            &format!(
                "`{name}` under `dispensable`, and {why}: name systems that run again and again and \
                 read no events"
            ),
        );
    }
}

#[test]
fn grants_that_mean_nothing_are_refused_with_their_place() {
    for (grants, expected) in [
        ("read = [\"everything\"]", "6:8: `mods.borrower.grants.read` is \"everything\", which"),
        (
            "read = [\"borrower/Note\"]",
            "6:9: `mods.borrower.grants.read[0]` is `borrower/Note`, but",
        ),
        ("read = [\"a/B\", \"a/B\"]", "6:16: `mods.borrower.grants.read[1]` is `a/B` a second"),
        ("see = []", "6:1: there is no key `see` in `mods.borrower.grants`; the keys are `read`, "),
    ] {
        let text = format!("{WORLD}[mods.borrower]\npath = \"borrower.wasm\"\n");
        let place = Place::with(WORLD, &["borrower"]);
        place.write("world.toml", text.replace("path", &format!("grants.{grants}\npath")));
        let refusal = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
        let told = refusal.split_once(": ").unwrap().1;
        let expected = expected.split_once(": ").unwrap().1;
        assert!(told.starts_with(expected), "`{refusal}` says `{expected}`");
    }
}

#[test]
fn what_systems_use_and_was_neither_asked_for_nor_granted_is_refused_in_one_sentence() {
    // Without a manifest, what it uses is what it asks for.
    world("", &[]).refuses_to_run(
        "mod `borrower` cannot be loaded: it asks to read `drift/Position`, which the world does \
         not grant: write `read = [\"drift/Position\"]` under `[mods.borrower.grants]` in the \
         world file",
    );
    world("grants.read = [\"drift/*\"]\n", &[("borrower", BORROWER)]).refuses_to_run(
        "mod `borrower` cannot be loaded: its systems read `drift/Position`, and its mod.toml \
         does not ask for that: write `read = [\"drift/Position\"]` under `[asks]` there",
    );
    let asking = format!(
        "{BORROWER}[asks]\nread = [\"drift/Position\", \"drift:*\"]\nwrite = [\"drift/Velocity\"]\n"
    );
    world("grants.read = [\"drift/Position\", \"drift:count\"]\n", &[("borrower", &asking)])
        .refuses_to_run(
            "mod `borrower` cannot be loaded: it asks to read `drift:*` and write \
             `drift/Velocity`, which the world does not grant: write `read = [\"drift/Position\", \
             \"drift:count\", \"drift:*\"]` and `write = [\"drift/Velocity\"]` under \
             `[mods.borrower.grants]` in the world file",
        );
    let granted = "grants.read = [\"drift/Position\", \"drift:*\"]\n\
                   grants.write = [\"drift/Velocity\"]\n";
    let place = world(granted, &[("borrower", &asking)]);
    assert_eq!(ticks(Some(place.0.path()), &place.at("new.db"), 3)["faults"], 0);
    assert_eq!(ticks(None, &place.at("new.db"), 1)["faults"], 0, "grants are in the save");
}

#[test]
fn a_command_for_what_was_not_granted_faults() {
    let run_with = |write: &str| {
        let mods = vec![guest("drift"), with_asset(guest("borrower"), "meddle", "")];
        let text = format!(
            "{WORLD}[mods.borrower]\npath = \"\"\n\
             grants = {{ read = [\"drift/Position\"], write = [{write}] }}\n"
        );
        let mut simulation = world_of(&text, mods, 1);
        let records = run(&mut simulation, 3);
        let faults: Vec<_> = records.iter().flat_map(faults).collect();
        (faults, values(simulation.world(), "drift/Velocity")[0].1["x"].clone())
    };
    let (faults, speed) = run_with("");
    assert_eq!(faults.len(), 2);
    assert_eq!(
        faults[0],
        (
            "borrower/meddle".to_owned(),
            "it did what it has not declared: a command changes `drift/Velocity`, which it was \
             not granted to write"
                .to_owned()
        )
    );
    assert_eq!(speed, json!(1.0));
    assert_eq!(run_with("\"drift/Velocity\""), (Vec::new(), json!(9.0)));
}

#[test]
fn files_of_other_mods_are_there_once_they_are_granted() {
    let note = |read: &str| {
        let mods = vec![with_asset(guest("drift"), "count", "7"), guest("borrower")];
        let text =
            format!("{WORLD}[mods.borrower]\npath = \"\"\ngrants.read = [\"drift/*\"{read}]\n");
        let mut simulation = world_of(&text, mods, 1);
        run(&mut simulation, 1);
        values(simulation.world(), "borrower/Note")[0].1.clone()
    };
    assert_eq!(note(""), json!({"names": [], "count": ""}));
    assert_eq!(note(", \"drift:c*\""), json!({"names": ["drift:count"], "count": "7"}));
    assert_eq!(note(", \"drift:d*\""), json!({"names": [], "count": ""}));
}

#[test]
fn limits_above_those_of_the_world_are_the_operators_to_give() {
    let asking = format!("{DRIFT}[limits]\nfuel = 3000000000\ncommands_max = 10\n");
    let place = Place::with(WORLD, &["drift"]);
    place.write("drift.toml", &asking).refuses_to_run(
        "mod `drift` cannot be loaded: its mod.toml asks for 3000000000 as the limit `fuel`, and \
         the world allows 2000000000: write `fuel = 3000000000` under `[mods.drift.limits]` in \
         the world file, or ask for less",
    );
    let limits_of = |more: &str| {
        let text = format!("{WORLD}[mods.drift]\npath = \"\"\n[mods.drift.limits]\n{more}");
        let simulation = world_of(&text, vec![mod_with("drift", &asking)], 1);
        let limits = &simulation.program().mods[0].limits;
        (limits.fuel, limits.commands_max)
    };
    // The world file has the last word, in both directions.
    assert_eq!(limits_of("fuel = 3000000000\n"), (3_000_000_000, 10));
    assert_eq!(limits_of("fuel = 1000000\ncommands_max = 200\n"), (1_000_000, 200));
}

#[test]
fn mods_that_do_not_go_together_are_refused_with_all_that_stands_in_the_way() {
    let granted = "grants.read = [\"drift/*\"]\n";
    let asks = "[asks]\nread = [\"drift/*\"]\n";
    for (borrower, drift, expected) in [
        (
            "drift = \"^2\"\nweather = \">=1, <3\"\n",
            "",
            "the mods do not go together: `borrower` 0.1.0 needs `drift` ^2, and the world has \
             0.1.0; `borrower` 0.1.0 needs `weather` >=1, <3, and the world does not have it; \
             take another version of `drift`; add `[mods.weather]` to the world file",
        ),
        (
            "drift = { version = \"1\", optional = true }\n",
            "",
            "the mods do not go together: `borrower` 0.1.0 goes only with `drift` ^1, and the \
             world has 0.1.0; take another version of `drift`",
        ),
        (
            "",
            "[incompatible]\nborrower = \"<1\"\n",
            "the mods do not go together: `drift` 0.1.0 does not go with `borrower` <1, and the \
             world has 0.1.0; take another version of `borrower`",
        ),
        (
            "drift = \"0.1\"\n",
            "[dependencies]\nborrower = \"*\"\n",
            "mods depend on each other: `borrower` on `drift` on `borrower`; take one of these \
             dependencies out of its mod.toml",
        ),
    ] {
        let borrower = format!("{BORROWER}{asks}[dependencies]\n{borrower}");
        let drift = format!("{DRIFT}{drift}");
        world(granted, &[("borrower", &borrower), ("drift", &drift)]).refuses_to_run(expected);
    }
}

#[test]
fn who_builds_on_others_runs_after_them() {
    let order = |dependencies: &str| {
        let asks = "[asks]\nread = [\"drift/*\"]\n";
        let borrower = format!("{BORROWER}{asks}[dependencies]\n{dependencies}");
        let text = format!("{WORLD}[mods.borrower]\npath = \"\"\ngrants.read = [\"drift/*\"]\n");
        let mods = vec![mod_with("borrower", &borrower), guest("drift")];
        let mut simulation = world_of(&text, mods, 1);
        let runs = run(&mut simulation, 2)[1].runs.clone();
        runs.into_iter().map(|run| run.system).collect::<Vec<_>>()
    };
    assert_eq!(order(""), ["borrower/meddle", "drift/drift"], "by id");
    assert_eq!(order("drift = \"0.1\""), ["drift/drift", "borrower/meddle"]);
    let optional = "drift = { version = \"0\", optional = true }";
    assert_eq!(order(optional), ["drift/drift", "borrower/meddle"]);
}
