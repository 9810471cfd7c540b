//! The page in a real browser, as a person uses it: `tests/browser/page.mjs` drives
//! Chromium, and has axe look at each view; `worlds.mjs` where there are several worlds,
//! `story.mjs` where questions say how their answers are shown, and `answers.mjs` where those
//! are easily mistaken.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::OnAir;
use super::worlds::saves;
use crate::harness::*;
use crate::outside::{CHROMIUM, NODE, needs};

/// How much more time each step may take than the page is to take on a quiet machine: a
/// test says that it works, and `node page.mjs` how fast.
const SLACK: &str = "40";

#[test]
fn the_page_is_usable_by_keyboard_and_pointer_and_accessible() {
    needs!(CHROMIUM, NODE);
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let earth = earth_that_grants_edits(folder.path());
    told(
        sandtable().arg("run").arg(&earth).arg("--save").arg(&save).args(["--ticks", "120", "-q"]),
    );
    let mut command = sandtable();
    command.arg("serve").arg(&save);
    let on_air = OnAir::of(command, folder, &["--hz", "4"]);
    let said = drives("page.mjs", &on_air.link);
    assert!(said.lines().filter(|line| line.starts_with("ok  ")).count() >= 15, "{said}");
}

/// The example as a world of its own beside its save: its paths lead where they led.
fn earth_that_grants_edits(folder: &Path) -> PathBuf {
    let root = root();
    let text = std::fs::read_to_string(root.join("examples/earth/world.toml")).unwrap();
    let text = text.replace("\"../../mods/", &format!("\"{}/mods/", root.display()));
    let data = format!("\"{}/examples/earth/data\"", root.display());
    let text = text.replace("\"data\"", &data) + "\n[api]\nedit = true\n";
    let world = folder.join("earth");
    std::fs::create_dir(&world).unwrap();
    std::fs::write(world.join("world.toml"), text).unwrap();
    world
}

#[test]
fn one_of_several_worlds_is_chosen_and_let_run() {
    needs!(CHROMIUM, NODE);
    let folder = saves(&["citizens"], 3, &["one", "two"]);
    std::fs::write(folder.path().join("worlds/broken.db"), "no save").unwrap();
    let mut command = sandtable();
    command.arg("serve").arg(folder.path().join("worlds"));
    let on_air = OnAir::of(command, folder, &["--hz", "10"]);
    let said = drives("worlds.mjs", &on_air.link);
    assert_eq!(said.lines().filter(|line| line.starts_with("ok  ")).count(), 3, "{said}");
}

#[test]
fn a_story_is_read_by_scenes_feelings_and_people() {
    needs!(CHROMIUM, NODE);
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let novel = root().join("examples/novel");
    told(sandtable().arg("run").arg(&novel).arg("--save").arg(&save).args(["--ticks", "1", "-q"]));
    let mut send = sandtable();
    send.arg("send").arg(&save).args(["story/Event", "--ndjson"]).arg(novel.join("novel.ndjson"));
    told(&mut send);
    told(sandtable().args(["run", "--save"]).arg(&save).args(["--ticks", "2", "-q"]));
    let mut command = sandtable();
    command.arg("serve").arg(&save);
    let on_air = OnAir::of(command, folder, &["--hz", "1"]);
    let said = drives("story.mjs", &on_air.link);
    assert_eq!(said.lines().filter(|line| line.starts_with("ok  ")).count(), 8, "{said}");
}

#[test]
fn answers_are_not_taken_for_others() {
    needs!(CHROMIUM, NODE);
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("world"), folder.path().join("save.db"));
    write_world(&world, include_str!("odd.toml"), &["traps"]);
    // It is suspended alone.
    let manifest = "id = \"traps\"\nversion = \"0.1.0\"\ninterface = \"0.2.0\"\n\
                    dispensable = [\"misbehave\"]\n";
    std::fs::write(world.join("traps.toml"), manifest).unwrap();
    ticks(Some(&world), &save, 10);
    let mut command = sandtable();
    command.arg("serve").arg(&save);
    let on_air = OnAir::of(command, folder, &["--hz", "1"]);
    let said = drives("answers.mjs", &on_air.link);
    assert_eq!(said.lines().filter(|line| line.starts_with("ok  ")).count(), 6, "{said}");
}

/// Drives the page behind a link; gives what was found to be so.
fn drives(program: &str, link: &str) -> String {
    let (chromium, node) = (CHROMIUM.find().unwrap(), NODE.find().unwrap());
    let tests = root().join("tests/browser");
    let axe = tests.join("node_modules/axe-core/axe.min.js");
    let mut command = Command::new(node);
    command.arg(tests.join(program)).arg(link).arg(axe);
    command.env("CHROMIUM", chromium).env("SLACK", SLACK).env("ENTITY", "Germany");
    command.env("FIELD", "economy/TaxRate.share").env("WHY", "economy/Economy.gdp_usd");
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{wrong}");
    said
}
