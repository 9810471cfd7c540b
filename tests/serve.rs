//! A world on the air: what the API answers is what its save and the command line say,
//! at any tick, and bad requests are each one sentence.

mod answers;
mod asking;
mod attacks;
mod browser;
mod bus;
mod canaries;
mod clients;
mod contexts;
mod crowd;
mod doing;
mod hands;
mod hostile;
mod kills;
mod mcp;
mod proxies;
mod python;
mod refusals;
mod running;
mod streams;
mod trust;
mod watching;
mod worlds;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value as Json, json};

use crate::harness::*;

const TOKEN: &str = "a-token-of-the-tests";
/// What the body is of requests that change something.
const JSON: &str = "content-type: application/json";

/// A world that the program serves, which is killed if a test fails.
struct OnAir {
    folder: tempfile::TempDir,
    child: Child,
    /// Kept, so that what it says finds a reader.
    /// What it says on stderr after the link, read all the while: one whose stderr is
    /// full stands still.
    said: Option<JoinHandle<String>>,
    link: String,
    /// Where it listens.
    own: String,
}

/// An answer over HTTP.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(of, _)| of == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, String::from_utf8_lossy(&self.body)))
    }
}

/// Sends a request as it is; gives the answer.
fn exchange(host: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    Answer { status, headers: lines.map(header).collect(), body: answer[end + 4..].to_vec() }
}

impl OnAir {
    fn with(guests: &[&str], more: &[&str]) -> Self {
        Self::of_world(WORLD, guests, more)
    }

    /// As [`OnAir::with`], by another world file.
    fn of_world(text: &str, guests: &[&str], more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_world(&folder.path().join("world"), text, guests);
        let mut command = sandtable();
        command.arg("serve").arg(folder.path().join("world"));
        command.arg("--save").arg(folder.path().join("save.db"));
        Self::of(command, folder, more)
    }

    /// As [`OnAir::with`], by a command that says what is served.
    fn of(mut command: std::process::Command, folder: tempfile::TempDir, more: &[&str]) -> Self {
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(more);
        Self::started(command, folder)
    }

    /// What is in a folder already, once more.
    fn again(folder: tempfile::TempDir, more: &[&str]) -> Self {
        let mut command = sandtable();
        command.arg("serve").arg(folder.path().join("save.db"));
        Self::of(command, folder, more)
    }

