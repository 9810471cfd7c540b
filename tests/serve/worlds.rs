//! A folder of saves on the air: each is opened when it is asked for, runs when it is
//! told to, and is one file again when nothing was on it for a while.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Answer, JSON, OnAir, TOKEN};
use crate::harness::*;

/// A folder of saves that is served.
pub struct House(pub OnAir);

/// A folder with a save of a guest in `worlds`, after some ticks, under some names.
pub fn saves(guests: &[&str], ticks_done: u64, names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let worlds = folder.path().join("worlds");
    fs::create_dir(&worlds).unwrap();
    add_saves(folder.path(), guests, ticks_done, names);
    folder
}

fn add_saves(folder: &Path, guests: &[&str], ticks_done: u64, names: &[&str]) {
    let source = folder.join(format!("source-{}", guests.join("-")));
    write_world(&source, WORLD, guests);
    let save = folder.join("made.db");
    ticks(Some(&source), &save, ticks_done);
    for name in names {
        fs::copy(&save, folder.join("worlds").join(format!("{name}.db"))).unwrap();
    }
    fs::remove_file(save).unwrap();
}

impl House {
    pub fn of(folder: tempfile::TempDir, more: &[&str]) -> Self {
        let mut command = sandtable();
        command.arg("serve").arg(folder.path().join("worlds"));
        Self(OnAir::of(command, folder, more))
    }

