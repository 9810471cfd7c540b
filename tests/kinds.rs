//! `kinds`: what kinds there are, and how other mods declare them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::place::Place;

#[test]
fn kinds_of_a_mod_a_world_and_its_save_are_the_same() {
    let place = Place::with_save(&["menagerie", "diary"]);
    let kinds = |path: &str| -> Vec<Json> {
        let text = told(&mut place.program(&["kinds", path, "--format", "json"]));
        serde_json::from_str(&text).expect("JSON")
    };
    let sorted = |kinds: Vec<Json>| -> BTreeSet<String> {
        kinds.into_iter().map(|kind| kind.to_string()).collect()
    };
    let of_world = kinds(".");
    let named = |name: &str| {
        of_world.iter().find(|kind| kind["kind"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    let diary = named("diary/Diary");
    assert_eq!((&diary["role"], &diary["mod"]), (&json!("component"), &json!("diary")));
    assert_eq!((&diary["storage"], &diary["bytes"]), (&json!("dynamic"), &json!(null)));
    let fields = diary["fields"].as_str().expect("text");
    assert!(fields.starts_with("title: string, pages: list<string>, "), "{fields}");
    let expected = sorted(of_world.clone());
    assert_eq!(sorted(kinds("save.db")), expected);
    assert_eq!(sorted(kinds("world.toml")), expected);
    let of_mod = kinds("diary.wasm");
    assert!(of_mod.iter().all(|kind| kind["mod"] == "diary"), "{of_mod:?}");
    let table = told(&mut place.program(&["kinds", "save.db"]));
    assert!(table.contains("storage") && table.contains("diary/Diary"), "{table}");
    let written = told(&mut place.program(&["kinds", "save.db", "--rust", "diary/Diary"]));
    assert!(written.contains("\n#[component(of = \"diary\")]\npub struct Diary {\n"), "{written}");
    let refusal = place.refusal(&["kinds", "save.db", "--rust", "diaries"]);
    assert!(refusal.starts_with("there is no kind `diaries`: give a mod, or one of "), "{refusal}");
    place.write("save.db", "no save");
    assert!(place.refusal(&["kinds", "save.db"]).starts_with("save.db is not a save"));
}

/// The kinds that a source declares as those of other mods.
fn declared(source: &str) -> Vec<String> {
    let mut owner = None;
    let mut kinds = Vec::new();
    for line in source.lines() {
        if let Some((_, of)) = line.split_once("(of = \"") {
            owner = of.split('"').next();
        } else if let (Some(of), Some(name)) = (owner, line.strip_prefix("pub struct ")) {
            let end = name.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(name.len());
            kinds.push(format!("{of}/{}", &name[..end]));
            owner = None;
        }
    }
    kinds
}

#[test]
fn the_mods_of_earth_declare_kinds_of_others_as_they_are_written_for_them() {
    let mut checked = 0;
    for folder in fs::read_dir(root().join("mods")).unwrap() {
        let file = folder.unwrap().path().join("src/foreign.rs");
        let Ok(source) = fs::read_to_string(&file) else { continue };
        let (_, declarations) = source.split_once("\n\n").expect("a file begins with what it is");
        let mut command = sandtable();
        command.arg("kinds").arg(root().join("examples/earth")).arg("--rust");
        let written = told(command.args(declared(&source)));
        assert_eq!(declarations, written, "{}", file.display());
        checked += 1;
    }
    assert_eq!(checked, 5);
}
