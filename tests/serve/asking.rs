//! Questions that a world and its mods bring along, over the API and by models: what the
//! command line answers, to those who may read.

use serde_json::{Value as Json, json};

use super::mcp::client::Client;
use super::trust::{WORLD_AT, create, of_home};
use super::*;
use crate::outside::{MCP, needs};
use crate::questions::{LEDGER, text};

/// A world with questions of its own and of a mod, and with tokens.
fn on_air() -> OnAir {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    write_world(&world, &text(), &["citizens", "ledger"]);
    std::fs::write(world.join("ledger.toml"), LEDGER).unwrap();
    let mut command = of_home(&folder.path().join("home"));
    command.arg("serve").arg(world).arg("--save").arg(folder.path().join("save.db"));
    let on_air = OnAir::of(command, folder, &["--hz", "50"]);
    on_air.come_to(5);
    on_air
}

/// A text as a part of an address.
pub fn encoded(text: &str) -> String {
    let byte = |it: u8| match it.is_ascii_alphanumeric() {
        true => char::from(it).to_string(),
        false => format!("%{it:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn path(question: &str, values: &Json, more: &str) -> String {
    format!("/ask?question={question}&values={}{more}", encoded(&values.to_string()))
}

#[test]
fn a_question_is_answered_as_the_command_line_answers_it() {
    let on_air = on_air();
    let save = on_air.folder.path().join("save.db");
    let names = on_air.ask("/questions")["rows"].clone();
    let names: Vec<&str> =
        names.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["purse", "echo", "nothing", "ledger/booked"]);
    let parameter = json!({ "name": "least", "type": "integer", "about": "", "default": 0 });
    assert_eq!(on_air.ask("/questions")["rows"][0]["parameters"][1], parameter);
    for (question, values, given) in [
        ("purse", json!({ "who": "Ada" }), &["who=Ada"][..]),
        ("purse", json!({ "who": "3v1", "least": 10 }), &["who=3v1", "least=10"]),
        ("booked", json!({ "first": 1, "last": 9 }), &["first=1", "last=9"]),
        ("ledger/booked", json!({ "first": 1, "last": 2 }), &["first=1", "last=2"]),
        (
            "booked",
            json!({ "first": 1, "last": i64::MAX.to_string() }),
            &["last=9223372036854775807", "first=1"],
        ),
        ("echo", json!({ "text": "'; DROP TABLE st_ticks; --\u{0}" }), &[]),
    ] {
        let answer = on_air.ask(&path(question, &values, "&at=3"));
        assert_eq!(answer["tick"], 3);
        if given.is_empty() {
            assert_eq!(answer["rows"][0]["text"], values["text"]);
            continue;
        }
        let mut command = sandtable();
        command.arg("ask").arg(&save).arg(question).args(given);
        let told = told(command.args(["--at", "3", "--format", "json"]));
        assert_eq!(answer["rows"], serde_json::from_str::<Json>(&told).unwrap(), "{question}");
    }
    let csv = on_air.get(&path("purse", &json!({ "who": "Ada" }), "&at=3&format=csv"));
    assert_eq!(String::from_utf8(csv.body).unwrap(), "name,gold\r\nAda,20\r\n");
}

#[test]
fn what_an_answer_means_is_told_with_the_question() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    let ledger = LEDGER.replace(
        "name = \"booked\"",
        "name = \"booked\"\nshow.as = \"timeline\"\nshow.time = \"tick\"\nshow.clock = \"booked\"
show.subjects = { entries = \"entry\", other = \"story/person\" }",
    );
    let ledger = ledger.replace("\"first\", type", "\"first\", subjects = [\"entry\"], type");
    let ledger = ledger.replace("\"last\", type", "\"last\", clock = \"tick\", type");
    write_world(&world, &text(), &["citizens", "ledger"]);
    std::fs::write(world.join("ledger.toml"), ledger).unwrap();
    let mut command = sandtable();
    command.arg("serve").arg(world).arg("--save").arg(folder.path().join("save.db"));
    let on_air = OnAir::of(command, folder, &["--hz", "50"]);
    let rows = on_air.ask("/questions")["rows"].clone();
    let of = |name: &str| rows.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    // Entities are subjects without saying so, and what is not said is not there.
    assert_eq!(of("purse")["parameters"][0]["subjects"], json!(["entity"]));
    assert_eq!(
        (&of("purse")["parameters"][1]["subjects"], &of("purse")["show"]),
        (&Json::Null, &Json::Null)
    );
    // What a mod names is its own outside of it, unless it says whose.
    assert_eq!(
        of("ledger/booked")["show"],
        json!({
            "as": "timeline", "time": "tick", "clock": "ledger/booked",
            "subjects": { "entries": "ledger/entry", "other": "story/person" },
        })
    );
    assert_eq!(of("ledger/booked")["parameters"][0]["subjects"], json!(["ledger/entry"]));
    assert_eq!(of("ledger/booked")["parameters"][1]["clock"], "tick");
    let document = on_air.ask("/openapi.json");
    let row = &document["components"]["schemas"]["Questions"]["properties"]["rows"]["items"];
    let forms = &row["properties"]["show"]["properties"]["as"]["enum"];
    assert_eq!(forms, &json!(["table", "timeline", "graph"]));
}

#[test]
fn what_is_no_question_or_does_not_fit_is_told_in_the_same_words() {
    let on_air = on_air();
    for (path, status, words) in [
        ("/ask".to_owned(), 400, "`question` is missing"),
        (
            "/ask?question=ehco".to_owned(),
            404,
            "there is no question `ehco`: there are purse, echo",
        ),
        ("/ask?question=echo&values=text".to_owned(), 400, "`values` is no JSON object"),
        (path("echo", &json!({}), ""), 400, "question `echo` needs `text`, which takes a text"),
        (path("echo", &json!({ "tex": 1 }), ""), 400, "question `echo` has no parameter `tex`"),
        (
            path("booked", &json!({ "first": "1", "last": 2 }), ""),
            400,
            "question `ledger/booked` was given \"1\" for `first`, which takes a whole number",
        ),
        (
            path("purse", &json!({ "who": "Twin" }), "&at=3"),
            400,
            "question `purse` cannot be answered: several entities are called `Twin` at tick 3",
        ),
        (
            path("nothing", &json!({}), ""),
            400,
            "question `nothing` cannot be answered: no such table: geography_nation",
        ),
    ] {
        let answer = on_air.get(&path);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, status, "{path}: {detail}");
        assert!(detail.starts_with(words), "{path}: {detail}");
    }
}

