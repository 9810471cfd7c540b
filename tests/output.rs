//! Nothing that is printed, or cannot be, stops a world or changes how a verb
//! ends.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value as Json;

use crate::harness::*;

/// A pipe without a reader.
fn unread() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn exit_code(command: &mut Command) -> Option<i32> {
    command.status().expect("it starts").code()
}

#[test]
fn a_world_runs_on_when_no_process_reads_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write_world(&world, WORLD, &["traps"]);
    for (name, log) in [("usual", None), ("off", Some("off")), ("trace", Some("trace"))] {
        let mut command = sandtable();
        command.args(["run", "--ticks", "20", "--json", "--save"]);
        command.arg(folder.path().join(format!("{name}.db"))).arg(&world);
        command.envs(log.map(|log| ("SANDTABLE_LOG", log))).stderr(unread());
        let end: Json = serde_json::from_str(&told(&mut command)).unwrap();
        assert_eq!(end["tick"], 20, "{name}");
        assert_eq!(end["faults"], 8, "{name}: there was something to say");
    }
}

#[test]
fn an_answer_that_no_process_reads_to_its_end_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("world"), folder.path().join("save.db"));
    write_world(&world, WORLD, &["watcher"]);
    ticks(Some(&world), &save, 3);
    let path = save.to_str().unwrap();
    let all = "SELECT * FROM watcher_value";
    for words in [
        &["sql", path, all][..],
        &["sql", path, all, "--format", "csv"],
        &["info", path],
        &["timeline", path, "1v1"],
        &["--help"],
        &["run", "--save", path, "--ticks", "1"],
    ] {
        let output = sandtable().args(words).stdout(unread()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
        assert!(!said.contains("error"), "{words:?}: {said}");
    }
}

#[test]
fn an_exit_code_is_right_whether_or_not_its_output_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("world"), folder.path().join("save.db"));
    write_world(&world, WORLD, &["watcher"]);
    ticks(Some(&world), &save, 3);
    let damage = "UPDATE st_world SET committed_at = committed_at + 1";
    Connection::open(&save).unwrap().execute_batch(damage).unwrap();
    for more in [&[][..], &["--json"]] {
        let mut check = sandtable();
        check.arg("check").arg(&save).args(more).stdout(unread()).stderr(Stdio::null());
        assert_eq!(exit_code(&mut check), Some(1), "{more:?}");
    }
    let scenario = "[[scenario]]\nname = 'fails'\n[[scenario.expect]]\nafter = 1\n\
                    sql = \"SELECT 1\"\nrows = [[2]]\n";
    fs::create_dir(world.join("scenarios")).unwrap();
    fs::write(world.join("scenarios/one.toml"), scenario).unwrap();
    let mut test = sandtable();
    test.arg("test").arg(&world).stdout(unread()).stderr(Stdio::null());
    assert_eq!(exit_code(&mut test), Some(1));
}
