//! A story, told in any order, twice and late, is one world: that of its events.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::catalog::{self, ModSource};
use sandtable::config::WorldConfig;
use sandtable::ecs::{Topic, World, to_json};
use sandtable::edit::Edit;
use sandtable::hash::content::{Chosen, digest};
use sandtable::record::{TickRecord, hex};
use sandtable::save::Parcel;
use sandtable::save::Reader;
use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::outside::{PYTHON3, needs};

const EVENT: &str = "story/Event";

/// The nine questions, with their parameters but for `time`.
const QUESTIONS: [(&str, &[&str]); 9] = [
    ("present", &["place", "toward", "trust"]),
    ("between", &["one", "other"]),
    ("holders", &["item"]),
    ("what_happened", &["who"]),
    ("present_at", &["event"]),
    ("timeline", &["id"]),
    ("graph", &[]),
    ("changed_since", &["since"]),
    ("alive", &[]),
];

/// The world file, and the mod as it is built.
fn novel() -> &'static (WorldConfig, Vec<ModSource>) {
    static NOVEL: OnceLock<(WorldConfig, Vec<ModSource>)> = OnceLock::new();
    NOVEL.get_or_init(|| {
        let file = catalog::load(&root().join("examples/novel")).unwrap();
        let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
        (file.config, mods)
    })
}

/// The lines of the novel.
fn lines() -> Vec<Json> {
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
        let settings = json!({ "derived_at_once": 1 + dice.below(400), "audited_at_once": 200 });
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

/// A world of the novel whose mod is built already.
fn written(folder: &Path, more: &str) -> PathBuf {
    let (_, mods) = novel();
    fs::write(folder.join("story.wasm"), &mods[0].component).unwrap();
    let text = format!(
        "[world]\nname = \"novel\"\n[durability]\nmode = \"sync-every-ticks\"\nticks = 0\n\
         [mods.story]\npath = \"story.wasm\"\n{more}"
    );
    fs::write(folder.join("world.toml"), text).unwrap();
    folder.join("world.toml")
}

fn write_lines(file: &Path, events: &[Json]) {
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    fs::write(file, text).unwrap();
}

fn digest_of(save: &Path) -> String {
    told(sandtable().arg("digest").arg(save).args(["--of", "story/*"]))
}

#[test]
fn where_nothing_is_derived_it_is_recorded_and_caught_up_later() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let world = written(folder.path(), "[mods.story.settings]\nderives = false\n");
    ticks(Some(&world), &save, 1);
    let file = root().join("examples/novel/novel.ndjson");
    told(sandtable().arg("send").arg(&save).args([EVENT, "--ndjson"]).arg(&file));
    ticks(None, &save, 3);
    let checkpoints = |save: &Path| {
        let sql = "SELECT name, events FROM story__checkpoints ORDER BY name";
        told(sandtable().arg("sql").arg(save).args([sql, "--format", "csv"]))
    };
    let count = lines().len();
    assert_eq!(checkpoints(&save).replace('\r', ""), format!("name,events\nrecord,{count}\n"));
    let people = "SELECT count(*) FROM story_person";
    let people = told(sandtable().arg("sql").arg(&save).args([people, "--format", "csv"]));
    assert!(people.contains('0'), "{people}");

    written(folder.path(), "");
    let mut command = sandtable();
    command.arg("run").arg(&world).arg("--save").arg(&save);
    told(command.args(["--quiet", "--accept-mods", "--ticks", "3"]));
    let expected = format!("name,events\nderive,{count}\nrecord,{count}\n");
    assert_eq!(checkpoints(&save).replace('\r', ""), expected);
    let whole = told_whole(&lines());
    assert_eq!(digest_of(&save).trim(), content(whole.world()));
}