    pub fn folder(&self) -> PathBuf {
        self.0.folder.path().join("worlds")
    }

    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let token = format!("authorization: Bearer {TOKEN}");
        let headers = [&[token.as_str(), JSON], headers].concat();
        self.0.request(method, &format!("/api/v1/worlds{path}"), &headers, body)
    }

    fn ask(&self, path: &str) -> Json {
        let answer = self.send("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    pub fn post(&self, path: &str, body: &Json) -> Json {
        let answer = self.send("POST", path, &["prefer: wait=60"], &body.to_string());
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// Why a request is refused.
    pub fn refused(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let answer = self.send(method, path, &[], body);
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        (answer.status, detail)
    }

    fn tick(&self, world: &str) -> u64 {
        self.ask(&format!("/{world}"))["tick"].as_u64().unwrap()
    }

    /// What the list says of a world.
    fn listed(&self, world: &str) -> Json {
        let rows = self.ask("")["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["name"] == world).unwrap_or(Json::Null)
    }

    fn comes_to(&self, world: &str, status: &str) {
        wait_until(status, || self.listed(world)["status"] == status);
    }

    /// The files in the folder that the server has open.
    fn open_files(&self) -> BTreeSet<String> {
        let folder = self.folder().canonicalize().unwrap();
        let open = fs::read_dir(format!("/proc/{}/fd", self.0.child.id())).unwrap();
        let open = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let names =
            open.filter_map(|path| Some(path.strip_prefix(&folder).ok()?.to_str()?.to_owned()));
        names.collect()
    }

    /// KiB of memory that the server takes, or another number that the system tells of it.
    fn told_of_process(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    fn metrics(&self) -> String {
        let token = format!("authorization: Bearer {TOKEN}");
        String::from_utf8(self.0.request("GET", "/metrics", &[&token], "").body).unwrap()
    }
}

/// Begins a stream, and reads its first event.
fn stream(house: &House, world: &str) -> TcpStream {
    let host = house.0.host();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "GET /api/v1/worlds/{world}/stream HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer \
         {TOKEN}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut told, mut part) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&told).contains("event: tick") {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "it begins: {}", String::from_utf8_lossy(&told));
        told.extend_from_slice(&part[..read]);
    }
    stream
}

#[test]
fn saves_are_listed_without_opening_any() {
    let folder = saves(&["citizens"], 3, &["one", "two"]);
    let worlds = folder.path().join("worlds");
    fs::write(worlds.join("broken.db"), "no save at all").unwrap();
    fs::write(worlds.join("notes.txt"), "not listed").unwrap();
    let before = names_in(&worlds);
    let house = House::of(folder, &[]);
    let listed = house.ask("");
    let rows = listed["rows"].as_array().unwrap();
    let names: Vec<&Json> = rows.iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["broken", "one", "two"]);
    assert_eq!((&rows[0]["status"], &rows[0]["tick"]), (&json!("broken"), &Json::Null));
    let why = rows[0]["problem"].as_str().unwrap();
    assert!(why.contains("broken.db is not a save"), "{why}");
    let size = fs::metadata(worlds.join("one.db")).unwrap().len();
    assert_eq!(
        (&rows[1]["status"], &rows[1]["tick"], &rows[1]["bytes"], &rows[1]["problem"]),
        (&json!("closed"), &json!(3), &json!(size), &Json::Null)
    );
    assert_eq!((house.open_files(), names_in(&worlds)), (BTreeSet::new(), before));
    assert_eq!(house.refused("GET", "/broken", ""), (500, why.to_owned()));
    let ready = house.0.request("GET", "/readyz", &[], "");
    assert_eq!((ready.status, ready.body), (200, b"2 closed, 1 broken\n".to_vec()));
    let open = house.ask("/one");
    assert_eq!(
        (&open["at"], &open["state"]),
        (&rows[1]["at"], &rows[1]["state"]),
        "what is said of a closed world is so"
    );
}

#[test]
fn a_world_runs_when_it_is_told_to_and_is_one_file_again() {
    let house = House::of(saves(&["citizens"], 3, &["one", "two"]), &["--idle", "0.2"]);
    let run = house.ask("/one/run");
    assert_eq!((&run["paused"], &run["tick"], &run["hz"]), (&json!(true), &json!(3), &json!(20.0)));
    let stepped = house.post("/one/run/step", &json!({ "ticks": 4 }));
    assert_eq!((&stepped["tick"], &stepped["paused"]), (&json!(7), &json!(true)));
    house.comes_to("one", "closed");
    assert_eq!(house.listed("one")["tick"], 7);
    house.post("/one/run", &json!({ "paused": false, "hz": 200 }));
    assert_eq!(house.ask("/one/run")["hz"], 200.0);
    // Another one comes and goes meanwhile: nothing but its run keeps the first open.
    house.tick("two");
    house.comes_to("two", "closed");
    assert_eq!(house.listed("one")["status"], "running");
    assert!(names_in(&house.folder()).contains(&"one.db.lock".to_owned()));
    let ran = house.tick("one");
    wait_until("it runs", || house.tick("one") > ran);
    let text = house.metrics();
    assert!(text.contains("sandtable_paused{world=\"one\"} 0"), "{text}");
    assert!(!text.contains("world=\"two\""), "of a closed world nothing is said: {text}");
    assert!(text.contains("sandtable_worlds{status=\"running\"} 1"), "{text}");
    let paused = house.post("/one/run", &json!({ "paused": true }));
    house.comes_to("one", "closed");
    assert!(house.listed("one")["tick"].as_u64() >= paused["tick"].as_u64());
    assert_eq!(names_in(&house.folder()), ["one.db", "two.db"]);
    assert_eq!(house.open_files(), BTreeSet::new());
    let (folder, save) = (house.folder(), house.folder().join("one.db"));
    house.post("/two/run", &json!({ "paused": false }));
    let folder = (house.0.stop(), folder).0;
    assert_eq!(names_in(&folder.path().join("worlds")), ["one.db", "two.db"], "at the end, too");
    let save = folder.path().join("worlds").join(save.file_name().unwrap());
    told(sandtable().arg("verify").arg(save));
}

#[test]
fn a_stream_keeps_its_world_open_and_no_other() {
    let house = House::of(saves(&["drift"], 1, &["one", "two"]), &["--idle", "0.1"]);
    let listens = stream(&house, "one");
    house.tick("two");
    house.comes_to("two", "closed");
    assert_eq!(house.listed("one")["status"], "open");
    drop(listens);
    // That the client is away shows with the next tick at the latest.
    house.post("/one/run/step", &json!({}));
    house.comes_to("one", "closed");
    assert_eq!(names_in(&house.folder()), ["one.db", "two.db"]);
}

#[test]
fn so_many_are_open_at_once_and_the_one_that_was_idle_longest_goes() {
    let names = ["one", "two", "three", "four"];
    let house = House::of(saves(&["drift"], 1, &names), &["--open-max", "2"]);
    for name in ["one", "two", "one", "three"] {
        house.tick(name);
    }
    let standing = |name: &str| house.listed(name)["status"].as_str().unwrap().to_owned();
    assert_eq!(names.map(standing), ["open", "closed", "open", "closed"]);
    house.post("/one/run", &json!({ "paused": false }));
    let _listens = stream(&house, "three");
    let (status, why) = house.refused("GET", "/four", "");
    assert_eq!(status, 503);
    assert!(why.starts_with("2 worlds are open, as many as may be"), "{why}");
    house.post("/one/run", &json!({ "paused": true }));
    wait_until("there is room", || house.send("GET", "/four", &[], "").status == 200);
    assert_eq!(names.map(standing), ["closed", "closed", "open", "open"]);
}

#[test]
fn many_ask_for_a_world_that_is_closed_and_it_is_opened_once() {
    let house = House::of(saves(&["citizens"], 3, &["one"]), &[]);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(house.tick("one"), 3));
        }
    });
    let text = house.metrics();
    assert!(text.contains("sandtable_worlds{status=\"open\"} 1"), "{text}");
}

