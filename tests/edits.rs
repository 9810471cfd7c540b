//! Changes by hand are inputs of a tick: done whole or not at all, known by who sent
//! them, run again by `verify`, and taken back by others of their kind.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandtable::ecs::Entity;
use sandtable::edit::{Edit, EditPlace};
use sandtable::record::{RequestKey, TickRecord};
use sandtable::save::{self, Parcel, Reader, Ticks};
use sandtable::{Settled, Simulation, send_parcel, verify};
use serde_json::{Value as Json, json};

use crate::harness::*;

const GRANTED: &str = "label = \"citizens/Citizen.name\"\n[api]\nedit = true\n";

/// A world of citizens, with a save, that has done some ticks.
struct Place {
    folder: tempfile::TempDir,
    world: Option<Simulation>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mods = vec![guest("citizens")];
        let config = config(&format!("{WORLD}{GRANTED}"), &mods);
        let save = folder.path().join("save.db");
        let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
        run(&mut world, 2);
        Self { folder, world: Some(world) }
    }

    fn save(&self) -> PathBuf {
        self.folder.path().join("save.db")
    }

    fn world(&mut self) -> &mut Simulation {
        self.world.as_mut().unwrap()
    }

    /// Gives the next tick an edit, and does it.
    fn edit(&mut self, edit: Json) -> TickRecord {
        let edit = Edit::parse(&edit).unwrap();
        self.send(edit, "ada");
        self.world().tick().unwrap()
    }

    fn send(&mut self, edit: Edit, sender: &str) {
        let parcel = Parcel { sender: sender.to_owned(), edits: vec![edit], ..Parcel::default() };
        self.world().take_in(&parcel, Box::new(|_| {})).unwrap();
    }

    fn value(&mut self, entity: &str, component: &str) -> Option<Json> {
        let all = values(self.world().world(), component);
        let entity = Entity::parse(entity).unwrap();
        all.into_iter().find(|(it, _)| *it == entity).map(|(_, value)| value)
    }

    fn name(&mut self, entity: &str) -> Option<Json> {
        Some(self.value(entity, "citizens/Citizen")?["name"].clone())
    }

    /// Closes it, and runs every tick of it again.
    fn verified(&mut self) -> u64 {
        self.world.take().unwrap().close().unwrap();
        let verified = verify::verify(&self.save(), None, None, 1, &mut |_| {}).unwrap();
        assert_eq!(verified.mismatch, None);
        assert_eq!(format!("{:?}", save::check(&self.save()).unwrap().findings), "[]");
        verified.ticks
    }
}

fn rows(save: &std::path::Path, sql: &str) -> Json {
    serde_json::from_str(&save::query(save, sql).unwrap().to_json()).unwrap()
}

fn set_name(entity: &str, name: &str) -> Json {
    json!({ "op": "set", "entity": entity, "component": "citizens/Citizen", "value": { "name": name } })
}

#[test]
fn every_operation_is_done_before_the_systems_and_run_again_by_verify() {
    let mut place = Place::new();
    let record = place.edit(json!([
        set_name("1v1", "Grace"),
        { "op": "set", "entity": "0v1", "component": "citizens/Wealth", "value": { "gold": 1000 } },
        { "op": "remove", "entity": "2v1", "component": "citizens/Wealth" },
        { "op": "unrelate", "from": "1v1", "relation": "citizens/Knows", "to": "0v1" },
        { "op": "spawn", "as": "newcomer", "components": { "citizens/Citizen": { "name": "Linus" } } },
        { "op": "insert", "entity": "newcomer", "component": "citizens/Wealth", "value": { "gold": 7 } },
        { "op": "relate", "from": "newcomer", "relation": "citizens/Knows", "to": "0v1" },
        { "op": "despawn", "entity": "3v1" },
    ]));
    let run = &record.edits[0];
    assert_eq!((run.sent.sender.as_str(), run.refused.clone()), ("ada", None));
    let [newcomer] = run.spawned[..] else { panic!("one is spawned: {:?}", run.spawned) };
    let newcomer = newcomer.to_string();
    assert_eq!((record.spawned, record.despawned), (1, 1));
    assert_eq!(place.name("1v1"), Some("Grace".into()));
    let gold = |place: &mut Place, entity: &str| {
        place.value(entity, "citizens/Wealth").map(|it| it["gold"].clone())
    };
    assert_eq!(gold(&mut place, "0v1"), Some(1010.into()), "what a system earned comes on top");
    assert_eq!(gold(&mut place, &newcomer), Some(17.into()));
    assert_eq!(gold(&mut place, "2v1"), None);
    assert_eq!(place.name("3v1"), None);
    run_more(&mut place);
    assert!(place.verified() >= 5);
}

