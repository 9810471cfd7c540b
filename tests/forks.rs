//! What would be if: a world in memory beside the one that is, and nothing written.

use std::time::Duration;

use sandtable::edit::Edit;
use sandtable::save::{Reader, Ticks};
use sandtable::what_if::{Forked, Watch, Watched, WhatIf, what_if};
use sandtable::{Error, Simulation};
use serde_json::{Value as Json, json};

use crate::harness::*;

/// A world of citizens that has done ten ticks; it grants no edits.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mods = vec![guest("citizens")];
        let config = config(&format!("{WORLD}label = \"citizens/Citizen.name\"\n"), &mods);
        let save = folder.path().join("save.db");
        let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
        run(&mut world, 10);
        world.close().unwrap();
        Self { folder }
    }

    fn save(&self) -> std::path::PathBuf {
        self.folder.path().join("save.db")
    }

    fn ask(&self, asked: &WhatIf) -> Result<Forked, Error> {
        let before = std::fs::read(self.save()).unwrap();
        let forked = what_if(&self.save(), asked, None).map(|(forked, _)| forked);
        assert!(std::fs::read(self.save()).unwrap() == before, "nothing is written");
        assert_eq!(names_in(self.folder.path()), ["save.db"]);
        forked
    }
}

fn asked(at: Option<u64>, ticks: u64, edits: &[Json]) -> WhatIf {
    let (entity, component) = ("0v1".to_owned(), "citizens/Wealth".to_owned());
    let sum = "SELECT sum(gold) FROM citizens_wealth".to_owned();
    WhatIf {
        at,
        ticks,
        inputs: Vec::new(),
        edits: edits.iter().map(|edit| Edit::parse(edit).unwrap()).collect(),
        watch: vec![
            Watch {
                title: "gold".to_owned(),
                of: Watched::Field { entity, component, field: "gold".to_owned() },
            },
            Watch { title: "all".to_owned(), of: Watched::Select(sum) },
        ],
        sender: "a test".to_owned(),
        deadline: Duration::from_secs(60),
    }
}

#[test]
fn a_fork_without_changes_is_what_happened_and_goes_on() {
    let place = Place::new();
    let forked = place.ask(&asked(Some(3), 20, &[])).unwrap();
    assert_eq!((forked.at, forked.to, forked.recorded), (3, 23, 10));
    assert_eq!((forked.first.len(), forked.summary.len(), forked.cut), (0, 0, None));
    let gold = &forked.series[0];
    assert_eq!(gold.truth, gold.changed);
    assert_eq!(gold.ticks, (3..=23).collect::<Vec<u64>>());
    let recorded = Reader::open(&place.save()).unwrap();
    let recorded =
        recorded.history("0v1", "citizens/Wealth.gold", Ticks { from: Some(3), to: Some(10) });
    let recorded: Vec<Json> = serde_json::from_str(&recorded.unwrap().table.to_json()).unwrap();
    let recorded: Vec<Json> = recorded.iter().map(|it| it["gold"].clone()).collect();
    assert_eq!(gold.truth[..8], recorded, "up to the last tick it is what happened");
    assert_eq!(gold.truth[20], 220);
}

#[test]
fn an_input_that_is_tried_tells_which_events_would_come_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mods = vec![guest("herald")];
    let save = folder.path().join("save.db");
    let mut world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
    // In tick 4 there is a call of its own.
    run(&mut world, 3);
    world.send("herald/Call", &json!({ "number": 5 }), "a test").unwrap();
    run(&mut world, 2);
    world.close().unwrap();
    let before = std::fs::read(&save).unwrap();
    let tried = |number: u32| {
        let inputs = vec![("herald/Call".to_owned(), json!({ "number": number }))];
        let asked = WhatIf { inputs, watch: Vec::new(), ..asked(Some(3), 1, &[]) };
        what_if(&save, &asked, None).unwrap().0
    };
    let told = tried(7);
    let [event] = &told.events[..] else { panic!("one of both: {:?}", told.events) };
    assert_eq!(
        (event.tick, event.name.as_str(), &event.value),
        (4, "herald/Echo", &json!({ "number": 7 }))
    );
    assert_eq!((event.system.as_str(), event.is_of_changed), ("herald/answer", true));
    // One more that is the same as another is one more all the same.
    assert_eq!((tried(5).events.len(), tried(5).events_more), (1, 0));
    assert_eq!(told.events_to, told.to);
    assert!(std::fs::read(&save).unwrap() == before, "nothing is written");
}

