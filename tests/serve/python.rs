//! The Python client, through the real server and a real Python.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value as Json;

use super::clients::{citizens, documented, killed};
use super::{OnAir, TOKEN};
use crate::harness::*;
use crate::outside::{FRAMES, Outside, PYTHON3, needs};

/// A Python that finds the client.
fn python(outside: &Outside) -> Command {
    let mut command = outside.command();
    let packages = root().join(crate::outside::PYTHON_PACKAGES);
    let path = [root().join("host/client/python"), packages];
    command.env("PYTHONPATH", std::env::join_paths(path).unwrap());
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("SANDTABLE_TOKEN", TOKEN);
    command
}

/// A command that has something done by `client.py`.
pub fn script(what: &str, address: &str) -> Command {
    let mut command = python(if what == "frames" { &FRAMES } else { &PYTHON3 });
    command.arg(root().join("tests/serve/client.py")).args([what, address]);
    command
}

/// What `client.py` prints.
pub fn done(what: &str, address: &str) -> Json {
    serde_json::from_str(&told(&mut script(what, address))).unwrap()
}

pub fn address(on_air: &OnAir) -> String {
    format!("http://{}", on_air.host())
}

#[test]
fn each_operation_has_a_method_in_python() {
    needs!(PYTHON3);
    let known = done("operations", "http://127.0.0.1:1");
    let sorted = |parameters: &Json| -> Vec<String> {
        let parameters = parameters.as_array().unwrap().iter();
        let mut names: Vec<String> = parameters.map(|it| it.as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    };
    let mut known: Vec<_> = known.as_array().unwrap().iter().collect();
    for (name, method, path, mut parameters) in documented() {
        // It is asked by its body, which may be long.
        if name == "query" {
            continue;
        }
        parameters.sort_unstable();
        let place = known.iter().position(|it| it["name"] == name.as_str());
        let place = place.unwrap_or_else(|| panic!("give `{name}` to sandtable_client.py"));
        let it = known.swap_remove(place);
        assert_eq!((&it["method"], &it["path"]), (&method.into(), &path.into()), "{name}");
        assert_eq!(sorted(&it["parameters"]), parameters, "{name}");
    }
    assert!(known.is_empty(), "{known:?} is no operation");
}

#[test]
fn what_the_python_client_answers_is_what_the_server_answers() {
    needs!(PYTHON3);
    let on_air = citizens();
    let said = done("answers", &address(&on_air));
    let asked = |path: &str| {
        on_air.ask(
            &path
                .replace(' ', "%20")
                .replace('+', "%2B")
                .replace('>', "%3E")
                .replace('"', "%22")
                .replace('{', "%7B")
                .replace('}', "%7D"),
        )
    };
    let answers = said["answers"].as_object().unwrap();
    assert_eq!(answers.len(), 21);
    for (path, answer) in answers {
        assert_eq!(*answer, asked(path), "{path}");
    }
    for (path, rows) in said["rows"].as_object().unwrap() {
        assert_eq!(*rows, asked(path)["rows"], "{path}");
    }
    for (path, names) in said["names"].as_object().unwrap() {
        let now = asked(path);
        let now = now["rows"].get(0).unwrap_or(&now);
        let now: Vec<&String> = now.as_object().unwrap().keys().collect();
        assert_eq!(*names, serde_json::json!(now), "{path}");
    }
    assert_eq!(done("pages", &address(&on_air)), "done");
    assert_eq!(done("values", &address(&on_air)), "done");
}

#[test]
fn frames_and_arrays_have_what_the_server_answers() {
    needs!(FRAMES);
    let on_air = citizens();
    assert_eq!(done("frames", &address(&on_air)), "done");
    let mut values = python(&FRAMES);
    values.arg(root().join("tests/serve/client.py")).args(["values", &address(&on_air)]);
    assert_eq!(told(&mut values), "\"done\"\n", "columns with arrays in them");
}

#[test]
fn python_is_told_why_it_is_refused() {
    needs!(PYTHON3);
    let text = format!("{WORLD}\n[history]\nticks = 10\n");
    let on_air = OnAir::of_world(&text, &["drift"], &["--hz", "400"]);
    wait_until("ticks are pruned", || on_air.ask("/health")["first_tick"].as_u64() > Some(4));
    let said = done("refusals", &address(&on_air));
    for (name, status) in
        [("token", 401), ("pruned", 410), ("future", 404), ("not-found", 404), ("query", 400)]
    {
        assert_eq!((&said[name][0], &said[name][1]), (&name.into(), &status.into()), "{said}");
    }
    assert_eq!(said["stream of a stranger"][0], "token");
    assert!(said["parameter"][2].as_str().unwrap().contains("`changes` names `a/B`"), "{said}");
    assert_eq!((&said["unreachable"], &said["address"]), (&true.into(), &true.into()));
}

/// A Python that follows a world, which is ended if a test fails.
struct Follower(Child, Lines<BufReader<ChildStdout>>);

impl Follower {
    fn start(on_air: &OnAir) -> Self {
        let mut command = script("follow", &address(on_air));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self(child, lines)
    }

    fn next(&mut self) -> Json {
        serde_json::from_str(&self.1.next().expect("it goes on").unwrap()).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_stream_in_python_loses_nothing_when_the_server_is_killed() {
    needs!(PYTHON3);
    let mut on_air = OnAir::with(&["menagerie"], &["--hz", "50"]);
    on_air.come_to(20);
    let mut follower = Follower::start(&on_air);
    let tick = |told: &Json| -> u64 {
        told["at"].as_str().unwrap().split('~').next().unwrap().parse().unwrap()
    };
    let mut last = tick(&follower.next());
    let mut events = 0;
    for _ in 0..2 {
        let upto = on_air.tick() + 10;
        while last < upto {
            let told = follower.next();
            assert_eq!((&told["gap"], &told["since"]), (&Json::Null, &last.into()), "{told}");
            assert_eq!(told["from"], last, "what is other since then");
            events += told["events"].as_u64().unwrap_or(0);
            last = tick(&told);
        }
        let (folder, host) = killed(on_air);
        on_air = OnAir::again(folder, &["--hz", "50", "--listen", &host]);
    }
    assert!(events > 0, "events are told too");
}

#[test]
fn the_guide_shows_python_that_runs() {
    needs!(PYTHON3);
    let on_air = citizens();
    let guide = std::fs::read_to_string(root().join("host/guide/clients.md")).unwrap();
    let shown = guide.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let shown = shown.replace("http://127.0.0.1:7878", &address(&on_air));
    let shown = shown.replace("\"mine\"", &format!("\"{TOKEN}\""));
    let shown = shown.replace("\"islands\"", "\"test\"").replace("islands/", "drift/");
    let said = told(python(&PYTHON3).args(["-c", &shown]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 101, "{said}");
    assert!(lines[0].starts_with("0v1 ") || lines[0].starts_with("4v1 "), "{said}");
    assert!(lines[100].ends_with(" 103 100"), "a tick, its entities, the columns: {said}");
}

#[test]
fn the_example_draws_a_series() {
    needs!(FRAMES);
    let on_air = citizens();
    let mut command = python(&FRAMES);
    command.arg(root().join("examples/client/series.py")).arg(address(&on_air));
    let select =
        "SELECT sum(gold) AS gold FROM citizens_wealth WHERE 8 >= (SELECT max(tick) FROM ticks)";
    let said = told(command.args(["test", select, "4"]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "gold: 93 to 213, by +120 a point");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["4", "93"]);
    assert!(lines[2].ends_with(&"#".repeat(50)), "{said}");
}

#[test]
fn the_python_client_has_the_version_of_the_rest() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, name) in [("pyproject.toml", "version"), ("sandtable_client.py", "__version__")] {
        let text = std::fs::read_to_string(root().join("host/client/python").join(file)).unwrap();
        let line = format!("{name} = \"{version}\"");
        assert!(text.lines().any(|it| it == line), "{file}: {line}");
    }
}
