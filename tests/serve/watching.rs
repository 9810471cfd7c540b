//! What watches a world on the air: figures, the rules and the dashboard over them,
//! whether it is ready.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sandtable::Simulation;
use sandtable::edit::Edit;
use sandtable::pace::{Bell, Pace};
use sandtable::save::Parcel;
use sandtable_serve::{Served, Server};
use serde_json::{Value as Json, json};

use super::{OnAir, TOKEN, exchange};
use crate::harness::*;
use crate::novel::{lines, novel};
use crate::outside::{PROMTOOL, needs};

/// Where the rules and the dashboard are.
const OPS: &str = "host/serve/ops";
/// Names that are no figure of ours and no label that `/metrics` gives: what Prometheus
/// adds, and its language.
const LANGUAGE: &str = "up instance job le and by changes group_left histogram_quantile ignoring \
                        increase offset rate resets sum time topk unless 5m 10m 15m";

fn read(file: &str) -> String {
    fs::read_to_string(root().join(OPS).join(file)).unwrap()
}

/// What a mod finds.
const HERALD: &str = "id = \"herald\"
version = \"0.1.0\"
interface = \"0.2.0\"

[[finding]]
event = \"Echo\"
severity = \"warning\"
about = \"It was called.\"
";

/// A world of which there are figures of every sort.
fn of_mods() -> OnAir {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write_world(&world, WORLD, &["citizens", "traps", "herald"]);
    fs::write(world.join("herald.toml"), HERALD).unwrap();
    let mut command = sandtable();
    command.arg("serve").arg(world).arg("--save").arg(folder.path().join("save.db"));
    OnAir::of(command, folder, &["--hz", "50"])
}

/// What a world says of which all has been asked once.
fn figures(on_air: &OnAir) -> String {
    // The last ticks are in memory.
    on_air.come_to(40);
    for path in ["/kinds", "/entities", "/entities?at=5", "/entities?at=5", "/query?sql=SELECT%201"]
    {
        on_air.ask(path);
    }
    on_air.get("/entities?limit=0");
    metrics(on_air)
}

fn metrics(on_air: &OnAir) -> String {
    let token = format!("authorization: Bearer {TOKEN}");
    String::from_utf8(on_air.request("GET", "/metrics", &[&token], "").body).unwrap()
}

/// A figure of the world, by its name and labels.
fn value(text: &str, name: &str) -> f64 {
    let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
    let labels = if labels == "}" { "}" } else { &format!(",{labels}") };
    plain_value(text, &format!("{name}{{world=\"test\"{labels}"))
}

fn plain_value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is in\n{text}")).parse().unwrap()
}

/// The names of samples and of their labels.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.split_once(['{', ' ']).unwrap();
        names.insert(name.to_owned());
        let labels = labels.split("=\"").filter_map(|part| part.rsplit(['"', ',']).next());
        names.extend(labels.filter(|it| it.chars().all(is_of_word)).map(str::to_owned));
    }
    names
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The words of an expression, without what stands between quotes and numbers.
fn words(expression: &str) -> Vec<&str> {
    let bare = expression.split('"').step_by(2);
    let words = bare.flat_map(|part| part.split(|letter| !is_of_word(letter)));
    words.filter(|word| !word.is_empty() && word.parse::<f64>().is_err()).collect()
}

/// The expressions of the rules.
fn of_rules() -> Vec<String> {
    let text = read("alerts.yml");
    let parts = text.split(" expr: ").skip(1);
    let all = parts.map(|part| {
        let end = part.find("        for: ").or(part.find("        labels:")).unwrap();
        part[..end].trim_start_matches(">-").trim().to_owned()
    });
    all.collect()
}

