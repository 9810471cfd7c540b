//! Streams: of ticks, of changes and events, of columns; what clients missed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value as Json, json};

use super::{OnAir, TOKEN};
use crate::harness::*;

/// A client of the stream.
struct Stream(std::io::Lines<BufReader<TcpStream>>);

/// What it is told once.
struct Told {
    name: String,
    /// The id, of an event that has one.
    id: Option<String>,
    data: Json,
}

impl Stream {
    /// Connects, with what stands behind the `?` and the last id that it had.
    fn open(on_air: &OnAir, asked: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(on_air.host()).unwrap();
        let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/worlds/test/{asked} HTTP/1.0\r\nhost: {}\r\n\
             authorization: Bearer {TOKEN}\r\n{last}\r\n",
            on_air.host()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines();
        let status = lines.next().unwrap().unwrap();
        assert!(status.contains(" 200 "), "{status}");
        while lines.next().unwrap().unwrap() != "" {}
        Self(lines)
    }

    /// The next event; nothing where the stream ends.
    fn next(&mut self) -> Option<Told> {
        let (mut name, mut id, mut data) = (String::new(), None, None);
        loop {
            let line = self.0.next()?.ok()?;
            match line.split_once(": ") {
                Some(("event", of)) => name = of.to_owned(),
                Some(("id", of)) => id = Some(of.to_owned()),
                Some(("data", of)) => data = Some(serde_json::from_str(of).unwrap()),
                _ => {
                    if let Some(data) = data {
                        return Some(Told { name, id, data });
                    }
                }
            }
        }
    }
}

/// Some events of the stream: what they are called, their ticks and data.
fn streamed(on_air: &OnAir, last: Option<u64>, count: usize) -> Vec<(String, u64, Json)> {
    let last = last.map(|last| last.to_string());
    let mut stream = Stream::open(on_air, "stream", last.as_deref());
    let mut tick = 0;
    let told = std::iter::from_fn(|| stream.next()).take(count).map(|told| {
        if let Some(id) = &told.id {
            tick = id.split('~').next().unwrap().parse().unwrap();
            assert_eq!(told.data["at"], id.as_str());
        }
        (told.name, tick, told.data)
    });
    told.collect()
}

#[test]
fn the_stream_has_every_tick_by_its_number() {
    let on_air = OnAir::with(&["drift"], &["--hz", "20"]);
    on_air.come_to(1);
    let told = streamed(&on_air, None, 5);
    for (before, after) in told.iter().zip(&told[1..]) {
        assert!(before.1 < after.1);
        assert_eq!(after.2["since"], before.1, "what lies between is said");
    }
    let (_, tick, last) = &told[4];
    on_air.come_to(tick + 1);
    let row = on_air.ask(&format!("/ticks?from={tick}&to={tick}"))["rows"][0].clone();
    assert_eq!(row["state"], last["state"]);
}

#[test]
fn a_client_that_comes_back_is_told_what_it_missed() {
    let on_air = OnAir::with(&["drift"], &["--hz", "50"]);
    on_air.come_to(6);
    let states = |ticks: &[(String, u64, Json)]| -> Vec<(u64, Json)> {
        ticks.iter().map(|(_, tick, told)| (*tick, told["state"].clone())).collect()
    };
    let missed = streamed(&on_air, Some(2), 4);
    assert_eq!(missed.iter().map(|it| it.1).collect::<Vec<_>>(), [3, 4, 5, 6], "none twice");
    let folder = on_air.stop();
    let again = OnAir::again(folder, &["--hz", "50"]);
    again.come_to(9);
    assert_eq!(states(&streamed(&again, Some(2), 4)), states(&missed), "by another process");
    let saved = again.ask("")["saved_tick"].as_u64().unwrap();
    let later = streamed(&again, Some(saved + 100_000), 2);
    assert_eq!((later[0].0.as_str(), &later[0].2["why"]), ("gap", &json!("rewound")));
    assert!(later[1].1 >= saved, "a tick that there was not yet is gone on from");
}

