//! Lines that are sent by the command line: through kills, with bad ones among them, and
//! to a world that derives nothing for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Dice, EVENT, content, lines, novel, told_whole};
use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_PY, NATS_SERVER, PYTHON_PACKAGES, needs};

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
    // No text at all is a line like another.
    let text = [text.as_bytes(), b"\n\xff\xfe\n"].concat();
    fs::write(&file, text).unwrap();
    let send = |how: &[&str]| {
        let mut command = sandtable();
        command.arg("send").arg(&save).args([EVENT, "--ndjson"]).arg(&file).args(how);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (sent, why) = send(&[]);
    assert!(
        sent == Some(1) && why.contains("line 3 is no input") && !why.contains("line 5"),
        "{why}"
    );
    assert_eq!(waiting(&save), 0);
    let (sent, why) = send(&["--bad-lines", "nothing"]);
    assert!(sent == Some(1) && why.contains("line 3") && why.contains("line 5"), "{why}");
    assert!(why.contains("nothing was sent"), "{why}");
    assert_eq!(waiting(&save), 0);
    let (sent, why) = send(&["--bad-lines", "skip"]);
    assert!(sent == Some(3) && why.contains("line 3") && why.contains("line 5 is no input"));
    assert!(why.contains("line 7 is no input: it is no text in UTF-8"), "{why}");
    assert!(why.contains("3 inputs in") && why.contains("3 lines left out"), "{why}");
    assert_eq!(waiting(&save), 3);
}

/// Publishes the lines of a file, each as a message of a stream that it makes.
const PUBLISH: &str = "
import asyncio, nats, sys
async def main():
    client = await nats.connect(sys.argv[1])
    stream = client.jetstream()
    await stream.add_stream(name='chronicle', subjects=['told'])
    for line in open(sys.argv[2], 'rb'):
        await stream.publish('told', line)
    await client.close()
asyncio.run(main())
";

#[test]
fn a_listener_takes_a_story_from_a_stream_through_kills() {
    needs!(NATS_SERVER, NATS_PY);
    let folder = tempfile::tempdir().unwrap();
    let (save, file) = (folder.path().join("novel.db"), folder.path().join("lines.ndjson"));
    let world = written(folder.path(), "");
    ticks(Some(&world), &save, 1);
    let mut events = lines();
    events.extend(lines().into_iter().take(20));
    Dice(3).shuffle(&mut events);
    write_lines(&file, &events);
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{whole}no event\n")).unwrap();
    let server = NatsServer::start();
    let python = || {
        let mut command = NATS_PY.command();
        command.env("PYTHONPATH", root().join(PYTHON_PACKAGES));
        command
    };
    told(python().args(["-c", PUBLISH, &server.url()]).arg(&file));
    let listen = || {
        let mut command = python();
        command.arg(root().join("examples/novel/listen.py")).arg(&save);
        command.args(["--once", "--stream", "chronicle", "--nats", &server.url()]);
        command.args(["--ack-wait", "2", "--program", env!("CARGO_BIN_EXE_sandtable")]);
        command.stdout(Stdio::null());
        command
    };
    // It is killed once something is in the save, which it may not have acknowledged.
    let mut child = listen().stderr(Stdio::null()).spawn().unwrap();
    wait_until("a batch is sent", || waiting(&save) > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    told(&mut listen());
    ticks(None, &save, 3);
    assert_eq!(digest_of(&save).trim(), content(told_whole(&lines()).world()));
}

/// Inputs that wait in a save.
fn waiting(save: &Path) -> i64 {
    let connection = rusqlite::Connection::open(save).unwrap();
    let count = "SELECT count(*) FROM st_inbox";
    connection.query_row(count, [], |row| row.get(0)).unwrap()
}
