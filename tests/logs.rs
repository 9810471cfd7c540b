//! What mods log stays with the tick: bounded, gone with the log, and no part of
//! what a world is.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use sandtable::Simulation;
use sandtable::record::LogLevel;
use sandtable::save::{self, Reader, WantedLines};

use crate::harness::*;

/// Eight ticks of people with names.
fn lived(folder: &Path, more: &str) -> PathBuf {
    let save = folder.join("town.db");
    let mods = vec![guest("citizens")];
    let config = config(&format!("{WORLD}{more}"), &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    run(&mut world, 8);
    world.close().unwrap();
    save
}

fn said(save: &Path, wanted: &WantedLines) -> Vec<String> {
    let lines = Reader::open(save).unwrap().logged(wanted).unwrap();
    lines.iter().map(|line| format!("{} {}", line.tick, line.logged.text)).collect()
}

fn all(save: &Path) -> Vec<String> {
    said(save, &WantedLines::default())
}

#[test]
fn lines_are_kept_with_their_tick_system_and_level() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), "[logs]\nlevel = \"debug\"\n");
    let lines = all(&save);
    assert_eq!(lines[..2], ["1 four settle", "2 tick 2"]);
    assert_eq!(lines[3..5], ["4 tick 4", "4 Mortal dies"]);
    assert_eq!(lines.len(), 9);
    let wanted = WantedLines { level: Some(LogLevel::Warn), ..WantedLines::default() };
    assert_eq!(said(&save, &wanted), ["4 Mortal dies"]);
    let wanted = WantedLines { mod_id: Some("other".to_owned()), ..WantedLines::default() };
    assert_eq!(said(&save, &wanted), [""; 0]);

    let sql = "SELECT tick, mod, system, level, text FROM logs WHERE level <> 'debug'";
    let asked = |at: &[&str]| {
        let mut command = sandtable();
        told(command.arg("sql").arg(&save).arg(sql).args(["--format", "csv"]).args(at))
    };
    let expected = "tick,mod,system,level,text\r\n1,citizens,citizens/settle,info,four settle\r\n";
    assert_eq!(asked(&["--at", "3"]).trim_end(), expected.trim_end());
    assert!(asked(&[]).contains("4,citizens,citizens/live,warn,Mortal dies"));
    let shown =
        told(sandtable().arg("logs").arg(&save).args(["--mod", "citizens", "--level", "info"]));
    assert_eq!(
        shown,
        "tick 1 info  citizens/settle: four settle\ntick 4 warn  citizens/live: Mortal dies\n"
    );
    let refused = sandtable().arg("logs").arg(&save).args(["--level", "loud"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("give error, warn, info or debug"));
}

#[test]
fn no_more_lines_are_kept_than_the_world_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |name: &str, more: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        all(&lived(&folder, more))
    };
    assert_eq!(kept("usual", ""), ["1 four settle", "4 Mortal dies"], "debug only on demand");
    let three = kept("three", "[logs]\nlines = 3\nlevel = \"debug\"\n");
    assert_eq!(three, ["6 tick 6", "7 tick 7", "8 tick 8"]);
    assert_eq!(kept("none", "[logs]\nlines = 0\n"), [""; 0]);
    assert_eq!(kept("short", "log_ticks = 5\n"), ["4 Mortal dies"], "pruned with the log");
    let one_commit = "[durability]\nmode = \"commit-every-ticks\"\nticks = 8\n[logs]\nlines = 2\nlevel = \"debug\"\n";
    assert_eq!(kept("at_once", one_commit), ["7 tick 7", "8 tick 8"]);
}

#[test]
fn lines_are_no_part_of_the_world_and_go_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), "[logs]\nlevel = \"debug\"\n");
    let quiet_folder = folder.path().join("quiet");
    std::fs::create_dir(&quiet_folder).unwrap();
    let silent = lived(&quiet_folder, "[logs]\nlines = 0\n");
    let chain = |save: &Path| Reader::open(save).unwrap().info().unwrap().chain;
    assert_eq!(chain(&save), chain(&silent));
    let verified = told(sandtable().arg("verify").arg(&save).arg("--json"));
    assert!(verified.contains("\"ticks\":8"), "{verified}");
    save::rewind(&save, 4).unwrap();
    assert_eq!(all(&save).last().unwrap(), "4 Mortal dies");
    assert!(save::check(&save).unwrap().findings.is_empty());
}

#[test]
fn new_lines_are_followed_while_the_world_runs() {
    let folder = tempfile::tempdir().unwrap();
    let save = lived(folder.path(), "[logs]\nlevel = \"debug\"\n");
    let mut command = sandtable();
    command.arg("logs").arg(&save).arg("--follow").stdout(Stdio::piped());
    let mut following = command.spawn().unwrap();
    let (send, lines) = mpsc::channel();
    let out = BufReader::new(following.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|it| send.send(it)));
    let next = || lines.recv_timeout(Duration::from_secs(60)).expect("a line within a minute");
    let seen: Vec<String> = (0..9).map(|_| next()).collect();
    assert!(seen[8].ends_with("tick 8"), "{seen:?}");
    ticks(None, &save, 3);
    let seen: Vec<String> = (0..3).map(|_| next()).collect();
    assert!(seen[2].ends_with("tick 11"), "{seen:?}");
    following.kill().unwrap();
    following.wait().unwrap();
}
