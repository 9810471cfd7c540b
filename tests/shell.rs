//! `sandtable sql` without a question: statements and commands, line by line.

use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::harness::*;
use crate::outside::{SCRIPT, needs};
use crate::place::Place;

/// What the shell does with these lines.
fn typed(command: &mut Command, lines: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn piped(place: &Place, lines: &str) -> (Option<i32>, String, String) {
    let output = typed(&mut place.program(&["sql", "save.db", "--format", "csv"]), lines);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A shell that is told something once it has said something.
struct Talk {
    child: Child,
    parts: Receiver<String>,
    said: String,
}

impl Talk {
    fn with(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (mut output, (send, parts)) = (child.stdout.take().unwrap(), mpsc::channel());
        thread::spawn(move || {
            let mut bytes = [0; 1 << 10];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let _ = send.send(String::from_utf8_lossy(&bytes[..read]).into_owned());
            }
        });
        Self { child, parts, said: String::new() }
    }

    fn say(&mut self, what: &str) {
        self.child.stdin.as_mut().unwrap().write_all(what.as_bytes()).unwrap();
    }

    /// Waits for a text, behind the last one that was waited for.
    fn hear(&mut self, what: &str) {
        while !self.said.contains(what) {
            let part = self.parts.recv_timeout(Duration::from_secs(60));
            self.said += &part.unwrap_or_else(|_| panic!("{what:?} comes after {:?}", self.said));
        }
        let end = self.said.find(what).unwrap() + what.len();
        self.said.drain(..end);
    }

    fn ends(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success(), "it ends well");
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn statements_are_answered_one_after_another() {
    let place = Place::with_save(&["watcher"]);
    let lines = "
        SELECT max(tick) AS last
        FROM ticks; SELECT ';' AS semicolon; -- not; this
        ;
        .mode json
        SELECT 1 AS one;
        .mode csv
        .schema watcher_tag
        SELECT 'no end' AS rest";
    let (code, out, error) = piped(&place, lines);
    let expected = "last\r\n3\nsemicolon\r\n;\n[\n{\"one\":1}\n]\nwatcher_tag (entity INTEGER)\n\
                    rest\r\nno end\n";
    assert_eq!((code, out.as_str(), error.as_str()), (Some(0), expected, ""));

    let (_, tables, _) = piped(&place, ".tables\n");
    assert_eq!(
        tables,
        told(&mut place.program(&[
            "sql",
            "save.db",
            "SELECT name, what FROM tables",
            "--format",
            "csv",
        ]))
    );
}

#[test]
fn what_fails_is_told_and_the_rest_answered() {
    let place = Place::with_save(&["watcher"]);
    let lines = "SELECT missing FROM ticks;\nDELETE FROM ticks;\n.mode xml\n.table\n.schema gone\n\
                 SELECT 1 AS one;\n.quit\nSELECT 2 AS two;\n";
    let (code, out, error) = piped(&place, lines);
    assert_eq!((code, out.as_str()), (Some(1), "one\r\n1\n"));
    let errors: Vec<&str> = error.lines().collect();
    let expected = [
        "error: no such column: missing",
        "error: only one SELECT is answered",
        "error: `.mode` takes `table`, `csv` or `json`",
        "error: there is no command `.table`; `.help` lists all",
        "error: there is no table `gone`; `.tables` lists all",
        "error: 5 statements failed; see above",
    ];
    assert_eq!(errors.len(), expected.len(), "{error}");
    for (line, expected) in errors.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn a_statement_sees_what_came_after_the_one_before() {
    let place = Place::with_save(&["watcher"]);
    let mut command = place.program(&["sql", "save.db", "--format", "csv"]);
    let mut shell = Talk::with(&mut command);
    shell.say("SELECT max(tick) AS last FROM ticks;\n");
    shell.hear("last\r\n3\n");
    ticks(None, &place.at("save.db"), 2);
    assert!(!place.at("save.db-wal").exists(), "nothing is held open between statements");
    shell.say("SELECT max(tick) AS last FROM ticks;\n");
    shell.hear("last\r\n5\n");
    shell.ends();
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_no_colours_when_told_so() {
    needs!(SCRIPT);
    let place = Place::with_save(&["watcher"]);
    let program = env!("CARGO_BIN_EXE_sandtable");
    let mut command = SCRIPT.command();
    command.args(["-qec", &format!("{program} sql save.db 'SELECT missing'"), "/dev/null"]);
    command.current_dir(place.0.path()).env("TERM", "xterm");
    for (told_so, expected) in
        [(false, "\u{1b}[1merror:\u{1b}[0m no such"), (true, "error: no such")]
    {
        if told_so {
            command.env("NO_COLOR", "1");
        }
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(said.contains(expected), "{said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn keys_pause_a_world_that_is_worked_on_and_the_terminal_is_as_before() {
    needs!(SCRIPT);
    let place = Place::with(WORLD, &["watcher"]);
    let program = env!("CARGO_BIN_EXE_sandtable");
    let mut command = SCRIPT.command();
    // Ctrl-C reaches the shell as well, and one such as dash would end with it.
    let line =
        format!("trap : INT; {program} dev . --hz 100 --save dev.db; echo ended $?; stty -a");
    command.args(["-qec", &line, "/dev/null"]);
    command.current_dir(place.0.path()).env("TERM", "xterm");
    let mut dev = Talk::with(&mut command);
    dev.hear("keys: p pauses");
    dev.say("p");
    dev.hear("paused: p goes on");
    // The tick that was under way when it was paused may be kept after it was told so.
    let paused = last_tick(&place.at("dev.db"));
    for _ in 0..3 {
        dev.say("s");
        dev.hear("one tick");
    }
    wait_until("the steps", || last_tick(&place.at("dev.db")) >= paused + 3);
    assert!(last_tick(&place.at("dev.db")) <= paused + 4, "it stands still after them");
    dev.say("-");
    dev.hear("paused, then 50 ticks a second");
    dev.say("p");
    dev.hear("50 ticks a second");
    wait_until("it goes on", || last_tick(&place.at("dev.db")) > paused + 3);
    dev.say("\x03");
    dev.hear("stopped at tick");
    dev.hear("ended 0");
    dev.hear(" icanon");
    dev.hear(" echo ");
    dev.ends();
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_how_far_verifying_is() {
    needs!(SCRIPT);
    let place = Place::with_save(&["watcher"]);
    let program = env!("CARGO_BIN_EXE_sandtable");
    let mut command = SCRIPT.command();
    command.args(["-qec", &format!("{program} verify save.db"), "/dev/null"]);
    command.current_dir(place.0.path()).env("TERM", "xterm");
    let mut verify = Talk::with(&mut command);
    verify.hear("33% · tick 1 of 3");
    verify.hear("3 ticks run again, from 1 to 3: all as recorded");
    verify.ends();
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_a_prompt() {
    needs!(SCRIPT);
    let place = Place::with_save(&["watcher"]);
    let program = env!("CARGO_BIN_EXE_sandtable");
    let mut command = SCRIPT.command();
    command.args(["-qec", &format!("{program} sql save.db --format csv"), "/dev/null"]);
    command.current_dir(place.0.path()).env("TERM", "xterm").env("HOME", place.0.path());
    let mut shell = Talk::with(&mut command);
    let mut type_at = |prompt: &str, keys: &str| {
        shell.hear(prompt);
        shell.say(keys);
    };
    type_at("sandtable> ", "SELECT 40 + 2 AS answer\n");
    type_at("...> ", ";\n");
    type_at("\n42", "");
    type_at("sandtable> ", "SELECT missing;\n");
    type_at("\u{1b}[31m\u{1b}[1merror:\u{1b}[0m no such column: missing", "");
    // Ctrl-C takes back what was begun, also on the line before.
    type_at("sandtable> ", "SELECT 6\n");
    type_at("...> ", "+ 7\x03");
    // A tab completes.
    type_at("sandtable> ", "SELECT * FROM watcher_t\t LIMIT 0;\n");
    type_at("entity", "");
    type_at("sandtable> ", "\x04");
    shell.ends();
    let history = std::fs::read_to_string(place.at(".sandtable_history")).unwrap();
    assert!(history.contains("watcher_tag LIMIT 0"), "{history}");
    assert!(!history.contains("SELECT 6"), "{history}");
}