/// The expressions of the dashboard, as Prometheus is asked.
fn of_dashboard() -> Vec<String> {
    let dashboard: Json = serde_json::from_str(&read("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array()).flatten();
    let all = targets.map(|target| target["expr"].as_str().unwrap());
    let all = all.map(|it| it.replace("$__rate_interval", "5m").replace("$instance", ".*"));
    let all = all.map(|it| it.replace("$world", ".*"));
    all.collect()
}

#[test]
fn rules_and_dashboard_ask_for_what_a_world_gives() {
    let on_air = of_mods();
    let given = names(&figures(&on_air));
    let language: BTreeSet<&str> = LANGUAGE.split_whitespace().collect();
    let (rules, dashboard) = (of_rules(), of_dashboard());
    assert_eq!(rules.len(), read("alerts.yml").matches("- alert: ").count());
    assert!(dashboard.len() > 20, "{dashboard:?}");
    let whole: Json = serde_json::from_str(&read("dashboard.json")).unwrap();
    let panels = whole["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let mut asked = BTreeSet::new();
    for expression in rules.iter().chain(&dashboard) {
        for word in words(expression) {
            let is_known = given.contains(word) || language.contains(word);
            assert!(is_known, "`{word}` is in no answer of /metrics: {expression}");
            asked.insert(word);
        }
    }
    let needless: Vec<_> = language.difference(&asked).collect();
    assert!(needless.is_empty(), "{needless:?} are in no expression");
    let shown: BTreeSet<String> = dashboard.iter().flat_map(|it| words(it)).map(family).collect();
    let all: BTreeSet<String> =
        given.iter().filter(|it| it.starts_with("sandtable_")).map(|it| family(it)).collect();
    assert_eq!(shown.intersection(&all).count(), all.len(), "all is shown: {all:?}");
}

/// The figure that a sample is of.
fn family(sample: &str) -> String {
    let ends = ["_bucket", "_sum", "_count"];
    ends.iter().find_map(|end| sample.strip_suffix(end)).unwrap_or(sample).to_owned()
}

#[test]
fn the_guide_has_every_figure() {
    let on_air = of_mods();
    let text = figures(&on_air);
    let given = names(&text).into_iter().filter(|name| name.starts_with("sandtable_"));
    let given: BTreeSet<String> = given.map(|name| family(&name)).collect();
    let guide = fs::read_to_string(root().join("host/guide/serve.md")).unwrap();
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `sandtable_"));
    let told = rows.map(|row| format!("sandtable_{}", row.split(['`', '{']).next().unwrap()));
    assert_eq!(told.collect::<BTreeSet<_>>(), given);
}

#[test]
fn figures_are_those_of_the_world() {
    let on_air = of_mods();
    let text = figures(&on_air);
    let tick = value(&text, "sandtable_tick");
    assert!(tick >= 40.0, "{text}");
    assert_eq!(value(&text, "sandtable_saved_tick"), tick);
    on_air.come_to(tick as u64 + 20);
    let later = metrics(&on_air);
    let since = |name| value(&later, name) - value(&text, name);
    assert!(since("sandtable_tick") >= 20.0);
    for counted in ["sandtable_ticks_total", "sandtable_tick_seconds_count"] {
        // A tick may come while either answer is written.
        let apart = since(counted) - since("sandtable_tick");
        assert!(apart.abs() <= 2.0, "{counted} is {apart} apart");
    }
    assert_eq!(value(&text, "sandtable_pace_hertz"), 50.0);
    assert_eq!(value(&text, "sandtable_paused"), 0.0);
    assert_eq!(value(&text, "sandtable_faults_total{system=\"citizens/earn\"}"), 0.0);
    for file in ["save", "log"] {
        assert!(value(&text, &format!("sandtable_save_bytes{{file=\"{file}\"}}")) > 4096.0);
    }
    let read = |source| value(&text, &format!("sandtable_reads_total{{source=\"{source}\"}}"));
    assert_eq!((read("rebuilt"), read("past")), (1.0, 1.0), "{text}");
    assert!(read("memory") >= 2.0 && read("save") >= 1.0, "{text}");
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let last = value(&text, "sandtable_last_tick_timestamp_seconds");
    let start = plain_value(&text, "sandtable_start_time_seconds");
    assert!(start < last && last <= now && now - start < 300.0, "{start} {last} {now}");
}

#[test]
fn what_a_mod_finds_is_counted_and_told_and_stays_counted() {
    const FOUND: &str = "sandtable_findings_total{event=\"herald/Echo\",severity=\"warning\"}";
    let on_air = of_mods();
    let health = on_air.ask("/health")["findings"].clone();
    let found = |count: u64, tick: Json, value: Json| {
        json!([{
            "event": "herald/Echo", "severity": "warning", "about": "It was called.",
            "count": count, "tick": tick, "value": value,
        }])
    };
    assert_eq!((value(&metrics(&on_air), FOUND), health), (0.0, found(0, Json::Null, Json::Null)));
    let save = on_air.folder.path().join("save.db");
    for number in ["4", "5"] {
        let call = format!(r#"{{"number": {number}}}"#);
        told(sandtable().arg("send").arg(&save).args(["herald/Call", &call]));
    }
    wait_until("both are found", || value(&metrics(&on_air), FOUND) == 2.0);
    let health = on_air.ask("/health")["findings"].clone();
    let tick = health[0]["tick"].clone();
    assert_eq!(health, found(2, tick.clone(), json!({ "number": 5 })));
    let sql =
        "/query?sql=SELECT%20max(tick)%20AS%20tick%20FROM%20events%20WHERE%20name='herald/Echo'";
    assert_eq!(on_air.ask(sql)["rows"][0]["tick"], tick);
    let host = on_air.host().to_owned();
    let ready = exchange(
        &host,
        &format!("GET /readyz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"),
    );
    assert_eq!(ready.status, 200, "it does what it should");
    let folder = on_air.stop();
    let info = told(sandtable().arg("info").arg(&save));
    assert!(info.contains("  findings   herald/Echo 2 times, warning: It was called."), "{info}");
    let again = OnAir::again(folder, &["--hz", "50"]);
    assert_eq!(value(&metrics(&again), FOUND), 2.0);
    assert_eq!(again.ask("/health")["findings"], found(2, Json::Null, Json::Null));
}

#[test]
fn a_mod_that_is_suspended_and_a_pace_that_is_not_kept_are_seen() {
    let on_air = OnAir::with(&["traps"], &["--hz", "1000000"]);
    wait_until("ticks are left out", || {
        value(&metrics(&on_air), "sandtable_left_out_seconds_total") > 0.0
    });
    let text = metrics(&on_air);
    assert!(value(&text, "sandtable_lag_seconds") > 0.5, "{text}");
    assert_eq!(value(&text, "sandtable_suspended_mods"), 1.0);
}

#[test]
fn the_rules_are_sound_and_fire_when_they_should() {
    needs!(PROMTOOL);
    let folder = tempfile::tempdir().unwrap();
    for file in ["alerts.yml", "alerts.test.yml", "prometheus.yml"] {
        fs::write(folder.path().join(file), read(file)).unwrap();
    }
    fs::write(folder.path().join("token"), TOKEN).unwrap();
    let panels = of_dashboard().into_iter().enumerate();
    let panels = panels.map(|(at, expr)| json!({ "record": format!("panel_{at}"), "expr": expr }));
    let panels =
        json!({ "groups": [{ "name": "dashboard", "rules": panels.collect::<Vec<_>>() }] });
    fs::write(folder.path().join("panels.yml"), panels.to_string()).unwrap();
    let promtool = |words: &[&str]| {
        told(PROMTOOL.command().args(words).current_dir(folder.path()));
    };
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "alerts.yml", "panels.yml"]);
    promtool(&["test", "rules", "alerts.test.yml"]);
}

/// In the older form that promtool reads: there a counter is called as its sample is.
fn in_older_form(text: &str) -> String {
    let counters: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let lines = text.lines().map(|line| {
        let mut words: Vec<&str> = line.splitn(4, ' ').collect();
        let total = words.get(2).filter(|name| line.starts_with("# ") && counters.contains(*name));
        let total = total.map(|name| format!("{name}_total"));
        if let Some(total) = &total {
            words[2] = total;
        }
        words.join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn figures_are_called_as_prometheus_wants() {
    needs!(PROMTOOL);
    let on_air = of_mods();
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("metrics");
    fs::write(&text, in_older_form(&figures(&on_air))).unwrap();
    let mut promtool = PROMTOOL.command();
    promtool.args(["check", "metrics"]).stdin(fs::File::open(&text).unwrap());
    assert_eq!(told(&mut promtool), "");
}

fn ready(server: &Server) -> (u16, String) {
    let host = server.address().to_string();
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let answer = exchange(&host, &request);
    (answer.status, String::from_utf8(answer.body).unwrap())
}

fn world(save: &Path) -> Simulation {
    let mods = vec![guest("drift")];
    Simulation::create(Some(save), config(WORLD, &mods), mods, quiet(1)).unwrap()
}

#[test]
fn a_row_that_was_derived_and_is_damaged_is_found_until_it_is_mended() {
    const FOUND: &str =
        "sandtable_findings_total{event=\"story/Inconsistent\",severity=\"critical\"}";
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let (mut config, mods) = novel().clone();
    config.api.edit = true;
    config.world.name = "test".to_owned();
    config.mods.get_mut("story").unwrap().settings =
        serde_json::from_value(json!({ "audited_at_once": 200 })).unwrap();
    let mut simulation = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    let served = Served::new(&mut simulation, &save);
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(served, address, Some(TOKEN.to_owned())).unwrap();
    for event in lines() {
        simulation.send("story/Event", &event, "the test").unwrap();
    }
    run(&mut simulation, 4);
    let found = || {
        let host = server.address().to_string();
        let request = format!(
            "GET /metrics HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\n\
             connection: close\r\n\r\n"
        );
        value(&String::from_utf8(exchange(&host, &request).body).unwrap(), FOUND)
    };
    assert_eq!(found(), 0.0);
    let damaged = values(simulation.world(), "story/Life")[0].0;
    let life = json!({ "is_alive": true, "since": "0000", "event": "none" });
    let set = json!({
        "op": "set", "entity": damaged.to_string(), "component": "story/Life", "value": life,
    });
    let edits = vec![Edit::parse(&set).unwrap()];
    let parcel = Parcel { sender: "ada".to_owned(), edits, ..Parcel::default() };
    simulation.take_in(&parcel, Box::new(|_| {})).unwrap();
    run(&mut simulation, 3);
    let first = found();
    assert!(first > 0.0, "the audit tells of it");
    run(&mut simulation, 2);
    assert!(found() > first, "again and again, so that the alert goes on");
    simulation.send("story/Rebuild", &json!({}), "the test").unwrap();
    run(&mut simulation, 4);
    let last = found();
    run(&mut simulation, 3);
    assert_eq!(found(), last, "it is mended");
}

#[test]
fn a_world_that_does_no_ticks_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("save.db");
    let mut simulation = world(&save);
    let pace = Pace::new(20.0);
    let served = Served::new(&mut simulation, &save).paced(&pace);
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(served, address, Some(TOKEN.to_owned())).unwrap();
    run(&mut simulation, 3);
    assert_eq!(ready(&server), (200, "tick 3, saved 3\n".to_owned()));
    drop(server);
    let due = Instant::now().checked_sub(Duration::from_secs(40)).unwrap();
    let late = Pace::since(20.0, due, Bell::default());
    let served = Served::new(&mut simulation, &save).paced(&late);
    let server = Server::start(served, address, Some(TOKEN.to_owned())).unwrap();
    let refused = ready(&server);
    assert_eq!(
        refused,
        (503, "test stands at tick 3: the next one should have begun 40 s ago\n".to_owned())
    );
    late.pause();
    assert_eq!(ready(&server).0, 200, "as it was told to");
    simulation.reopen().unwrap();
    assert_eq!(ready(&server).0, 200, "it goes on");
    simulation.close().unwrap();
    let ended = "test has ended at tick 3, and nothing runs it any more\n";
    assert_eq!(ready(&server), (503, ended.to_owned()));
}
