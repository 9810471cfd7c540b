//! Entities by what they are called: as of the tick that is asked about, also
//! those who are dead by now, and never one for another.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::save::{Answer, Reader, Ticks};

use crate::harness::*;

const NAMED: &str = "[world]\nname = \"test\"\nseed = 7\nlabel = \"citizens/Citizen.name\"\n";

/// Eight ticks: Mortal dies in the fourth, Ada becomes a countess in the sixth.
fn lived(folder: &Path, text: &str) -> PathBuf {
    let save = folder.join("town.db");
    let mods = vec![guest("citizens")];
    let config = config(text, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 8);
    world.close().unwrap();
    save
}

fn all() -> Ticks {
    Ticks::default()
}

fn column(answer: &Answer, name: &str) -> Vec<String> {
    let at = answer.table.columns.iter().position(|column| column == name).expect(name);
    answer.table.rows.iter().map(|row| sandtable::save::exact(&row[at])).collect()
}

#[test]
fn entities_are_found_by_their_label_of_the_tick_that_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), NAMED);
    let reader = Reader::open(&save).unwrap();
    let gold = |who: &str, ticks| reader.history(who, "citizens/Wealth.gold", ticks);
    let countess = gold("Countess", all()).unwrap();
    assert_eq!(column(&countess, "gold").last().unwrap(), "70");
    assert_eq!(countess.notes, ["0v1 is Countess"]);
    assert_eq!(gold("countess", all()).unwrap(), countess, "small or capital");
    let before = Ticks { from: None, to: Some(5) };
    assert_eq!(gold("Ada", before).unwrap().notes, ["0v1 is Ada"]);
    assert_eq!(gold("Ada", all()).unwrap(), countess, "who was called so once");
    assert_eq!(gold("0v1", all()).unwrap(), countess);

    let dead = reader.timeline("Mortal", all()).unwrap();
    assert_eq!(column(&dead, "action").last().unwrap(), "despawned");
    assert!(dead.notes.iter().any(|note| note == "3v1 is Mortal"), "{:?}", dead.notes);
    let met = column(&dead, "label").into_iter().find(|label| !label.is_empty());
    assert_eq!(met.as_deref(), Some("Twin"), "whom an edge leads to");
    let blamed = reader.blame("Mortal", "citizens/Wealth.gold", all()).unwrap();
    assert_eq!(column(&blamed, "new"), ["3", "13", "23", "33", ""]);
}

#[test]
fn a_label_that_means_no_entity_or_several_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), NAMED);
    let reader = Reader::open(&save).unwrap();
    let refused = |who: &str| {
        let told = reader.history(who, "citizens/Wealth", all()).unwrap_err().to_string();
        told.split_once("town.db ").expect("of which save").1.to_owned()
    };
    assert_eq!(refused("Twin"), "has 2 entities called `Twin` at tick 8: give one of 1v1, 2v1");
    assert_eq!(
        refused("Countes"),
        "has no entity that is called `Countes` up to tick 8: there is Countess"
    );
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let without = lived(&other, WORLD);
    let reader = Reader::open(&without).unwrap();
    let told = reader.timeline("Ada", all()).unwrap_err().to_string();
    assert!(told.contains("`label` in [world] of a world file says"), "{told}");
}

#[test]
fn a_difference_says_of_whom() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), NAMED);
    let reader = Reader::open(&save).unwrap();
    let diff = reader.diff(Ticks { from: Some(3), to: Some(8) }).unwrap();
    let rows: Vec<(String, String)> =
        column(&diff, "entity").into_iter().zip(column(&diff, "label")).collect();
    let called = |entity: &str| rows.iter().find(|(it, _)| it == entity).map(|(_, it)| it.as_str());
    assert_eq!((called("0v1"), called("1v1")), (Some("Countess"), Some("Twin")));
    assert_eq!(called("3v1"), Some("Mortal"), "who is dead by now");
    let unrelated = column(&diff, "action").iter().position(|it| it == "unrelated").unwrap();
    assert_eq!(column(&diff, "target_label")[unrelated], "Twin");
}

#[test]
fn a_label_is_a_field_of_a_component_or_the_world_does_not_start() {
    let mods = || vec![guest("citizens")];
    for (label, expected) in [
        ("\"citizens/Citizen.nick\"", "and citizens/Citizen has no field `nick`: it has name"),
        ("[\"citizens/Wealth.gold\", \"citizens/Town.name\"]", "which is no component: there is"),
        ("\"Citizen.name\"", "which is no field of a component"),
    ] {
        let text = format!("[world]\nname = \"test\"\nlabel = {label}\n");
        let config = config(&text, &mods());
        let refused = Simulation::create(None, config, mods(), quiet(1)).err().expect(label);
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    let folder = tempfile::tempdir().unwrap();
    let both =
        "[world]\nname = \"test\"\nlabel = [\"citizens/Citizen.name\", \"citizens/Wealth.gold\"]\n";
    let save = lived(folder.path(), both);
    let told = Reader::open(&save).unwrap().inquiry().unwrap();
    let config = told.query("SELECT config ->> '$.world.label[1]' FROM st_settings").unwrap();
    assert_eq!(config.rows, [[Value::Text("citizens/Wealth.gold".to_owned())]], "part of settings");
}