/// What a client knows that keeps a copy of a world.
#[derive(Debug, Default, PartialEq)]
struct Copy {
    entities: BTreeMap<String, BTreeMap<String, Json>>,
    edges: BTreeMap<(String, String, String), Json>,
    resources: BTreeMap<String, Json>,
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

fn each<'a>(json: &'a Json, list: &str) -> impl Iterator<Item = &'a Json> {
    json[list].as_array().unwrap().iter()
}

impl Copy {
    /// All of a tick, page by page.
    fn read(on_air: &OnAir, at: &str) -> Self {
        let mut copy = Self::default();
        let pages = |path: &str, take: &mut dyn FnMut(&Json)| {
            let mut cursor = String::new();
            loop {
                let page = on_air.ask(&format!("{path}limit=100&at={at}{cursor}"));
                assert_eq!(page["at"], at);
                each(&page, "rows").for_each(&mut *take);
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        };
        pages("/entities?select=*&", &mut |row| {
            let members = row.as_object().unwrap().iter();
            let components = members.filter(|(name, it)| name.contains('/') && !it.is_null());
            let components = components.map(|(name, it)| (name.clone(), it.clone())).collect();
            copy.entities.insert(text(&row["entity"]), components);
        });
        pages("/relations?", &mut |row| {
            let ends = (text(&row["kind"]), text(&row["source"]), text(&row["target"]));
            copy.edges.insert(ends, row["data"].clone());
        });
        for row in each(&on_air.ask(&format!("/resources?at={at}")), "rows") {
            copy.resources.insert(text(&row["name"]), row["value"].clone());
        }
        copy
    }

    /// Follows what the stream says.
    fn follow(&mut self, told: &Json) {
        for entity in each(told, "despawned") {
            self.entities.remove(entity.as_str().unwrap());
        }
        for entity in each(told, "spawned") {
            self.entities.entry(text(entity)).or_default();
        }
        for it in each(told, "removed") {
            self.entities
                .get_mut(it["entity"].as_str().unwrap())
                .unwrap()
                .remove(&text(&it["kind"]));
        }
        for it in each(told, "set") {
            let entity = self.entities.get_mut(it["entity"].as_str().unwrap()).unwrap();
            entity.insert(text(&it["kind"]), it["value"].clone());
        }
        let ends = |it: &Json| (text(&it["kind"]), text(&it["source"]), text(&it["target"]));
        for it in each(told, "unrelated") {
            self.edges.remove(&ends(it)).expect("it was related");
        }
        for it in each(told, "related") {
            self.edges.insert(ends(it), it["data"].clone());
        }
        for it in each(told, "resources") {
            self.resources.insert(text(&it["kind"]), it["value"].clone());
        }
    }
}

/// A copy that follows the stream up to a tick or longer; where it stands then.
fn followed(copy: &mut Copy, stream: &mut Stream, upto: u64) -> (String, Json) {
    loop {
        let told = stream.next().expect("the stream goes on");
        match told.name.as_str() {
            "changes" => copy.follow(&told.data),
            "tick" if told.data["tick"].as_u64() >= Some(upto) => {
                return (told.id.unwrap(), told.data["state"].clone());
            }
            "tick" => {}
            other => panic!("{other}: {}", told.data),
        }
    }
}

#[test]
fn a_client_that_replays_the_stream_has_the_world_also_after_a_kill() {
    let mut on_air = OnAir::with(&["menagerie"], &["--hz", "50"]);
    on_air.come_to(40);
    let mut stream = Stream::open(&on_air, "stream?changes=*", None);
    let first = stream.next().unwrap();
    let mut at = first.id.unwrap();
    let mut copy = Copy::read(&on_air, &at);
    assert!(copy.entities.len() > 100 && copy.edges.len() > 10);
    for _ in 0..3 {
        let tick: u64 = at.split('~').next().unwrap().parse().unwrap();
        let state;
        (at, state) = followed(&mut copy, &mut stream, tick + 7);
        assert_eq!(copy, Copy::read(&on_air, &at), "at {at}");
        let tick = at.split('~').next().unwrap();
        on_air.come_to(tick.parse::<u64>().unwrap() + 1);
        let row = on_air.ask(&format!("/ticks?from={tick}&to={tick}"))["rows"][0].clone();
        assert_eq!(row["state"], state, "which is the world of this state hash");
    }
    on_air.come_to(on_air.tick() + 9);
    on_air.child.kill().unwrap();
    on_air.child.wait().unwrap();
    let folder = std::mem::replace(&mut on_air.folder, tempfile::tempdir().unwrap());
    let again = OnAir::again(folder, &["--hz", "50"]);
    let mut stream = Stream::open(&again, "stream?changes=*", Some(&at));
    let had: u64 = at.split('~').next().unwrap().parse().unwrap();
    (at, _) = followed(&mut copy, &mut stream, had + 9);
    assert_eq!(copy, Copy::read(&again, &at), "of several ticks in one");
}

#[test]
fn a_client_is_told_the_changes_and_events_that_it_asks_for() {
    let on_air = OnAir::with(&["menagerie"], &["--hz", "50"]);
    on_air.come_to(2);
    let asked = "stream?changes=menagerie/Weight,menagerie/Likes&events=menagerie/Born";
    let mut stream = Stream::open(&on_air, asked, None);
    let (mut kinds, mut born) = (BTreeSet::new(), 0);
    while born == 0 || kinds.len() < 2 {
        let told = stream.next().unwrap();
        match told.name.as_str() {
            "changes" => {
                assert_eq!(
                    (&told.data["spawned"], &told.data["resources"]),
                    (&json!([]), &json!([]))
                );
                for list in ["set", "related"] {
                    kinds.extend(each(&told.data, list).map(|it| text(&it["kind"])));
                }
            }
            "events" => {
                for row in each(&told.data, "rows") {
                    assert_eq!(row["name"], "menagerie/Born");
                    let tick = &row["tick"];
                    on_air.come_to(tick.as_u64().unwrap() + 1);
                    let path = format!("/events?name=menagerie/Born&from={tick}&to={tick}");
                    let known = on_air.ask(&path);
                    let payload = |it: &Json| -> Json {
                        serde_json::from_str(it["payload"].as_str().unwrap()).unwrap()
                    };
                    assert!(each(&known, "rows").any(|it| payload(it) == row["value"]));
                    born += 1;
                }
            }
            _ => {}
        }
    }
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["menagerie/Likes", "menagerie/Weight"]);
}