fn run_more(place: &mut Place) {
    run(place.world(), 5);
}

#[test]
fn an_edit_of_which_one_thing_cannot_be_done_does_nothing() {
    let mut place = Place::new();
    for (edit, why) in [
        (
            json!([set_name("1v1", "Grace"), set_name("99v1", "x")]),
            "operation 2 (`set`): entity 99v1 is not alive",
        ),
        (set_name("1v9", "x"), "entity 1v9 is not alive"),
        (set_name("Ada", "x"), "`Ada` is no entity: write it as 12v3"),
        (
            json!({ "op": "set", "entity": "1v1", "component": "citizens/Citizen", "value": { "nam": "x" } }),
            "does not fit citizens/Citizen: ",
        ),
        (
            json!({ "op": "set", "entity": "1v1", "component": "citizens/Wealth", "value": { "gold": -1 } }),
            "does not fit citizens/Wealth: ",
        ),
        (
            json!({ "op": "remove", "entity": "1v1", "component": "citizens/Nothing" }),
            "`citizens/Nothing` is no component: there is",
        ),
        (
            json!({ "op": "unrelate", "from": "0v1", "relation": "citizens/Knows", "to": "1v1" }),
            "there is no citizens/Knows from 0v1 to 1v1",
        ),
        (
            json!({ "op": "spawn", "as": "5v1", "components": {} }),
            "`5v1` is how entities are written",
        ),
        (
            json!({ "op": "set-resource", "resource": "citizens/Wealth", "value": {} }),
            "the world has no resource citizens/Wealth",
        ),
    ] {
        let record = place.edit(edit.clone());
        let refused = record.edits[0].refused.clone().unwrap_or_default();
        assert!(refused.contains(why), "{edit}: {refused}");
    }
    assert_eq!(place.name("1v1"), Some("Twin".into()));
    let save = place.save();
    assert!(place.verified() >= 9);
    let refused = rows(&save, "SELECT count(*) AS n FROM edits WHERE refused IS NOT NULL");
    assert_eq!(refused[0]["n"], 9);
}

#[test]
fn what_is_expected_is_decided_at_the_tick_that_has_the_edit() {
    let mut place = Place::new();
    let was =
        json!({ "entity": "1v1", "component": "citizens/Citizen", "value": { "name": "Twin" } });
    let edit = |name: &str| json!({ "operations": [set_name("1v1", name)], "expects": [was] });
    // Both were sent while it was so: the second comes too late.
    place.send(Edit::parse(&edit("Grace")).unwrap(), "ada");
    place.send(Edit::parse(&edit("Linus")).unwrap(), "bob");
    let record = place.world().tick().unwrap();
    assert_eq!(record.edits[0].refused, None);
    assert_eq!(
        record.edits[1].refused.as_deref(),
        Some(
            "`name` of citizens/Citizen of 1v1 has changed: it is \"Grace\" by now, and not \"Twin\""
        )
    );
    let digest = |place: &mut Place| {
        let entity = Entity::parse("1v1").unwrap();
        let digest = place.world().world().entity_digest(entity).unwrap();
        sandtable::record::hex(&digest)
    };
    let of_now = digest(&mut place);
    let by_digest = json!({
        "operations": [{ "op": "remove", "entity": "1v1", "component": "citizens/Wealth" }],
        "expects": [{ "entity": "1v1", "digest": of_now }],
    });
    assert_eq!(place.edit(by_digest.clone()).edits[0].refused, None);
    let refused = place.edit(by_digest).edits[0].refused.clone();
    assert_eq!(refused.as_deref(), Some("1v1 has changed since it was looked at"));
    place.verified();
}

#[test]
fn blame_names_the_sender_and_why_says_it_was_by_hand() {
    let mut place = Place::new();
    place.edit(set_name("1v1", "Grace"));
    run_more(&mut place);
    place.world.take().unwrap().close().unwrap();
    let blame = told(sandtable().arg("blame").arg(place.save()).args([
        "Grace",
        "citizens/Citizen.name",
        "--format",
        "json",
    ]));
    let blame: Vec<Json> = serde_json::from_str(&blame).unwrap();
    let last = blame.last().unwrap();
    assert_eq!(
        (&last["step"], &last["sender"], &last["system"]),
        (&json!("edit"), &json!("ada"), &Json::Null)
    );
    assert_eq!((&last["old"], &last["new"]), (&json!("Twin"), &json!("Grace")));
    let why =
        told(sandtable().arg("why").arg(place.save()).args(["Grace", "citizens/Citizen.name"]));
    assert!(why.contains("was changed by ada, by hand, in tick 3"), "{why}");
    let by = "SELECT sender, step FROM changes WHERE action = 'changed' AND component = 'citizens/Citizen'";
    assert_eq!(rows(&place.save(), by)[0], json!({ "sender": "ada", "step": "edit" }));
}

