//! What a user may not see is in no answer, stream, log, metric or error that they can
//! get; and it is in those of an admin, so that this would show.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use super::trust::{WORLD_AT, create, of_home};
use super::*;

/// What every text and edge of an entity that is not seen has in it.
pub const CANARY: &str = "canary";
/// The weight of an entity that a user has.
const HEAVY: f64 = 4096.5;

const VISIBILITY: &str = "label = [\"secrets/Secret.text\"]\n\
     [api.visibility]\ncomponent = \"secrets/Owner\"\nfield = \"user\"\n\
     [[chart]]\ntitle = \"weights\"\nsql = \"SELECT tick, count(*) FROM secrets_weight\"\n\
     [[question]]\nname = \"all\"\nabout = \"Each text.\"\nsql = \"SELECT * FROM secrets_secret\"\n\
     [[question]]\nname = \"told\"\nabout = \"Each event.\"\nsql = \"SELECT * FROM events\"\n\
     [[question]]\nname = \"in_brief\"\nabout = \"Each text.\"\nin_context = \"events\"\n\
     sql = \"SELECT entity AS id, text, :about AS who FROM secrets_secret\"\n\
     parameters = [{ name = \"about\", type = \"entity\" }]\n\
     [[question]]\nname = \"one\"\nabout = \"One text.\"\n\
     sql = \"SELECT * FROM secrets_secret WHERE entity = :who\"\n\
     parameters = [{ name = \"who\", type = \"entity\" }]\n";

/// A world of which users see a part.
pub fn hidden() -> OnAir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{WORLD}{VISIBILITY}");
    write_world(&folder.path().join("world"), &text, &["secrets"]);
    let mut command = of_home(&folder.path().join("home"));
    command.arg("serve").arg(folder.path().join("world"));
    command.arg("--save").arg(folder.path().join("save.db"));
    OnAir::of(command, folder, &["--hz", "20"])
}

pub fn ada(on_air: &OnAir) -> String {
    let home = on_air.folder.path().join("home");
    create(&home, "ada", &["--grant", "test:*", "--user", "ada"])
}

/// Everything that can be asked about the world, about each entity, in each form.
fn questions(on_air: &OnAir) -> Vec<String> {
    let sql = |text: &str| text.replace(' ', "%20").replace('*', "%2A");
    let token = format!("authorization: Bearer {TOKEN}");
    let document = on_air.request("GET", "/api/v1/openapi.json", &[&token], "").json();
    let entities = ["0v1", "1v1", "4v1", "6v1", "canary-in-4", "open-in-4"];
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(get) = methods.get("get").filter(|_| !path.ends_with("stream")) else { continue };
        let given: BTreeSet<&str> = get["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["in"] == "query")
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        let mut asked = vec![String::new()];
        if given.contains("at") {
            asked = ["", "at=4", "at=4~00000000"].map(str::to_owned).into();
        }
        let mut each = |name: &str, values: &[&str]| {
            if given.contains(name) {
                let with = |value: &&str| {
                    asked.iter().map(|it| format!("{it}&{name}={value}")).collect::<Vec<_>>()
                };
                asked = values.iter().flat_map(with).collect();
            }
        };
        each("about", &[&entities[..], &["0v1,4v1", "0v1,6v1"]].concat());
        each("text", &["canary", "open"]);
        each("component", &["secrets/Secret", "secrets/Owner.user"]);
        each("around", &entities);
        each("entity", &entities);
        each(
            "sql",
            &[
                &sql("SELECT * FROM secrets_secret"),
                &sql("SELECT * FROM events"),
                &sql("SELECT * FROM secrets_secret_history"),
                &sql("SELECT * FROM logs"),
                &sql("SELECT group_concat(why) FROM secrets_guards"),
                &sql("SELECT * FROM changes"),
                &sql("SELECT * FROM st_pages"),
                &sql("SELECT sql FROM sqlite_schema"),
                &sql("SELECT count(*) AS n, sum(kilograms) AS canary_free FROM secrets_weight"),
                &sql("SELECT canary FROM secrets_secret WHERE text = 1"),
            ],
        );
        each("question", &["all", "told", "one", "canary"]);
        let who = |it: &str| format!("%7B%22who%22:%22{it}%22%7D");
        let who = entities.map(who);
        let whose: Vec<&str> = who.iter().map(String::as_str).chain(["%7B%7D"]).collect();
        each("values", &whose);
        each("every", &["1"]);
        each("kind", &["secrets/Weight", "secrets/Guards", "secrets/Secret", "canary/None"]);
        each("select", &["*"]);
        each("order", &["-secrets/Weight.kilograms", "label"]);
        each("where", &["secrets/Secret.text:begins:open", "secrets/Secret.text:begins:c"]);
        each("count", &["true"]);
        each("format", &["json", "msgpack"]);
        if given.contains("from") && !path.ends_with("relations") {
            asked = asked.iter().flat_map(|it| [it.clone(), format!("{it}&from=1")]).collect();
        }
        let paths = match path.contains("{entity}") {
            true => entities.map(|entity| path.replace("{entity}", entity)).to_vec(),
            false => vec![path.clone()],
        };
        for path in paths {
            let path = path.replace("{world}", "test");
            all.extend(
                asked
                    .iter()
                    .map(|asked| format!("/api/v1{path}?{}", asked.trim_start_matches('&'))),
            );
        }
    }
    all
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|it| it == what)
}

