//! What led to the world: every tick can be gone back to, exactly.

use std::path::Path;
use std::sync::Arc;

use sandtable::Simulation;
use sandtable::catalog::{self, ModSource};
use sandtable::hash::StateHasher;
use sandtable::record::TickRecord;
use sandtable::save::{Reader, Terms};

use crate::harness::*;
use crate::place::Place;

/// Every tick of a save that its history reaches has the hash that was recorded,
/// whether it is gone back to or stepped to from the one before.
fn comes_back(save: &Path, records: &[TickRecord]) {
    let reader = Reader::open(save).unwrap();
    let stepping = stepping(save);
    for record in records {
        let world = reader.world_at(record.tick).unwrap();
        let stepped = stepping.world_at(record.tick).unwrap();
        let tables = Arc::new(reader.tables_at(record.tick).unwrap().tables().unwrap());
        for mut found in [stepped, world] {
            found.tables = tables.clone();
            let found = StateHasher::default().digest(&found);
            assert_eq!(found, record.state, "tick {}", record.tick);
        }
    }
}

/// A reader that goes to a tick from the nearest before it that it was asked for.
fn stepping(save: &Path) -> Reader {
    let (heads, worlds) = (Some(Arc::default()), Some(Arc::default()));
    Reader::open(save).unwrap().on(Terms { heads, worlds, until: None })
}

fn create(save: &Path, text: &str, mods: Vec<ModSource>) -> Simulation {
    Simulation::create(Some(save), config(text, &mods), mods, quiet(2)).unwrap()
}

#[test]
fn every_tick_of_a_busy_world_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("busy.db");
    let mods = || vec![guest("menagerie"), guest("watcher"), guest("diary"), guest("ledger")];
    let mut world = create(&save, WORLD, mods());
    let mut records = run(&mut world, 90);
    world.close().unwrap();
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    records.extend(run(&mut world, 30));
    comes_back(&save, &records);
    world.close().unwrap();
}

#[test]
fn every_tick_of_earth_comes_back() {
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let mut config = file.config;
    config.durability = sandtable::config::Durability::SyncEveryTicks { ticks: 0 };
    let mut earth = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    let records = run(&mut earth, 400);
    earth.close().unwrap();
    comes_back(&save, &records[370..]);
    comes_back(&save, &records[..3]);
}

#[test]
fn a_question_is_answered_tick_by_tick() {
    let place = Place::with(WORLD, &["menagerie", "ledger"]);
    let save = place.at("save.db");
    ticks(Some(place.0.path()), &save, 12);
    let select = "SELECT count(*) AS n, 'x' AS word FROM entities";
    let ask = |arguments: &[&str]| told(place.program(&["sql", "save.db"]).args(arguments));
    let series = ask(&[select, "--every", "5", "--format", "csv"]);
    let then = |tick: u64| {
        let said = ask(&[select, "--at", &tick.to_string(), "--format", "csv"]);
        let row = said.trim_end().lines().last().unwrap().to_owned();
        format!("{tick},{row}")
    };
    let expected = ["tick,n,word".to_owned(), then(0), then(5), then(10)];
    assert_eq!(series.lines().collect::<Vec<_>>(), expected);
    let part = ask(&[select, "--every", "2", "--from", "7", "--to", "10", "--format", "csv"]);
    assert_eq!(part.lines().collect::<Vec<_>>(), [&expected[0], &then(7), &then(9)]);
    // With one column of numbers there is a picture; tables of mods are as they were.
    let entries = "SELECT count(*) AS n FROM ledger__entries";
    let pictured = ask(&[entries, "--every", "3"]);
    assert!(pictured.starts_with("n ▁"), "{pictured}");
    assert!(pictured.contains(" 1 to 37\n"), "{pictured}");
    let refused =
        place.refusal(&["sql", "save.db", "SELECT missing FROM entities", "--every", "5"]);
    assert!(refused.starts_with("no such column: missing"), "{refused}");
}

#[test]
fn long_answers_are_cut_and_summed_up() {
    let place = Place::with(WORLD, &["menagerie"]);
    ticks(Some(place.0.path()), &place.at("save.db"), 6);
    let diff = ["diff", "save.db", "--from", "1", "--to", "2"];
    let whole = told(place.program(&diff).args(["--format", "csv"]));
    let rows = whole.lines().count() - 1;
    let output = place.program(&diff).args(["--limit", "3"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let summary = said.lines().next().unwrap();
    assert!(summary.contains("changed"), "{summary}");
    let counts = summary.split(", ").map(|part| part.split(' ').next().unwrap().replace(',', ""));
    let counts: Vec<usize> = counts.map(|count| count.parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<usize>(), rows, "{summary}");
    let note = String::from_utf8(output.stderr).unwrap();
    assert_eq!(note, format!("note: {} more rows follow; see `--limit`\n", rows - 3));
}

#[test]
fn a_step_over_a_swap_is_a_step_of_the_new_mods() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let mut world = create(&save, WORLD, vec![guest("shop")]);
    run(&mut world, 5);
    let renamed = ModSource { id: "shop".to_owned(), ..guest("shop_renamed") };
    world.swap(vec![renamed]).expect("swapped");
    let records = run(&mut world, 3);
    world.close().unwrap();
    for earlier in 3..=5 {
        let reader = stepping(&save);
        reader.world_at(earlier).unwrap();
        let mut stepped = reader.world_at(records[2].tick).unwrap();
        stepped.tables = Arc::new(reader.tables_at(records[2].tick).unwrap().tables().unwrap());
        assert_eq!(StateHasher::default().digest(&stepped), records[2].state);
    }
}