#[test]
fn memory_that_is_short_closes_what_nothing_is_on() {
    let names = ["one", "two"];
    let house = House::of(saves(&["drift"], 1, &names), &["--memory-max", "1", "--idle", "0"]);
    let _listens = stream(&house, "one");
    house.tick("two");
    house.comes_to("two", "closed");
    assert_eq!(house.listed("one")["status"], "open");
}

#[test]
fn a_world_with_slow_ticks_takes_no_turns_from_others() {
    let folder = saves(&["drift"], 1, &["quick", "quicker"]);
    add_saves(folder.path(), &["loops"], 1, &["slow"]);
    let house = House::of(folder, &["--threads", "1", "--hz", "1000000", "--run"]);
    // One thread for all of them, each of which is always due.
    wait_until("it runs", || house.tick("slow") >= 4);
    let before = ["slow", "quick", "quicker"].map(|name| house.tick(name));
    wait_until("it goes on", || house.tick("slow") >= before[0] + 4);
    let after = ["quick", "quicker", "slow"].map(|name| house.tick(name));
    for (name, done) in [("quick", after[0] - before[1]), ("quicker", after[1] - before[2])] {
        // A look comes between two turns.
        assert!(done >= 2, "{name} did {done} ticks: {before:?} {after:?}");
    }
}

#[test]
fn names_lead_to_nothing_but_saves_of_the_folder() {
    let folder = saves(&["drift"], 1, &["one"]);
    fs::copy(folder.path().join("worlds/one.db"), folder.path().join("outside.db")).unwrap();
    let house = House::of(folder, &[]);
    for name in [
        "..%2foutside",
        "%2e%2e%2foutside",
        "..%5coutside",
        "one.db",
        "one%00",
        "ONE",
        "one%2f..%2fone",
        ".",
        "%20",
    ] {
        let answer = house.send("GET", &format!("/{name}/health"), &[], "");
        assert_eq!(answer.status, 404, "{name}");
    }
    for name in ["..%2Fnew", "a%2Fb", "", ".new", "%00", "new.db"] {
        let answer = house.send("POST", &format!("?name={name}"), &[], "no pack");
        assert_eq!(answer.status, 400, "{name}");
    }
    assert_eq!(names_in(&house.folder()), ["one.db"]);
    assert_eq!(names_in(house.0.folder.path()), ["outside.db", "source-drift", "worlds"]);
}