#[test]
fn what_a_user_may_not_see_is_in_nothing_that_they_can_get() {
    let on_air = hidden();
    on_air.come_to(12);
    let token = ada(&on_air);
    let (mut shown, mut answered) = (0, BTreeSet::new());
    let questions = questions(&on_air);
    assert!(questions.len() > 500, "{}", questions.len());
    for question in &questions {
        let mine = on_air.as_of(&token, question);
        // What was asked is told again in sentences.
        let told = String::from_utf8_lossy(&mine.body).into_owned();
        let asked_for = ["canary-in-4", "canary/None", "canary_free", "SELECT canary", "`canary`"];
        let told = asked_for.iter().fold(told, |told, it| told.replace(it, ""));
        let told = told.replace("no column `canary`", "").replace("no such column: canary", "");
        assert!(!told.contains(CANARY), "{question}: {told}");
        if mine.status == 200 {
            answered.insert(question.split('?').next().unwrap().to_owned());
        }
        if question.contains("/series") {
            continue;
        }
        let all = on_air.as_of(TOKEN, question);
        shown += u32::from(has(&all.body, CANARY.as_bytes()) && all.status == 200);
    }
    assert!(shown > 100, "an admin is shown {shown}");
    for path in [
        "entities",
        "relations",
        "query",
        "ask",
        "context",
        "questions",
        "changes",
        "diff",
        "graph",
        "resources",
    ] {
        assert!(answered.contains(&format!("{WORLD_AT}/{path}")), "{path}: {answered:?}");
    }
    let metrics =
        on_air.request("GET", "/metrics", &[&format!("authorization: Bearer {TOKEN}")], "");
    for secret in [&token[3..15], &token[16..80], TOKEN, CANARY, "ada", "bob"] {
        assert!(!has(&metrics.body, secret.as_bytes()), "metrics have {secret}");
    }
}