#[test]
fn who_may_read_may_ask_without_a_right_to_sql() {
    let on_air = on_air();
    let token = |name: &str, grants: &[&str]| {
        let grants: Vec<&str> = grants.iter().flat_map(|it| ["--grant", it]).collect();
        create(&on_air.home(), name, &grants)
    };
    let asked = format!("{WORLD_AT}{}", path("purse", &json!({ "who": "Ada" }), "&at=3"));
    let both = token("both", &["test:read", "test:history"]);
    assert_eq!(on_air.as_of(&both, &asked).json()["rows"][0]["gold"], 20);
    assert_eq!(on_air.as_of(&both, &format!("{WORLD_AT}/query?sql=SELECT%201")).status, 403);
    let read = token("read", &["test:read"]);
    assert_eq!(on_air.as_of(&read, &format!("{WORLD_AT}/questions")).status, 200);
    for asked in [&asked, &asked.replace("&at=3", "")] {
        let refused = on_air.as_of(&read, asked);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!((refused.status, detail.contains("`test:history`")), (403, true), "{detail}");
    }
    let sql = token("sql", &["test:sql", "test:history"]);
    assert_eq!(on_air.as_of(&sql, &asked).status, 403);
}

#[test]
fn who_sees_a_part_is_told_of_the_questions_that_can_be_asked_of_it() {
    let on_air = on_air();
    let token = create(&on_air.home(), "part", &["--grant", "test:read:citizens/Citizen"]);
    let told = on_air.as_of(&token, &format!("{WORLD_AT}/questions")).json()["rows"].clone();
    let names: Vec<&Json> = told.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["purse", "echo"], "not of tables of mods, nor of what there is not");
    for name in ["booked", "ledger/booked", "no_such"] {
        let refused = on_air.as_of(&token, &format!("{WORLD_AT}/ask?question={name}"));
        let detail = format!("there is no question `{name}`: there are purse, echo");
        assert_eq!((refused.status, &refused.json()["detail"]), (404, &json!(detail)));
    }
    let echo = path("echo", &json!({ "text": "told" }), "");
    assert_eq!(
        on_air.as_of(&token, &format!("{WORLD_AT}{echo}")).json()["rows"][0]["text"],
        "told"
    );
}

#[test]
fn a_model_finds_the_questions_and_asks_them() {
    needs!(MCP);
    let on_air = on_air();
    let mut client = Client::of_server(&on_air, "auto");
    let told = client.call("describe", json!({ "part": "questions" }));
    let booked = json!({
        "name": "ledger/booked", "about": "What was booked in some ticks.",
        "parameters": "first: integer, last: integer",
    });
    assert_eq!(told["questions"][3], booked, "{told}");
    let values = json!({ "first": 1, "last": 2 });
    let answer = client.call("ask", json!({ "question": "booked", "values": values, "at": 3 }));
    assert_eq!(answer["rows"], json!([{ "entries": 6 }]));
    assert!(answer["at"].as_str().unwrap().starts_with("3~"), "{answer}");
    let refused = client.refused("ask", json!({ "question": "booked" }));
    assert!(refused.starts_with("question `ledger/booked` needs `first`"), "{refused}");
    let long = json!({ "text": "x".repeat(5_000) });
    let answer =
        client.call("ask", json!({ "question": "echo", "values": long, "max_tokens": 300 }));
    assert!(answer.to_string().len() <= 900, "{answer}");
}