#[test]
fn events_that_a_client_missed_are_told_or_said_to_be_gone() {
    let text = WORLD.replacen("[world]", "[world]\nlog_ticks = 40", 1);
    let on_air = OnAir::of_world(&text, &["menagerie"], &["--hz", "10"]);
    on_air.come_to(60);
    let missed = |last: u64| -> Json {
        let asked = "stream?events=menagerie/Born";
        let mut stream = Stream::open(&on_air, asked, Some(&last.to_string()));
        loop {
            let told = stream.next().unwrap();
            if told.name == "events" {
                return told.data;
            }
        }
    };
    let all = missed(2);
    assert_eq!(all["truncated"], true, "{all}");
    let from = all["from"].as_u64().unwrap();
    assert!(from > 3 && each(&all, "rows").all(|row| row["tick"].as_u64() >= Some(from)));
    let last = on_air.tick() - 20;
    let some = missed(last);
    assert_eq!((&some["truncated"], &some["from"]), (&json!(false), &json!(last + 1)));
    assert!(each(&some, "rows").any(|row| row["tick"].as_u64() < Some(on_air.tick() - 16)));
}

#[test]
fn a_client_of_one_entity_is_told_that_it_went() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(8);
    let gone = on_air.ask("/changes?from=4&to=4");
    let gone = each(&gone, "rows").find(|row| row["action"] == "despawned").unwrap();
    let asked = format!("stream?entity={}", text(&gone["entity"]));
    let mut stream = Stream::open(&on_air, &asked, Some("2"));
    let told = stream.next().unwrap();
    assert_eq!(
        (told.name.as_str(), &told.data["despawned"]),
        ("changes", &json!([gone["entity"]]))
    );
}