#[test]
fn an_entity_that_is_not_seen_is_none() {
    let on_air = hidden();
    on_air.come_to(4);
    let token = ada(&on_air);
    let rows = on_air
        .as_of(&token, &format!("{WORLD_AT}/entities?select=secrets/Secret.text&count=true"))
        .json();
    assert_eq!((rows["count"].clone(), rows["rows"].as_array().unwrap().len()), (6.into(), 6));
    let names: BTreeSet<&str> =
        rows["rows"].as_array().unwrap().iter().map(|it| it["entity"].as_str().unwrap()).collect();
    let all = on_air.ask("/entities");
    let all: BTreeSet<&str> =
        all["rows"].as_array().unwrap().iter().map(|it| it["entity"].as_str().unwrap()).collect();
    let hidden = *all.difference(&names).next().unwrap();
    let path = |name: &str| format!("{WORLD_AT}/entities/{name}?at=4");
    let (none, hides) = (on_air.as_of(&token, &path("99v1")), on_air.as_of(&token, &path(hidden)));
    let told = |answer: &Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!((none.status, hides.status), (404, 404));
    assert_eq!(told(&none).replace("99v1", hidden), told(&hides), "in the same words");
    let columns = on_air.as_of(&token, &format!("{WORLD_AT}/columns?kind=secrets/Weight"));
    assert!(has(&columns.body, b"\xa4rows\x06"), "six of eight rows");
    let world = on_air.as_of(&token, WORLD_AT).json();
    assert_eq!((world["entities"].clone(), world["relations"].clone()), (6.into(), 4.into()));
    assert_eq!((world["state"].clone(), world["chain"].clone()), (Json::Null, Json::Null));
    let sql =
        "/query?sql=SELECT%20count(*)%20AS%20n,sum(kilograms)%20AS%20kg%20FROM%20secrets_weight";
    let sums = on_air.as_of(&token, &format!("{WORLD_AT}{sql}")).json()["rows"].clone();
    assert_eq!(sums, json!([{ "n": 6, "kg": 2.0 * HEAVY + 4.0 * 2.5 }]));
    for path in ["health", "ticks", "events", "logs", "system-runs", "entities/0v1/timeline"] {
        let answer = on_air.as_of(&token, &format!("{WORLD_AT}/{path}"));
        assert_eq!(answer.status, 403, "{path}");
        assert!(told(&answer).starts_with("the token sees a part of the world"), "{path}");
    }
}

#[test]
fn a_stream_tells_of_what_is_seen_and_of_its_coming_and_going() {
    let on_air = hidden();
    let token = ada(&on_air);
    on_air.come_to(3);
    let first = on_air.tick();
    let save = on_air.folder.path().join("save.db");
    told(sandtable().arg("send").arg(&save).args(["secrets/Swap", "{\"why\": \"trade\"}"]));
    on_air.come_to(first + 8);
    let last = on_air.tick();
    let open = |token: &str| {
        let mut stream = TcpStream::connect(on_air.host()).unwrap();
        let request = format!(
            "GET {WORLD_AT}/stream?changes=secrets/Secret,secrets/Owner&events=* HTTP/1.0\r\n\
             host: {}\r\nauthorization: Bearer {token}\r\nlast-event-id: {first}\r\n\r\n",
            on_air.host()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut all: Vec<Json> = Vec::new();
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            let Some(data) = line.strip_prefix("data: ") else { continue };
            all.push(serde_json::from_str(data).unwrap());
            if all.last().unwrap()["since"].as_u64() > Some(last) {
                break;
            }
        }
        all
    };
    let mine = open(&token);
    let text = Json::from(mine.clone()).to_string();
    assert!(!text.contains(CANARY), "{text}");
    assert!(text.contains("open-in-"), "{text}");
    let is_told =
        |name: &str| mine.iter().any(|it| it[name].as_array().is_some_and(|all| all.len() > 1));
    assert!(is_told("removed") && is_told("set"), "hands changed: {text}");
    assert!(is_told("rows"), "events are told: {text}");
    assert!(Json::from(open(TOKEN)).to_string().contains(CANARY), "an admin is told");
}

#[test]
fn a_token_for_some_kinds_sees_those() {
    let on_air = hidden();
    on_air.come_to(3);
    let home = on_air.folder.path().join("home");
    let grants = ["--grant", "test:read:secrets/Weight", "--grant", "test:sql"];
    let token = create(&home, "scales", &grants);
    let rows = on_air.as_of(&token, &format!("{WORLD_AT}/entities?select=*&limit=1")).json();
    assert_eq!(rows["rows"][0]["label"], Json::Null);
    assert!(rows["rows"][0]["secrets/Weight"].is_object(), "{rows}");
    assert!(!rows.to_string().contains("in-3"), "{rows}");
    assert_eq!(on_air.as_of(&token, &format!("{WORLD_AT}/relations")).json()["rows"], json!([]));
    let sql =
        on_air.as_of(&token, &format!("{WORLD_AT}/query?sql=SELECT%20*%20FROM%20secrets_secret"));
    assert_eq!(sql.json()["rows"], json!([]));
}