#[test]
fn an_edit_is_taken_back_unless_what_it_set_has_changed_since() {
    let mut place = Place::new();
    let undo = |place: &mut Place, tick: u64| -> TickRecord {
        let edit = Reader::open(&place.save()).unwrap().inverse(EditPlace { tick, number: 0 });
        place.send(edit.unwrap(), "bob");
        place.world().tick().unwrap()
    };
    let at = place.edit(set_name("1v1", "Grace")).tick;
    let undone = undo(&mut place, at);
    assert_eq!((undone.edits[0].refused.clone(), place.name("1v1")), (None, Some("Twin".into())));
    // Taken back once more, it is as the first edit made it.
    let redone = undo(&mut place, undone.tick);
    assert_eq!((redone.edits[0].refused.clone(), place.name("1v1")), (None, Some("Grace".into())));
    place.edit(set_name("1v1", "Hopper"));
    let refused = undo(&mut place, at).edits[0].refused.clone().unwrap_or_default();
    assert!(
        refused.starts_with("`name` of citizens/Citizen of 1v1 has changed: it is \"Hopper\""),
        "{refused}"
    );

    let gone = place.edit(json!({ "op": "despawn", "entity": "2v1" })).tick;
    let back = undo(&mut place, gone);
    let [again] = back.edits[0].spawned[..] else { panic!("it comes again: {:?}", back.edits) };
    assert_eq!(place.name(&again.to_string()), Some("Twin".into()));
    let made =
        place.edit(json!({ "op": "spawn", "components": { "citizens/Wealth": { "gold": 1 } } }));
    let unmade = undo(&mut place, made.tick);
    assert_eq!((unmade.edits[0].refused.clone(), unmade.despawned), (None, 1));
    let nothing = Reader::open(&place.save()).unwrap();
    let said = nothing.inverse(EditPlace { tick: 2, number: 0 }).unwrap_err().to_string();
    assert!(said.contains("has no edit 0 of tick 2 that changed anything"), "{said}");
    place.verified();
}

#[test]
fn a_world_that_does_not_grant_edits_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mods = vec![guest("citizens")];
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 2);
    let edits = vec![Edit::parse(&set_name("1v1", "x")).unwrap()];
    let parcel = Parcel { sender: "ada".to_owned(), edits, ..Parcel::default() };
    let refused = world.take_in(&parcel, Box::new(|_| {})).unwrap_err().to_string();
    assert!(refused.contains("say `edit = true` under [api]"), "{refused}");
    let from_outside = send_parcel(&save, &parcel).unwrap_err().to_string();
    assert!(from_outside.contains("say `edit = true` under [api]"), "{from_outside}");
}

#[test]
fn a_parcel_with_a_key_counts_once_here_and_in_the_inbox() {
    let mut place = Place::new();
    let parcel = |name: &str| {
        let edits = vec![Edit::parse(&set_name("1v1", name)).unwrap()];
        let digest = *sandtable_digest(name);
        let key = Some(RequestKey { key: "k".to_owned(), digest });
        Parcel { sender: "ada".to_owned(), key, inputs: Vec::new(), edits }
    };
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tell = |told: &Arc<Mutex<Vec<String>>>| {
        let told = told.clone();
        Box::new(move |settled: Settled| {
            told.lock().unwrap().push(match settled {
                Settled::Kept => "kept".to_owned(),
                Settled::Done(done) => format!("tick {}", done.record.tick),
                Settled::Known(known) => format!("known of {:?}", known.place.map(|it| it.tick)),
            });
        })
    };
    place.world().take_in(&parcel("Grace"), tell(&told)).unwrap();
    place.world().take_in(&parcel("Grace"), tell(&told)).unwrap();
    let other = place.world().take_in(&parcel("Linus"), tell(&told)).unwrap_err().to_string();
    assert!(other.contains("under the key `k`"), "{other}");
    let record = place.world().tick().unwrap();
    assert_eq!(record.edits.len(), 1);
    place.world().take_in(&parcel("Grace"), tell(&told)).unwrap();
    let save = place.save();
    let known = send_parcel(&save, &parcel("Grace")).unwrap().expect("it is known");
    assert_eq!(known.place.map(|it| it.tick), Some(3));
    let other = send_parcel(&save, &parcel("Linus")).unwrap_err().to_string();
    assert!(other.contains("under the key `k`"), "{other}");
    assert_eq!(*told.lock().unwrap(), ["tick 3", "tick 3", "known of Some(3)"]);
    assert_eq!(place.world().tick().unwrap().edits.len(), 0);
    place.verified();
}