#[test]
fn one_that_had_a_tick_of_another_course_is_told_to_begin_anew() {
    let on_air = OnAir::with(&["menagerie"], &["--hz", "50"]);
    on_air.come_to(6);
    for asked in ["stream", "stream?changes=*"] {
        let mut stream = Stream::open(&on_air, asked, Some("3~00000000"));
        let told = stream.next().unwrap();
        assert_eq!((told.name.as_str(), &told.data["why"]), ("gap", &json!("rewound")));
        assert_eq!(told.id, None, "one that loses the connection here asks for it again");
        let told = stream.next().unwrap();
        assert_eq!((told.name.as_str(), &told.data["since"]), ("tick", &Json::Null));
        let (at, next) = (told.id.unwrap(), stream.next().unwrap());
        let at: u64 = at.split('~').next().unwrap().parse().unwrap();
        let from = if asked == "stream" { &next.data["since"] } else { &next.data["from"] };
        assert_eq!(from, &json!(at), "it goes on from where it began anew");
    }
}

#[test]
fn a_client_of_a_history_that_is_pruned_is_told_so() {
    let text = format!("{WORLD}\n[history]\nticks = 10\n");
    let on_air = OnAir::of_world(&text, &["menagerie"], &["--hz", "400"]);
    let first = |on_air: &OnAir| on_air.ask("/health")["first_tick"].as_u64();
    wait_until("ticks are pruned", || first(&on_air) > Some(4));
    let mut stream = Stream::open(&on_air, "stream?changes=*", Some("3"));
    let told = stream.next().unwrap();
    assert_eq!((told.name.as_str(), &told.data["why"]), ("gap", &json!("pruned")));
    let gone = on_air.get("/entities?at=3");
    assert_eq!(gone.status, 410, "{}", String::from_utf8_lossy(&gone.body));
}

#[test]
fn columns_are_streamed_as_they_change() {
    #[derive(serde::Deserialize)]
    struct Columns {
        tick: u64,
        #[serde(default)]
        entities: Option<serde_bytes::ByteBuf>,
        data: serde_bytes::ByteBuf,
    }

    let on_air = OnAir::with(&["drift"], &["--hz", "50"]);
    on_air.come_to(2);
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    let request = format!(
        "GET /api/v1/worlds/test/columns/stream?kind=drift/Position HTTP/1.0\r\nhost: {}\r\n\
         authorization: Bearer {TOKEN}\r\n\r\n",
        on_air.host()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut body = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        body.read_line(&mut line).unwrap();
    }
    let mut last: Option<Columns> = None;
    for _ in 0..4 {
        let columns: Columns = rmp_serde::from_read(&mut body).unwrap();
        assert_eq!(columns.entities.is_some(), last.is_none(), "the same entities are told once");
        if let Some(last) = &last {
            assert!(columns.tick > last.tick && columns.data != last.data);
        }
        last = Some(columns);
    }
}

#[test]
fn after_a_rewind_links_and_streams_of_the_other_course_are_refused() {
    let on_air = OnAir::with(&["watcher"], &["--hz", "50"]);
    on_air.come_to(12);
    let old = on_air.ask("/entities?at=9&limit=1")["at"].as_str().unwrap().to_owned();
    let before = on_air.ask("/entities?at=3&limit=1")["at"].as_str().unwrap().to_owned();
    let folder = on_air.stop();
    let save = folder.path().join("save.db");
    told(sandtable().arg("rewind").arg(&save).args(["--to", "5", "--discard"]));
    let poke = ["watcher/Poke", "{\"number\": 1, \"to\": 2}"];
    told(sandtable().arg("send").arg(&save).args(poke));
    let again = OnAir::again(folder, &["--hz", "50"]);
    again.come_to(12);
    let refused = again.get(&format!("/entities?at={old}"));
    assert_eq!(refused.status, 409, "{}", String::from_utf8_lossy(&refused.body));
    assert_eq!(again.get(&format!("/entities?at={before}")).status, 200, "both courses have it");
    let told = Stream::open(&again, "stream?changes=*", Some(&old)).next().unwrap();
    assert_eq!((told.name.as_str(), &told.data["why"]), ("gap", &json!("rewound")));
    let told = Stream::open(&again, "stream?changes=*", Some(&before)).next().unwrap();
    assert_eq!((told.name.as_str(), &told.data["from"]), ("changes", &json!(3)));
}