    /// What a command serves that says where.
    fn started(mut command: std::process::Command, folder: tempfile::TempDir) -> Self {
        command.env("SANDTABLE_TOKEN", TOKEN);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let (mut all, mut listens) = (String::new(), None);
        let link = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it prints a link: {all}");
            all.push_str(&line);
            listens = line.trim().strip_prefix("listening at ").map(str::to_owned).or(listens);
            if let Some(link) = line.trim().strip_prefix("open ") {
                break link.to_owned();
            }
        };
        let of_link = || link.split("://").nth(1)?.split('/').next().map(str::to_owned);
        let own = listens.or_else(of_link).unwrap();
        let said = Some(std::thread::spawn(move || {
            let mut rest = Vec::new();
            said.read_to_end(&mut rest).unwrap();
            String::from_utf8_lossy(&rest).into_owned()
        }));
        Self { folder, child, said, link, own }
    }

    fn host(&self) -> &str {
        &self.own
    }

    /// A request as it is.
    fn raw(&self, request: &str) -> Answer {
        exchange(self.host(), request)
    }

    fn request(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host());
        request.push_str(&format!("connection: close\r\ncontent-length: {}\r\n", body.len()));
        headers.iter().for_each(|header| request.push_str(&format!("{header}\r\n")));
        self.raw(&format!("{request}\r\n{body}"))
    }

    /// Asks with the token, of the world that is served.
    fn get(&self, path: &str) -> Answer {
        let token = format!("authorization: Bearer {TOKEN}");
        self.request("GET", &format!("/api/v1/worlds/test{path}"), &[&token], "")
    }

    fn ask(&self, path: &str) -> Json {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    fn tick(&self) -> u64 {
        self.ask("")["tick"].as_u64().unwrap()
    }

    /// Waits until the world has come to a tick.
    fn come_to(&self, tick: u64) {
        wait_until("the tick", || self.tick() >= tick);
    }

    /// Ends it as Ctrl-C does.
    fn stop(mut self) -> tempfile::TempDir {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for OnAir {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rows_at(save: &Path, tick: u64, sql: &str) -> Json {
    let tick = tick.to_string();
    let said =
        told(sandtable().arg("sql").arg(save).args(["--at", &tick, "--format", "json", sql]));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn what_is_on_the_air_is_what_the_command_line_says() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(8);
    let blame = "/entities/0v1/blame?component=citizens/Wealth&to=5";
    let said = on_air.ask(blame)["rows"].clone();
    let twice = on_air.ask("/query?at=5&sql=SELECT%20entity,gold%20FROM%20citizens_wealth");
    assert_eq!(twice["tick"], 5);
    let posted = on_air.request(
        "POST",
        "/api/v1/worlds/test/query?at=5",
        &[&format!("authorization: Bearer {TOKEN}")],
        "SELECT entity, gold FROM citizens_wealth",
    );
    assert_eq!(posted.json(), twice);
    let one = on_air.ask("/entities/0v1?at=5");
    assert_eq!(one["components"]["citizens/Citizen"]["name"], "Ada");
    assert_eq!(one["components"]["citizens/Wealth"]["gold"], 40, "four ticks after it came");
    assert_eq!(one["incoming"][0]["kind"], "citizens/Knows");
    assert_eq!(
        (one["incoming_count"].clone(), one["outgoing_count"].clone()),
        (1.into(), 0.into())
    );
    let now = on_air.ask("/entities/0v1");
    assert_eq!(now["components"]["citizens/Citizen"]["name"], "Countess");
    let gone = on_air.get("/entities/3v1");
    assert_eq!(gone.status, 404, "it died");
    let events = on_air.ask("/logs?mod=citizens&to=4")["rows"].clone();
    assert_eq!(events[0]["text"], "Mortal dies");
    let folder = on_air.stop();
    assert_eq!(names_in(folder.path()), ["save.db", "world"], "the save is closed");
    let save = folder.path().join("save.db");
    let sql = "SELECT entity, gold FROM citizens_wealth";
    assert_eq!(rows_at(&save, 5, sql), twice["rows"]);
    let told = told(sandtable().arg("blame").arg(&save).args([
        "0v1",
        "citizens/Wealth",
        "--to",
        "5",
        "--format",
        "json",
    ]));
    assert_eq!(serde_json::from_str::<Json>(&told).unwrap(), said);
}

/// What counts the ticks for `/metrics` had kept all that was served, connections of
/// SELECTs since the last tick among it, until after the save was closed.
#[test]
fn a_select_right_before_the_end_leaves_the_save_closed() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "1"]);
    on_air.come_to(2);
    on_air.ask("/query?sql=SELECT%20gold%20FROM%20citizens_wealth");
    let folder = on_air.stop();
    assert_eq!(names_in(folder.path()), ["save.db", "world"]);
}