#[test]
fn what_becomes_other_first_is_told_with_the_system_that_made_it_so() {
    let place = Place::new();
    // One of this name dies in tick 4.
    let edit = json!({
        "op": "set", "entity": "0v1", "component": "citizens/Citizen", "value": { "name": "Mortal" },
    });
    let forked = place.ask(&asked(Some(2), 8, &[edit])).unwrap();
    assert_eq!(forked.edits[0].refused, None);
    let first = &forked.first[0];
    assert_eq!((first.tick, first.by_hand, first.system.clone()), (3, true, None));
    assert_eq!((&first.truth, &first.changed), (&json!("Ada"), &json!("Mortal")));
    let death = forked.first.iter().find(|it| it.kind.is_none()).expect("she dies");
    assert_eq!((death.tick, death.system.as_deref()), (4, Some("citizens/live")));
    let [gold, all] = &forked.series[..] else { panic!("two are watched") };
    assert_eq!((&gold.truth[8], &gold.changed[8]), (&json!(90), &Json::Null));
    assert!(all.changed[8].as_i64() < all.truth[8].as_i64());
    let of = |action: &str| forked.summary.iter().find(|it| it.action == action).map(|it| it.count);
    assert_eq!(of("despawned"), Some(1));
}

#[test]
fn a_fork_goes_on_from_now_with_edits_that_the_world_does_not_grant() {
    let place = Place::new();
    let edits = [
        json!({ "op": "set", "entity": "0v1", "component": "citizens/Wealth", "value": { "gold": 0 } }),
        json!({ "op": "despawn", "entity": "99v9" }),
    ];
    let forked = place.ask(&asked(None, 1, &edits)).unwrap();
    assert_eq!((forked.at, forked.to), (10, 11));
    assert_eq!(forked.series[0].truth, [90, 100]);
    assert_eq!(forked.series[0].changed, [90, 10]);
    assert_eq!(forked.edits[1].refused.as_deref(), Some("entity 99v9 is not alive"));
}

#[test]
fn what_cannot_be_forked_is_told_in_a_sentence() {
    let place = Place::new();
    let said = place.ask(&asked(Some(99), 1, &[])).unwrap_err().to_string();
    assert!(said.contains("cannot go to tick 99: its history has ticks from 0 to 10"), "{said}");
    let mut wrong = asked(None, 1, &[]);
    wrong.inputs = vec![("citizens/Decree".to_owned(), json!({}))];
    let said = place.ask(&wrong).unwrap_err().to_string();
    assert!(said.contains("no mod of this world declares an input"), "{said}");
    let mut wrong = asked(None, 1, &[]);
    wrong.watch[1].of = Watched::Select("SELECT gold FROM nowhere".to_owned());
    let said = place.ask(&wrong).unwrap_err().to_string();
    assert!(said.contains("nowhere"), "{said}");
    let mut wrong = asked(None, 1, &[]);
    wrong.watch[1].of = Watched::Select("DELETE FROM citizens_wealth".to_owned());
    place.ask(&wrong).unwrap_err();
}

#[test]
fn the_command_line_prints_what_would_be() {
    let place = Place::new();
    let fork = |more: &[&str]| {
        told(
            sandtable()
                .arg("fork")
                .arg(place.save())
                .args(["--at", "2", "--ticks", "8"])
                .args(more),
        )
    };
    let edit =
        ["--edit", "Ada citizens/Citizen.name=Mortal", "--watch", "Ada citizens/Wealth.gold"];
    let said = fork(&edit);
    for part in
        ["what becomes other first", "the edit", "citizens/live", "what is other at the end"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let json: Json = serde_json::from_str(&fork(&[&edit[..], &["--json"]].concat())).unwrap();
    assert_eq!(json["series"][0]["truth"][0], 10);
    assert_eq!(json["first"][0]["by_hand"], true);
}
