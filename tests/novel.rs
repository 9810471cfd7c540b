//! A story, told in any order, twice and late, is one world: that of its events.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use sandtable::Simulation;
use sandtable::catalog::{self, ModSource};
use sandtable::config::WorldConfig;
use sandtable::ecs::{Topic, World, to_json};
use sandtable::edit::Edit;
use sandtable::hash::content::{Chosen, digest};
use sandtable::record::{TickRecord, hex};
use sandtable::save::Parcel;
use serde_json::{Value as Json, json};

use crate::harness::*;

mod derailed;
mod questions;
mod sending;

use self::questions::asked;

const EVENT: &str = "story/Event";

/// The world file, and the mod as it is built.
pub fn novel() -> &'static (WorldConfig, Vec<ModSource>) {
    static NOVEL: OnceLock<(WorldConfig, Vec<ModSource>)> = OnceLock::new();
    NOVEL.get_or_init(|| {
        let file = catalog::load(&root().join("examples/novel")).unwrap();
        let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
        (file.config, mods)
    })
}

/// The lines of the novel.
pub fn lines() -> Vec<Json> {
    let text = fs::read_to_string(root().join("examples/novel/novel.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A world of which nothing is told yet, with other settings of the mod.
fn untold(save: Option<&Path>, settings: Json) -> Simulation {
    let (mut config, mods) = novel().clone();
    let of_mod = config.mods.get_mut("story").unwrap();
    of_mod.settings = serde_json::from_value(settings).unwrap();
    Simulation::create(save, config, mods, quiet(1)).unwrap()
}

fn tell(world: &mut Simulation, events: &[Json]) -> TickRecord {
    for event in events {
        world.send(EVENT, event, "the test").unwrap();
    }
    let record = world.tick().unwrap();
    assert_eq!(faults(&record), []);
    record
}

/// Goes on until everything that was told is derived.
fn caught_up(world: &mut Simulation) -> Vec<TickRecord> {
    let mut records = Vec::new();
    while resource(world.world(), "story/Pending")["subjects"] != 0 {
        records.push(tell(world, &[]));
        assert!(records.len() < 100, "it gets on");
    }
    // What a tick's commands do is there with its end.
    records.push(tell(world, &[]));
    records
}

fn told_whole(events: &[Json]) -> Simulation {
    let mut world = untold(None, json!({}));
    tell(&mut world, events);
    caught_up(&mut world);
    world
}

fn content(world: &World) -> String {
    let chosen = Chosen::of(world, &["story/*".to_owned()]).unwrap();
    hex(&digest(world, &chosen).digest)
}

/// The events of a kind that a tick sent, as JSON.
fn sent(world: &Simulation, record: &TickRecord, kind: &str) -> Vec<Json> {
    let registry = &world.world().registry;
    let id = registry.find(kind).expect("the kind");
    let events = record.events.iter().filter(|event| event.topic == Topic::Kind(id));
    events.map(|event| to_json(registry.get(id), &event.payload)).collect()
}

/// Numbers that repeat, for shuffling.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[test]
fn the_novel_is_large_consistent_and_called_by_its_names() {
    let mut world = untold(None, json!({}));
    let first = tell(&mut world, &lines());
    let mut records = caught_up(&mut world);
    records.insert(0, first);
    for record in &records {
        for kind in ["story/Refused", "story/Contradiction", "story/Inconsistent"] {
            assert_eq!(sent(&world, record, kind), [] as [Json; 0], "tick {}", record.tick);
        }
    }
    let world = world.world();
    let named = |kind: &str| -> BTreeMap<String, String> {
        let text = |value: &Json, field: &str| value[field].as_str().unwrap().to_owned();
        values(world, kind).iter().map(|(_, it)| (text(it, "id"), text(it, "name"))).collect()
    };
    let (people, places, items) =
        (named("story/Person"), named("story/Place"), named("story/Item"));
    assert!(people.len() >= 60 && places.len() >= 40 && items.len() >= 15);
    assert!(lines().len() >= 150);
    assert_eq!(people["valjean"], "Jean Valjean", "the last name that he had");
    assert_eq!(people["thenardier"], "Thénardier");
    for (id, name) in people.iter().chain(&places).chain(&items) {
        assert_ne!(id, name, "every one has a name");
    }
    let alive = values(world, "story/Life").iter().filter(|(_, it)| it["is_alive"] == true).count();
    assert!(alive < people.len() - 20 && alive > 20, "{alive} are left");
}

#[test]
fn every_order_with_duplicates_is_the_same_world() {
    let expected = content(told_whole(&lines()).world());
    let count = std::env::var("SANDTABLE_PERMUTATIONS").map_or(5, |it| it.parse().unwrap());
    for seed in 1..=count {
        let (mut dice, mut events) = (Dice(seed), lines());
        for _ in 0..dice.below(60) {
            events.push(dice.of(&events).clone());
        }
        dice.shuffle(&mut events);
        let settings = json!({ "derived_at_once": 10 + dice.below(400), "audited_at_once": 200 });
        let mut world = untold(None, settings);
        let mut rest = &events[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(1 + dice.below(rest.len()));
            let record = tell(&mut world, now);
            assert_eq!(sent(&world, &record, "story/Refused"), [] as [Json; 0]);
            rest = later;
        }
        for record in caught_up(&mut world) {
            assert_eq!(sent(&world, &record, "story/Inconsistent"), [] as [Json; 0]);
        }
        assert_eq!(content(world.world()), expected, "permutation {seed}");
    }
}

#[test]
fn what_is_derived_anew_or_told_to_another_world_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let mut world = untold(Some(&save), json!({}));
    tell(&mut world, &lines());
    caught_up(&mut world);
    let before = content(world.world());
    let first = values(world.world(), "story/Person")[0].0;
    world.send("story/Rebuild", &json!({}), "the test").unwrap();
    tell(&mut world, &[]);
    assert_eq!(values(world.world(), "story/Person").len(), 0);
    assert_ne!(content(world.world()), before);
    caught_up(&mut world);
    assert_eq!(content(world.world()), before);
    assert_ne!(values(world.world(), "story/Person")[0].0, first, "other entities");
    world.close().unwrap();

    let answer = asked(&save, "as_lines", &json!({}));
    let events: Vec<Json> =
        answer.iter().map(|row| serde_json::from_str(row[0].as_str().unwrap()).unwrap()).collect();
    assert_eq!(events.len(), lines().len());
    assert_eq!(content(told_whole(&events).world()), before);
    let printed = told(sandtable().arg("digest").arg(&save).args(["--of", "story/*"]));
    assert_eq!(printed.trim(), before);
    let mut wrong = sandtable();
    let wrong = wrong.arg("digest").arg(&save).args(["--of", "stories/*"]).output().unwrap();
    let why = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && why.contains("names no component"), "{why}");
}

#[test]
fn what_cannot_be_kept_is_refused_with_a_sentence() {
    let mut world = untold(None, json!({}));
    let event = |change: Json| {
        let mut event = json!({"id": "a", "time": "1815-10-16", "action": "waits"});
        event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        event
    };
    let two = |who: &str| json!([{"who": who, "role": "agent"}, {"who": who, "role": "agent"}]);
    for (change, why) in [
        (json!({"time": "soon"}), "\"soon\" is no time: write 1815"),
        (json!({"time": "1815-02-29"}), "is no time"),
        (json!({"id": ""}), "is no id"),
        (json!({"id": "a\nb"}), "is no id"),
        (json!({"actors": two("ada")}), "takes part twice with the same role"),
        (json!({"valence": [{"from": "ada", "to": "ada", "trust": 1}]}), "name another"),
        (json!({"valence": [{"from": "ada", "to": "bob", "fear": 2001}]}), "at most by 2000"),
        (json!({"items": [{"what": "ring", "from": "ada", "to": "ada"}]}), "name another"),
        (json!({"status": [{"who": "ada", "is": "well"}]}), "say alive or dead"),
        (
            json!({"names": [{"kind": "dog", "id": "rex", "name": "Rex"}]}),
            "say place, person or item",
        ),
    ] {
        let record = tell(&mut world, &[event(change.clone())]);
        let refused = sent(&world, &record, "story/Refused");
        assert_eq!(refused.len(), 1, "{change}");
        assert!(refused[0]["why"].as_str().unwrap().contains(why), "{}", refused[0]);
    }
    assert_eq!(resource_or(&world, "story/Pending", "subjects"), json!(null), "nothing was kept");

    let first = event(json!({"actors": [{"who": "ada", "role": "agent"}]}));
    tell(&mut world, &[first.clone(), first.clone()]);
    let other = event(json!({"actors": [{"who": "bob", "role": "agent"}]}));
    let record = tell(&mut world, &[first, other]);
    let refused = sent(&world, &record, "story/Refused");
    assert_eq!(refused.len(), 1, "the same again is none");
    assert!(refused[0]["why"].as_str().unwrap().contains("told before, with other content"));
    caught_up(&mut world);
    assert_eq!(values(world.world(), "story/Person").len(), 1);
}

fn resource_or(world: &Simulation, kind: &str, field: &str) -> Json {
    let world = world.world();
    let id = world.registry.find(kind).unwrap();
    match world.resources.contains_key(&id) {
        true => resource(world, kind)[field].clone(),
        false => Json::Null,
    }
}

#[test]
fn who_is_unknown_is_refused_where_the_world_says_so() {
    let mut world = untold(None, json!({ "refuses_unknown": true }));
    let named = |id: &str, who: &str| {
        let names = json!([{"kind": "person", "id": who, "name": "Ada"}]);
        let actors = json!([{"who": who, "role": "agent"}]);
        json!({"id": id, "time": "1815", "action": "comes", "actors": actors, "names": names})
    };
    let stranger = json!({"id": "x", "time": "1816", "action": "comes",
        "actors": [{"who": "ada", "role": "agent"}, {"who": "bob", "role": "agent"}]});
    let record = tell(&mut world, &[named("a", "ada"), stranger.clone()]);
    let refused = sent(&world, &record, "story/Refused");
    assert!(refused[0]["why"].as_str().unwrap().contains("the person \"bob\""), "{refused:?}");
    let record = tell(&mut world, &[named("b", "bob"), stranger]);
    assert_eq!(sent(&world, &record, "story/Refused"), [] as [Json; 0], "sent again, it counts");
}

#[test]
fn contradictions_are_told_once_and_go_with_their_cause() {
    let mut world = untold(None, json!({}));
    let event = |id: &str, time: &str, rest: Json| {
        let mut event = json!({"id": id, "time": time, "action": "acts"});
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    let at = |place: &str| json!({"place": place, "actors": [{"who": "ada", "role": "agent"}]});
    let gives = |from: &str, to: &str| json!({"items": [{"what": "ring", "from": from, "to": to}]});
    let found = |world: &mut Simulation, event: Json| -> Vec<(String, String, String)> {
        let first = tell(world, &[event]);
        let mut records = caught_up(world);
        records.insert(0, first);
        let of = |it: &Json, field: &str| it[field].as_str().unwrap().to_owned();
        let contradictions =
            records.iter().flat_map(|record| sent(world, record, "story/Contradiction"));
        contradictions.map(|it| (of(&it, "what"), of(&it, "event"), of(&it, "other"))).collect()
    };
    let one = |what: &str, event: &str, other: &str| {
        vec![(what.to_owned(), event.to_owned(), other.to_owned())]
    };
    assert_eq!(found(&mut world, event("a", "1815-10-16T06:00", at("arras"))), []);
    let twice = found(&mut world, event("b", "1815-10-16T06:00", at("paris")));
    assert_eq!(twice, one("in two places", "b", "a"));
    let day = found(&mut world, event("c", "1815-10-16", at("lyon")));
    assert_eq!(day, [], "a day has room for more than one place");
    assert_eq!(found(&mut world, event("d", "1816", gives("ada", "bob"))), []);
    let stolen = found(&mut world, event("f", "1818", gives("eve", "ada")));
    assert_eq!(stolen, one("gives what is not held", "f", "d"));
    assert_eq!(found(&mut world, event("e", "1817", gives("bob", "eve"))), [], "told late");
    assert_eq!(found(&mut world, event("g", "1819-05", at("paris"))), []);
    let died = event("h", "1819-04", json!({"status": [{"who": "ada", "is": "dead"}]}));
    assert_eq!(found(&mut world, died), one("the dead act", "g", "h"), "also where told first");
    let lived = event("i", "1819-04-02", json!({"status": [{"who": "ada", "is": "alive"}]}));
    assert_eq!(found(&mut world, lived), []);
    let kept = world.world().tables["story__contradictions"].rows;
    assert_eq!(kept, 1, "only what is still so: one person in two places");
}

#[test]
fn what_is_changed_by_hand_is_found_by_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let (mut config, mods) = novel().clone();
    config.api.edit = true;
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    tell(&mut world, &lines());
    caught_up(&mut world);
    let people = values(world.world(), "story/Person");
    let valjean = people.iter().find(|(_, it)| it["id"] == "valjean").unwrap().0;
    let dead = json!({"is_alive": true, "since": "", "event": ""});
    let set = json!({ "op": "set", "entity": valjean.to_string(), "component": "story/Life",
        "value": dead });
    let edits = vec![Edit::parse(&set).unwrap()];
    let parcel = Parcel { sender: "ada".to_owned(), edits, ..Parcel::default() };
    world.take_in(&parcel, Box::new(|_| {})).unwrap();
    let all = |world: &mut Simulation| -> Vec<Json> {
        let records = run(world, 6);
        records.iter().flat_map(|record| sent(world, record, "story/Inconsistent")).collect()
    };
    let found = all(&mut world);
    assert!(!found.is_empty());
    for it in &found {
        assert_eq!((&it["subject"], &it["what"]), (&json!("valjean"), &json!("life")));
    }
    world.send("story/Rebuild", &json!({}), "the test").unwrap();
    run(&mut world, 3);
    assert_eq!(all(&mut world), [] as [Json; 0], "a rebuild mends it");
}