#[test]
fn pages_are_all_of_one_tick_however_the_world_moves_on() {
    let on_air = OnAir::with(&["drift"], &["--hz", "200"]);
    on_air.come_to(3);
    let asked = "/entities?with=drift/Position&select=drift/Position.x,drift/Velocity.y&limit=7";
    let first = on_air.ask(&format!("{asked}&count=true"));
    assert_eq!(first["count"], 100);
    let (at, mut page) = (first["at"].as_str().unwrap().to_owned(), first.clone());
    let mut walked = page["rows"].as_array().unwrap().clone();
    while let Some(next) = page["next"].as_str() {
        on_air.come_to(on_air.tick() + 1);
        page = on_air.ask(&format!("{asked}&cursor={next}"));
        assert_eq!(page["at"], at.as_str(), "of the tick of the first");
        walked.extend(page["rows"].as_array().unwrap().clone());
    }
    let whole = on_air.ask(&format!(
        "/entities?with=drift/Position&select=drift/Position.x,drift/Velocity.y&limit=10000&at={at}"
    ));
    assert_eq!(Json::from(walked.clone()), whole["rows"]);
    let names: BTreeSet<&str> = walked.iter().map(|row| row["entity"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 100, "each once");
    let tick = at.split('~').next().unwrap().parse().unwrap();
    on_air.come_to(tick + 1);
    let some = on_air.ask(&format!("/entities?where=drift/Position.z:lt:-97&at={at}&count=true"));
    let sql = "SELECT count(*) AS n, sum(x) AS x FROM drift_position";
    let few = "SELECT count(*) AS n FROM drift_position WHERE z < -97";
    let folder = on_air.stop();
    let save = folder.path().join("save.db");
    let x: f64 = walked.iter().map(|row| row["drift/Position.x"].as_f64().unwrap()).sum();
    assert_eq!(rows_at(&save, tick, sql), json!([{ "n": 100, "x": x }]));
    assert_eq!(rows_at(&save, tick, few)[0]["n"], some["count"]);
}

#[test]
fn a_permanent_link_is_of_one_course_of_the_world() {
    let on_air = OnAir::with(&["drift"], &["--hz", "100"]);
    on_air.come_to(6);
    let at = on_air.ask("/ticks?from=3&to=3")["rows"][0]["chain"].as_str().unwrap()[..8].to_owned();
    let path = format!("/entities/5v1?at=3~{at}");
    let one = on_air.get(&path);
    assert_eq!(one.status, 200);
    assert!(one.header("cache-control").contains("immutable"));
    assert_eq!(one.header("sandtable-at"), format!("3~{at}"));
    assert!(on_air.get("/entities/5v1?at=3").header("cache-control").contains("no-cache"));
    on_air.come_to(9);
    assert_eq!(on_air.get(&path).body, one.body, "for ever");
    let known = format!("if-none-match: {}", one.header("etag"));
    let token = format!("authorization: Bearer {TOKEN}");
    let full = format!("/api/v1/worlds/test{path}");
    let again = on_air.request("GET", &full, &[&token, &known], "");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = on_air.get("/entities/5v1?at=3~00000000");
    assert_eq!(other.status, 409);
    assert_eq!(other.json()["type"], "/problems/rewound");
    let sql = on_air.get("/query?at=3~00000000&sql=SELECT%201");
    assert_eq!(sql.status, 409);
}

#[test]
fn answers_come_in_four_forms() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "20", "--ticks", "100000"]);
    on_air.come_to(2);
    let path = "/query?at=2&sql=SELECT%20name%20FROM%20citizens_citizen%20ORDER%20BY%20name";
    let of = |format: &str| on_air.get(&format!("{path}&format={format}"));
    assert_eq!(of("csv").body, b"name\r\nAda\r\nMortal\r\nTwin\r\nTwin\r\n");
    assert_eq!(of("ndjson").body.split(|byte| *byte == b'\n').count(), 5);
    let packed = of("msgpack");
    assert_eq!(packed.header("content-type"), "application/vnd.msgpack");
    let unpacked: Json = rmp_serde::from_slice(&packed.body).unwrap();
    assert_eq!(unpacked, of("json").json());
}

#[test]
fn entities_are_known_by_their_labels() {
    let text = format!("{WORLD}label = [\"citizens/Citizen.name\", \"citizens/Wealth.gold\"]\n");
    let on_air = OnAir::of_world(&text, &["citizens"], &["--hz", "50"]);
    on_air.come_to(7);
    assert_eq!(on_air.ask("/entities/Ada?at=5")["entity"], "0v1");
    let later = on_air.ask("/entities/0v1?at=7");
    assert_eq!(
        (&later["label"], &later["incoming"][0]["label"]),
        (&json!("Countess"), &json!("Twin"))
    );
    let listed = on_air.ask("/entities?at=5&limit=2")["rows"].clone();
    assert_eq!((&listed[0]["label"], &listed[1]["label"]), (&json!("Ada"), &json!("Twin")));
    let several = on_air.get("/entities/Twin?at=5");
    assert_eq!(several.status, 404);
    assert!(several.json()["detail"].as_str().unwrap().contains("several entities"));
}

#[test]
fn the_printed_link_opens_the_page_once() {
    let on_air = OnAir::with(&["idle"], &["--hz", "10"]);
    let page = on_air.request("GET", "/", &[], "");
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let text = String::from_utf8(page.body).unwrap();
    for file in ["app.js", "style.css", "icon.svg"] {
        assert!(text.contains(file));
        assert_eq!(on_air.request("GET", &format!("/{file}"), &[], "").status, 200);
    }
    let fragment = on_air.link.split("#link=").nth(1).unwrap();
    let body = json!({ "link": fragment }).to_string();
    let once = on_air.request("POST", "/api/v1/session", &[], &body);
    assert_eq!(once.json(), json!({ "token": TOKEN }));
    let twice = on_air.request("POST", "/api/v1/session", &[], &body);
    assert_eq!(twice.status, 401);
}