fn sandtable_digest(text: &str) -> Box<[u8; 32]> {
    let mut digest = [0; 32];
    digest[..text.len()].copy_from_slice(text.as_bytes());
    Box::new(digest)
}

#[test]
fn what_waits_while_no_tick_is_near_is_in_the_save() {
    let mut place = Place::new();
    let edits = vec![Edit::parse(&set_name("1v1", "Grace")).unwrap()];
    let parcel = Parcel { sender: "ada".to_owned(), edits, ..Parcel::default() };
    let told: Arc<Mutex<Vec<&str>>> = Arc::default();
    let telling = told.clone();
    let desk = place.world().desk();
    desk.leave(move |world| {
        let tell = move |settled: Settled| {
            telling.lock().unwrap().push(match settled {
                Settled::Kept => "kept",
                Settled::Done(_) => "done",
                Settled::Known(_) => "known",
            });
        };
        world.take_in(&parcel, Box::new(tell)).unwrap();
    })
    .unwrap();
    place.world().attend(Some(Duration::ZERO));
    assert_eq!(*told.lock().unwrap(), Vec::<&str>::new(), "a tick is near");
    place.world().attend(None);
    assert_eq!(*told.lock().unwrap(), ["kept"]);
    let inbox = "SELECT name, sender FROM inbox";
    assert_eq!(rows(&place.save(), inbox), json!([{ "name": "edit", "sender": "ada" }]));
    // As after a kill: another process goes on with what is in the save.
    let copy = place.folder.path().join("copy.db");
    save::backup(&place.save(), &copy).unwrap();
    let mut other = Simulation::open(&copy, None, quiet(1)).unwrap();
    assert_eq!(other.tick().unwrap().edits.len(), 1);
    other.close().unwrap();
    place.world().tick().unwrap();
    assert_eq!(*told.lock().unwrap(), ["kept", "done"]);
    assert_eq!(place.name("1v1"), Some("Grace".into()));
    assert_eq!(rows(&place.save(), inbox), json!([]));
    let desk = place.world().desk();
    place.verified();
    assert!(desk.leave(|_| {}).is_err(), "the world is closed");
}

#[test]
fn the_command_line_edits_and_takes_back() {
    let mut place = Place::new();
    place.world.take().unwrap().close().unwrap();
    let save = place.save();
    let edit =
        |arguments: &[&str]| sandtable().arg("edit").arg(&save).args(arguments).output().unwrap();
    let done =
        edit(&["Ada", "citizens/Citizen.name=Grace", "citizens/Wealth.gold=5", "--sender", "me"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    ticks(None, &save, 1);
    let named = "SELECT name FROM citizens_citizen WHERE entity = entity('0v1')";
    assert_eq!(rows(&save, named)[0]["name"], "Grace");
    assert_eq!(
        rows(&save, "SELECT sender, tick FROM edits"),
        json!([{ "sender": "me", "tick": 3 }])
    );
    let refused = edit(&["--undo", "3/0"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("`gold` of citizens/Wealth of 0v1 has changed"), "{said}");
    let done = edit(&[
        "--json",
        r#"{"op":"set","entity":"0v1","component":"citizens/Citizen","value":{"name":"x"}}"#,
    ]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    ticks(None, &save, 1);
    assert!(edit(&["--undo", "4/0"]).status.success());
    ticks(None, &save, 1);
    assert_eq!(rows(&save, named)[0]["name"], "Grace");
    assert_eq!(
        Reader::open(&save)
            .unwrap()
            .history("0v1", "citizens/Citizen.name", Ticks::default())
            .unwrap()
            .table
            .rows
            .len(),
        4
    );
}

#[test]
fn a_rewind_of_a_running_world_takes_edits_and_their_keys_back() {
    let mut place = Place::new();
    place.edit(set_name("1v1", "Grace"));
    run_more(&mut place);
    let feed = place.world().feed();
    let rewound = place.world().rewind(2).unwrap();
    assert_eq!((rewound.tick, rewound.from), (2, 8));
    assert!(rewound.ahead.is_some_and(|ahead| ahead.exists()));
    assert_eq!((feed.now().tick(), feed.now().course), (2, 1));
    assert_eq!(place.name("1v1"), Some("Twin".into()));
    assert_eq!(rows(&place.save(), "SELECT * FROM edits"), json!([]));
    let too_far = place.world().rewind(100).unwrap_err().to_string();
    assert!(too_far.contains("100 is ahead of it"), "{too_far}");
    place.edit(set_name("1v1", "Linus"));
    assert_eq!((place.name("1v1"), feed.now().tick()), (Some("Linus".into()), 3));
    place.verified();
}