#[test]
fn a_story_that_is_sent_through_kills_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (save, file) = (folder.path().join("novel.db"), folder.path().join("long.ndjson"));
    let world = written(folder.path(), "");
    ticks(Some(&world), &save, 1);
    let mut events = Vec::new();
    for copy in 0..16 {
        for mut event in lines() {
            event["id"] = format!("{}#{copy}", event["id"].as_str().unwrap()).into();
            events.push(event);
        }
    }
    write_lines(&file, &events);
    let send = || {
        let mut command = sandtable();
        command.arg("send").arg(&save).args([EVENT, "--ndjson"]).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut patience = Duration::from_millis(20);
    let mut kills = 0;
    loop {
        let mut child = send().spawn().unwrap();
        std::thread::sleep(patience);
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            break;
        }
        kills += 1;
        patience += patience / 2;
        // A run is killed too, with what it took in its hands.
        let mut command = sandtable();
        command.arg("run").arg("--save").arg(&save).args(["--quiet", "--ticks", "5"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(patience);
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert!(kills > 0, "it takes longer than {patience:?}");
    assert!(send().status().unwrap().success());
    ticks(None, &save, 5);
    assert_eq!(digest_of(&save).trim(), content(told_whole(&events).world()));
}

#[test]
fn bad_lines_are_told_by_number_and_the_others_are_sent_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (save, file) = (folder.path().join("novel.db"), folder.path().join("bad.ndjson"));
    let world = written(folder.path(), "");
    ticks(Some(&world), &save, 1);
    let good = |id: &str| json!({"id": id, "time": "1815", "action": "waits"}).to_string();
    let text = [&good("a"), "", "{\"id\":", &good("b"), "{\"id\": 7}", &good("c")].join("\n");
    fs::write(&file, text).unwrap();
    let send = |how: &[&str]| {
        let mut command = sandtable();
        command.arg("send").arg(&save).args([EVENT, "--ndjson"]).arg(&file).args(how);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let waiting = || {
        let connection = rusqlite::Connection::open(&save).unwrap();
        let count = "SELECT count(*) FROM st_inbox";
        connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let (sent, why) = send(&[]);
    assert!(!sent && why.contains("line 3 is no input") && !why.contains("line 5"), "{why}");
    assert_eq!(waiting(), 0);
    let (sent, why) = send(&["--bad-lines", "nothing"]);
    assert!(!sent && why.contains("line 3") && why.contains("line 5"), "{why}");
    assert!(why.contains("nothing was sent"), "{why}");
    assert_eq!(waiting(), 0);
    let (sent, why) = send(&["--bad-lines", "skip"]);
    assert!(!sent && why.contains("line 3") && why.contains("line 5 is no input"), "{why}");
    assert!(why.contains("3 inputs in") && why.contains("2 lines left out"), "{why}");
    assert_eq!(waiting(), 3);
}

/// The answer to a question of the mod, as rows of JSON.
fn asked(save: &Path, name: &str, parameters: &Json) -> Vec<Vec<Json>> {
    let file = root().join(format!("mods/story/questions/{name}.sql"));
    let mut sql = fs::read_to_string(file).unwrap();
    for (name, value) in parameters.as_object().unwrap() {
        let quoted = format!("'{}'", value.as_str().unwrap().replace('\'', "''"));
        sql = sql.replace(&format!(":{name}"), &quoted);
    }
    let answer = Reader::open(save).unwrap().inquiry().unwrap().query(&sql);
    let cell = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(text),
        other => panic!("{other:?}"),
    };
    let rows = answer.unwrap_or_else(|error| panic!("{name}: {error}")).rows;
    rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn the_nine_questions_are_answered_as_by_a_naive_model() {
    needs!(PYTHON3);
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let mut world = untold(Some(&save), json!({}));
    let mut events = lines();
    Dice(7).shuffle(&mut events);
    tell(&mut world, &events);
    caught_up(&mut world);
    world.close().unwrap();

    let mut dice = Dice(20);
    let ids =
        |of: fn(&Json) -> Vec<String>| -> Vec<String> { events.iter().flat_map(of).collect() };
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let people = ids(|event| {
        let actors = event["actors"].as_array().unwrap();
        actors.iter().map(|it| it["who"].as_str().unwrap().to_owned()).collect()
    });
    let items = ids(|event| {
        let moves = event["items"].as_array().cloned().unwrap_or_default();
        moves.iter().map(|it| it["what"].as_str().unwrap().to_owned()).collect()
    });
    let mut questions = Vec::new();
    for _ in 0..20 {
        let whole = text(&dice.of(&events)["time"]);
        let cut = *dice.of(&[4, 7, 10, 16]);
        let time = whole[..cut.min(whole.len())].to_owned();
        for (name, parameters) in QUESTIONS {
            let mut given = json!({ "time": time });
            let event = dice.of(&events);
            let felt_for = event["valence"][0]["to"].as_str().unwrap_or("myriel");
            for parameter in parameters {
                given[*parameter] = json!(match *parameter {
                    "place" => text(&event["place"]),
                    "toward" => felt_for.to_owned(),
                    "trust" => (100 * dice.below(3)).to_string(),
                    "item" => dice.of(&items).clone(),
                    "event" => text(&event["id"]),
                    "since" => text(&event["time"]),
                    _ => dice.of(&people).clone(),
                });
            }
            questions.push(json!([name, given]));
        }
    }
    let answers = naive(&questions);
    let mut rows = BTreeMap::new();
    for (question, expected) in questions.iter().zip(answers) {
        let name = question[0].as_str().unwrap();
        let answer = json!(asked(&save, name, &question[1]));
        assert_eq!(answer, expected, "{question}");
        *rows.entry(name.to_owned()).or_insert(0) += answer.as_array().unwrap().len();
    }
    for (name, _) in QUESTIONS {
        assert!(rows[name] > 0, "{name} is answered with something");
    }
    let graph = asked(&save, "graph", &json!({ "time": "9999" }));
    let feels = "SELECT one.id, other.id, max(-1000, min(1000, trust)),
        max(-1000, min(1000, affection)), max(-1000, min(1000, respect)), max(-1000, min(1000, fear))
        FROM story_feels JOIN story_person AS one ON one.entity = source
        JOIN story_person AS other ON other.entity = target ORDER BY 1, 2";
    let derived = Reader::open(&save).unwrap().inquiry().unwrap().query(feels).unwrap();
    assert_eq!(graph.len(), derived.rows.len());
    assert_eq!(format!("{:?}", derived.rows[3][2]), format!("Integer({})", graph[3][2]));
}

/// What the model in Python answers.
fn naive(questions: &[Json]) -> Vec<Json> {
    let mut child = PYTHON3
        .command()
        .arg(root().join("tests/novel/naive.py"))
        .arg(root().join("examples/novel/novel.ndjson"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(questions).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