#[test]
fn everything_in_the_document_is_there() {
    let on_air = OnAir::of_world(&crate::questions::text(), &["citizens"], &["--hz", "50"]);
    on_air.come_to(4);
    let token = format!("authorization: Bearer {TOKEN}");
    let document = on_air.request("GET", "/api/v1/openapi.json", &[&token], "").json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 28);
    for (path, methods) in paths {
        if path.ends_with("stream") || methods["get"].is_null() {
            continue;
        }
        let given: Vec<String> = methods["get"]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["in"] == "query" && it["required"] == true)
            .map(|it| {
                let value = match it["name"].as_str().unwrap() {
                    "component" => "citizens/Wealth",
                    "sql" => "SELECT%201",
                    "every" | "from" => "1",
                    "kind" => "citizens/Wealth",
                    "about" => "0v1",
                    "question" => "echo&values=%7B%22text%22:%22a%22%7D",
                    "entity" | "around" => "0v1",
                    other => panic!("what is `{other}`?"),
                };
                format!("{}={value}", it["name"].as_str().unwrap())
            })
            .collect();
        let place = path.replace("{world}", "test").replace("{entity}", "0v1");
        let asked = format!("/api/v1{place}?{}", given.join("&"));
        let answer = on_air.request("GET", &asked, &[&token], "");
        assert_eq!(answer.status, 200, "{asked}: {}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn a_monitoring_system_is_told_how_the_world_stands() {
    let on_air = OnAir::with(&["citizens", "traps"], &["--hz", "50"]);
    on_air.come_to(4);
    on_air.get("/kinds");
    on_air.get("/entities?limit=0");
    assert_eq!(on_air.request("GET", "/metrics", &[], "").status, 401);
    let token = format!("authorization: Bearer {TOKEN}");
    let text = String::from_utf8(on_air.request("GET", "/metrics", &[&token], "").body).unwrap();
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is in\n{text}")).parse().unwrap()
    };
    assert!(value("sandtable_tick{world=\"test\"}") >= 4.0);
    assert_eq!(value("sandtable_unsaved_ticks{world=\"test\"}"), 0.0);
    assert!(value("sandtable_entities{world=\"test\"}") >= 3.0);
    assert!(value("sandtable_tick_stage_seconds_count{world=\"test\",stage=\"commit\"}") >= 4.0);
    assert!(value("sandtable_system_seconds_total{world=\"test\",system=\"citizens/earn\"}") > 0.0);
    assert!(text.contains("sandtable_faults_total{world=\"test\",system=\"traps/"), "{text}");
    assert_eq!(value("sandtable_requests_total{operation=\"kinds\",status=\"200\"}"), 1.0);
    assert_eq!(value("sandtable_requests_total{operation=\"entities\",status=\"400\"}"), 1.0);
    assert!(!text.contains("Ada"), "no value of the world");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(on_air.request("GET", path, &[], "").status, 200);
    }
}

#[test]
fn a_program_that_embeds_a_world_mounts_it_beside_its_own_pages() {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), WORLD, &["citizens"]);
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().with_file_name("examples").join("on_air");
    assert!(example.exists(), "`cargo build --example on_air` makes what `cargo test` has made");
    let mut command = std::process::Command::new(example);
    command.arg(folder.path().join("world"));
    let on_air = OnAir::started(command, folder);
    on_air.come_to(3);
    assert_eq!(on_air.ask("/entities?at=2&count=true")["count"], 4);
    assert_eq!(on_air.request("GET", "/hello", &[], "").body, b"hello\n");
    assert_eq!(
        on_air.raw("GET /hello HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").status,
        200,
        "its own pages are its own matter"
    );
}

#[test]
fn the_document_only_grows() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    let token = format!("authorization: Bearer {TOKEN}");
    let mut document = on_air.request("GET", "/api/v1/openapi.json", &[&token], "").json();
    assert_eq!(
        document["components"]["schemas"]["citizens.Wealth"]["properties"]["gold"],
        json!({ "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u64 })
    );
    let components = &document["components"]["schemas"]["Components"]["properties"];
    let wealth = json!({ "$ref": "#/components/schemas/citizens.Wealth" });
    assert_eq!(components["citizens/Wealth"], wealth);
    document["info"]["version"] = "*".into();
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/serve/openapi.json");
    if std::env::var_os("SANDTABLE_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap();
    let released: Json = serde_json::from_str(&known).unwrap();
    let operations = |of: &Json| -> BTreeSet<String> {
        let paths = of["paths"].as_object().unwrap().iter();
        let methods = paths.flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, it)| (path, method, it))
        });
        let parameters = methods.flat_map(|(path, method, it)| {
            let all = it["parameters"].as_array().unwrap().clone();
            let told = move |it: Json| format!("{method} {path} {} {}", it["name"], it["required"]);
            all.into_iter().map(told)
        });
        parameters.collect()
    };
    let lost: Vec<String> =
        operations(&released).difference(&operations(&document)).cloned().collect();
    assert_eq!(lost, [""; 0], "a client of v1 finds what it found before");
    assert_eq!(known, now, "run the test with SANDTABLE_BLESS=1 and look at what is new");
}