#[test]
fn a_world_is_made_of_a_pack_and_deleted() {
    let folder = saves(&["drift"], 1, &["one"]);
    let pack = folder.path().join("worlds/drift.pack");
    let source = folder.path().join("source-drift");
    told(sandtable().arg("pack").arg(source).arg("-o").arg(&pack));
    let house = House::of(folder, &[]);
    let made = house.send("POST", "?name=two&pack=drift.pack", &[], "");
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    assert_eq!((&made.json()["name"], &made.json()["status"]), (&json!("two"), &json!("closed")));
    assert_eq!(house.post("/two/run/step", &json!({ "ticks": 2 }))["tick"], 2);
    let sent = exchange_bytes(&house, "?name=three", &fs::read(&pack).unwrap());
    assert_eq!(sent, 201, "what is sent is a pack, too");
    assert_eq!(house.tick("three"), 0);
    let (status, why) = house.refused("POST", "?name=One&pack=drift.pack", "");
    assert_eq!((status, why.as_str()), (409, "there is a world `One` already: give another name"));
    assert_eq!(house.refused("POST", "?name=four&pack=other.pack", "").0, 400);
    assert_eq!(house.refused("POST", "?name=four&pack=one.db", "").0, 400);
    let (status, why) = house.refused("POST", "?name=four", "no pack at all");
    assert!(status == 422 && why.contains("is refused"), "{status} {why}");

    house.post("/two/run", &json!({ "paused": false }));
    let (status, why) = house.refused("DELETE", "/two", "");
    assert!(status == 409 && why.starts_with("two runs, or"), "{status} {why}");
    house.post("/two/run", &json!({ "paused": true }));
    let listens = stream(&house, "two");
    assert_eq!(house.refused("DELETE", "/two", "").0, 409);
    drop(listens);
    house.post("/two/run/step", &json!({}));
    wait_until("it is deleted", || house.send("DELETE", "/two", &[], "").status == 200);
    assert_eq!(house.refused("GET", "/two", "").0, 404);
    assert_eq!(house.send("DELETE", "/three", &[], "").status, 200, "also one that is open");
    assert_eq!(names_in(&house.folder()), ["drift.pack", "one.db"]);
}

/// Sends bytes that are no text; gives the status.
fn exchange_bytes(house: &House, path: &str, body: &[u8]) -> u16 {
    let host = house.0.host();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /api/v1/worlds{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_world_that_must_stop_is_broken_and_the_others_go_on() {
    let house = House::of(saves(&["drift"], 1, &["one", "two"]), &["--hz", "50"]);
    for world in ["one", "two"] {
        house.post(&format!("/{world}/run"), &json!({ "paused": false }));
    }
    // Another file under its name: what it writes from now on, no reader would find.
    let (save, away) = (house.folder().join("one.db"), house.folder().join("away"));
    fs::rename(&save, &away).unwrap();
    fs::copy(&away, &save).unwrap();
    house.comes_to("one", "broken");
    let ready = house.0.request("GET", "/readyz", &[], "");
    let said = String::from_utf8(ready.body).unwrap();
    assert!(ready.status == 503 && said.starts_with("one had to stop: "), "{said}");
    let tick = house.tick("two");
    wait_until("the other goes on", || house.tick("two") > tick);
}

#[test]
#[cfg(target_os = "linux")]
fn of_two_hundred_saves_only_those_that_run_take_files_and_memory() {
    const ACTIVE: usize = 20;
    let names: Vec<String> = (0..200).map(|number| format!("world-{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let house = House::of(saves(&["drift"], 1, &names), &["--idle", "0.5", "--hz", "1"]);
    assert_eq!(house.ask("")["rows"].as_array().unwrap().len(), 200);
    let begun = house.told_of_process("VmRSS");
    let (active, others) = names.split_at(ACTIVE);
    for name in active {
        house.post(&format!("/{name}/run"), &json!({ "paused": false }));
    }
    let each = house.told_of_process("VmRSS").saturating_sub(begun) / ACTIVE as u64;
    let threads = house.told_of_process("Threads");
    for name in others {
        assert_eq!(house.tick(name), 1);
    }
    wait_until("those that nothing is on are closed", || {
        let rows = house.ask("")["rows"].clone();
        rows.as_array().unwrap().iter().filter(|row| row["status"] == "closed").count() == 180
    });
    let open: BTreeSet<String> = house
        .open_files()
        .iter()
        .map(|file| file.split(".db").next().unwrap().to_owned())
        .collect();
    assert_eq!(open, active.iter().map(|it| (*it).to_owned()).collect());
    let there: BTreeSet<String> = names_in(&house.folder())
        .into_iter()
        .filter_map(|file| Some(file.split_once(".db-")?.0.to_owned()))
        .collect();
    assert_eq!(there, open, "a closed world is one file");
    let more = house.told_of_process("VmRSS").saturating_sub(begun + each * ACTIVE as u64);
    assert!(more < each * 60, "180 worlds that are closed take {more} KiB; one takes {each}");
    assert!(house.told_of_process("Threads") < threads + 30, "no thread of a world stays");
    for name in active {
        assert_eq!(house.ask(&format!("/{name}/run"))["paused"], false);
    }
}
