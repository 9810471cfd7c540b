//! What AI clients ask: a client of another origin lists the tools and calls each, over
//! stdio and over HTTP, and is answered what the API and the command line say.

pub mod client;
mod rights;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::{OnAir, TOKEN, rows_at};
use crate::harness::*;
use crate::outside::{MCP, needs};
use client::Client;

const LABELLED: &str = "[world]\nname = \"test\"\nseed = 7\nlabel = \"citizens/Citizen.name\"\n";

/// A save in which some ticks were done.
fn save_of(ticks_done: u64) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("world"), folder.path().join("save.db"));
    write_world(&world, LABELLED, &["citizens"]);
    ticks(Some(&world), &save, ticks_done);
    (folder, save)
}

fn rows_of(save: &Path, verb: &str, more: &[&str]) -> Json {
    let rows = told(sandtable().arg(verb).arg(save).args(more).args(["--format", "json"]));
    serde_json::from_str(&rows).unwrap()
}

/// What every tool is asked for, in a world of citizens that did five ticks or more.
fn questions() -> Vec<(&'static str, Json, &'static str)> {
    let entity = json!({ "entity": "Ada", "at": 5 });
    let gold = json!({ "entity": "Ada", "component": "citizens/Wealth.gold", "at": 5 });
    let sql = "SELECT entity, gold FROM citizens_wealth";
    vec![
        (
            "find",
            json!({ "with": ["citizens/Wealth"], "select": "*", "at": 5 }),
            "/entities?with=citizens/Wealth&select=*&at=5&count=true",
        ),
        ("entity", entity, "/entities/Ada?at=5"),
        ("why", gold, "/why?entity=Ada&component=citizens/Wealth.gold&at=5"),
        ("timeline", json!({ "entity": "0v1", "to": 5 }), "/entities/0v1/timeline?to=5"),
        ("between", json!({ "from": 2, "to": "5" }), "/diff?from=2&to=5&summary=true"),
        ("between", json!({ "from": 2, "to": 5, "summary": false }), "/diff?from=2&to=5"),
        (
            "query",
            json!({ "sql": sql, "at": 5 }),
            "/query?at=5&sql=SELECT%20entity,%20gold%20FROM%20citizens_wealth",
        ),
        ("changed", json!({ "from": 4, "to": 5, "limit": null }), "/changes?from=4&to=5"),
    ]
}

#[test]
fn a_server_answers_models_what_its_api_answers() {
    needs!(MCP);
    let on_air = OnAir::of_world(LABELLED, &["citizens"], &["--hz", "50"]);
    on_air.come_to(6);
    let chain = on_air.ask("/ticks?from=5&to=5")["rows"][0]["chain"].as_str().unwrap().to_owned();
    let at = format!("5~{}", &chain[..8]);
    for mode in ["auto", "legacy"] {
        let mut client = Client::of_server(&on_air, mode);
        assert!(client.told["instructions"].as_str().unwrap().contains("describe"));
        for (tool, arguments, path) in questions() {
            let answer = client.call(tool, arguments);
            assert_eq!(answer["at"], at, "{tool}");
            let mut expected = on_air.ask(path);
            expected["at"] = at.clone().into();
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&answer[name], value, "{tool}: {name}");
            }
        }
        let worlds = client.call("worlds", json!({}));
        assert_eq!(worlds["rows"][0]["name"], "test");
        assert!(worlds["rows"][0]["tick"].as_u64().unwrap() >= 6);
        let pinned = client.call("query", json!({ "sql": "SELECT 1 AS one", "at": at }));
        assert_eq!(pinned["rows"], json!([{ "one": 1 }]));
        let tick = client.call("between", json!({ "from": at, "to": at }));
        assert_eq!(tick["rows"], json!([]));
    }
    let text = on_air.request("GET", "/metrics", &[&format!("authorization: Bearer {TOKEN}")], "");
    let text = String::from_utf8(text.body).unwrap();
    assert!(text.contains("sandtable_requests_total{operation=\"mcp\",status=\"200\"}"), "{text}");
}

#[test]
fn a_server_lets_no_client_in_without_its_token() {
    needs!(MCP);
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    let address = format!("http://{}/mcp", on_air.host());
    let client = Client::start("auto", "http", &[&address, "another"]);
    assert!(client.told["refused"].as_str().is_some(), "{}", client.told);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let asked = |headers: &[&str]| {
        let own = ["content-type: application/json", "accept: application/json, text/event-stream"];
        on_air.request("POST", "/mcp", &[headers, &own].concat(), body).status
    };
    let token = format!("authorization: Bearer {TOKEN}");
    assert_eq!(asked(&[&token]), 200);
    assert_eq!(asked(&[]), 401);
    assert_eq!(asked(&["authorization: Bearer another"]), 401);
    assert_eq!(asked(&[&token, "origin: http://evil.example"]), 403);
    assert_eq!(asked(&[&token, "sec-fetch-site: cross-site"]), 403);
    let elsewhere = format!(
        "POST /mcp HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n{token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(on_air.raw(&elsewhere).status, 403);
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(2 << 20));
    let answer = on_air.request("POST", "/mcp", &[&token, "content-type: application/json"], &long);
    assert_eq!(answer.status, 400);
}

#[test]
fn of_several_worlds_each_is_asked_by_its_name() {
    needs!(MCP);
    let (folder, save) = save_of(3);
    let worlds = folder.path().join("worlds");
    std::fs::create_dir(&worlds).unwrap();
    std::fs::copy(&save, worlds.join("first.db")).unwrap();
    ticks(None, &save, 4);
    std::fs::copy(&save, worlds.join("second.db")).unwrap();
    let mut command = sandtable();
    command.arg("serve").arg(&worlds);
    let on_air = OnAir::of(command, folder, &[]);
    let mut client = Client::of_server(&on_air, "auto");
    let listed = client.call("worlds", json!({}))["rows"].clone();
    let listed: Vec<Json> =
        listed.as_array().unwrap().iter().map(|it| json!([it["name"], it["tick"]])).collect();
    assert_eq!(listed, [json!(["first", 3]), json!(["second", 7])]);
    let sentence = client.refused("entity", json!({ "entity": "0v1" }));
    assert!(sentence.contains("`world` is missing: there are several"), "{sentence}");
    for (world, gold) in [("first", 20), ("second", 60)] {
        let whole = client.call("entity", json!({ "entity": "0v1", "world": world }));
        assert_eq!(whole["components"]["citizens/Wealth"]["gold"], gold);
        let address = format!("sandtable://{world}/entities/0v1?at=");
        assert!(whole["uri"].as_str().unwrap().starts_with(&address), "{whole}");
    }
}

#[test]
fn a_save_at_rest_is_asked_and_stays_as_it_is() {
    needs!(MCP);
    let (folder, save) = save_of(7);
    let before = std::fs::read(&save).unwrap();
    let mut client = Client::of_save(&save);
    let tools = client.say(&json!({ "list": "tools" }))["tools"].clone();
    let names: BTreeSet<&str> =
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let expected = [
        "ask", "between", "changed", "context", "describe", "entity", "find", "query", "timeline",
        "what_if", "why", "worlds",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    for tool in tools.as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        let takes = tool["inputSchema"]["properties"].as_object().unwrap();
        assert!(takes.contains_key("max_tokens") && !takes.contains_key("format"), "{tool}");
        assert!(takes.values().all(|it| it["description"].is_string()), "{tool}");
    }
    let required = |name: &str| {
        let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
        tool["inputSchema"]["required"].clone()
    };
    assert_eq!(required("why"), json!(["entity", "component"]));
    assert_eq!(required("entity"), json!(["entity"]));
    let sql = "SELECT entity, gold FROM citizens_wealth";
    assert_eq!(
        client.call("query", json!({ "sql": sql, "at": 3 }))["rows"],
        rows_at(&save, 3, sql)
    );
    let timeline = client.call("timeline", json!({ "entity": "0v1" }));
    assert_eq!(timeline["rows"], rows_of(&save, "timeline", &["0v1"]));
    let changed =
        client.call("changed", json!({ "entity": "Countess", "kind": "citizens/Citizen" }));
    assert_eq!(changed["rows"][0]["new"], json!({ "name": "Countess" }));
    let (whole, text) = client.both("entity", json!({ "entity": "Countess" }));
    assert_eq!(whole["components"]["citizens/Wealth"]["gold"], 60);
    assert!(text.contains("label: Countess") && text.contains("citizens/Knows"), "{text}");
    let uri = whole["uri"].as_str().unwrap().to_owned();
    assert_eq!(uri, format!("sandtable://test/entities/0v1?at={}", whole["at"].as_str().unwrap()));
    let templates = client.say(&json!({ "list": "templates" }));
    let template = "sandtable://{world}/entities/{entity}{?at}";
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], template);
    let read = client.say(&json!({ "read": uri }))["contents"][0]["text"].clone();
    let read: Json = serde_json::from_str(read.as_str().unwrap()).unwrap();
    assert_eq!(read["components"], whole["components"]);
    let gone = client.say(&json!({ "read": "sandtable://test/entities/0v1?at=3~00000000" }));
    assert!(gone["refused"].as_str().unwrap().contains("is another one now"), "{gone}");
    let files = names_in(folder.path());
    drop(client);
    assert_eq!(files, ["save.db", "world"], "nothing beside the save while it is asked");
    assert!(std::fs::read(&save).unwrap() == before, "the save is as it was");
}

#[test]
fn a_world_is_described_and_an_entity_put_into_its_context() {
    needs!(MCP);
    let (_folder, save) = save_of(7);
    let mut client = Client::of_save(&save);
    let all = client.call("describe", json!({}));
    assert_eq!((&all["name"], &all["entities"]), (&json!("test"), &json!(3)));
    assert_eq!(all["mods"][0]["id"], "citizens");
    let kinds = all["kinds"].as_array().unwrap();
    assert!(kinds.iter().any(|kind| kind["name"] == "citizens/Wealth"
        && kind["role"] == "component"
        && kind["fields"] == "gold: u32"));
    let tables = client.call("describe", json!({ "part": "tables", "name": "citizens_wealth" }));
    assert_eq!(tables["tables"][0]["name"], "citizens_wealth");
    assert!(tables["tables"][0]["columns"].as_str().unwrap().contains("gold"));
    assert_eq!(tables["kinds"], Json::Null);
    let brief = client.call("context", json!({ "about": "Ada", "at": 5 }));
    assert_eq!(brief["relations"][0]["source_label"], "Twin");
    let change = &brief["events"][0];
    assert_eq!(change["cite"], "change 5");
    let told = "changed citizens/Wealth from {\"gold\":30} to {\"gold\":40} by citizens/earn";
    assert!(change["text"].as_str().unwrap().starts_with(told), "{brief}");
}

#[test]
fn answers_are_no_longer_than_asked_and_count_what_is_missing() {
    needs!(MCP);
    let on_air = OnAir::with(&["drift"], &["--hz", "100"]);
    on_air.come_to(4);
    let mut client = Client::of_server(&on_air, "auto");
    let question = json!({
        "with": "drift/Position", "select": ["drift/Position", "drift/Velocity"],
        "max_tokens": 600,
    });
    let (mut page, text) = client.both("find", question.clone());
    let mut walked = Vec::new();
    let at = page["at"].clone();
    assert!(text.len() <= 1_800 && text.contains("rest: "), "{text}");
    while let Some(next) = page["next"].as_str() {
        assert!(page.to_string().len() <= 1_800, "{page}");
        assert_eq!((&page["count"], &page["at"]), (&json!(100), &at));
        walked.extend(page["rows"].as_array().unwrap().clone());
        let mut question = question.clone();
        question["cursor"] = next.into();
        page = client.call("find", question);
    }
    walked.extend(page["rows"].as_array().unwrap().clone());
    let whole = on_air.ask(&format!(
        "/entities?with=drift/Position&select=drift/Position,drift/Velocity&at={}",
        at.as_str().unwrap()
    ));
    assert_eq!(Json::from(walked), whole["rows"], "each once");
    let sql = "SELECT entity, x, y, z FROM drift_position";
    let some = client.call("query", json!({ "sql": sql, "max_tokens": 300 }));
    let shown = some["rows"].as_array().unwrap().len();
    assert!(shown > 1 && some.to_string().len() <= 900, "{some}");
    assert_eq!(some["shortened"], json!([{ "of": "rows", "left_out": 100 - shown }]));
    assert!(some["rest"].as_str().unwrap().contains("LIMIT"), "{some}");
    let brief = client.call("context", json!({ "about": "0v1", "max_tokens": 400 }));
    assert!(brief.to_string().len() <= 1_200, "{brief}");
}

#[test]
fn what_is_refused_is_told_in_the_sentence_of_the_api() {
    needs!(MCP);
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(4);
    let mut client = Client::of_server(&on_air, "auto");
    let cases = [
        ("entity", json!({ "entity": "99v1" }), "no entity `99v1` is alive"),
        ("entity", json!({ "at": 3 }), "`entity` is missing"),
        ("entity", json!({ "entity": "0v1", "at": "3~00000000" }), "was rewound since"),
        ("entity", json!({ "entity": "0v1", "at": 99_999_999 }), "is still to come"),
        ("entity", json!({ "entity": "0v1", "world": "mars" }), "there is no world `mars`"),
        ("entity", json!({ "entity": { "id": 3 } }), "is no text and no number"),
        ("find", json!({ "colour": "red" }), "`colour` is no parameter of `find`: it takes with,"),
        ("find", json!({ "format": "csv" }), "`format` is no parameter"),
        ("find", json!({ "limit": 0 }), "`limit` is 0: give 1 to 10000"),
        ("find", json!({ "max_tokens": 5 }), "`max_tokens` is 5: give 300 to 100000"),
        ("find", json!({ "cursor": "1.3~00000000.7.abc" }), "take the first page again"),
        ("why", json!({ "entity": "0v1" }), "`component` is missing"),
        ("query", json!({ "sql": "DELETE FROM entities" }), ""),
        ("query", json!({ "sql": "SELECT * FROM nothing" }), "nothing"),
        ("between", json!({ "from": "3~00000000" }), "was rewound since"),
        (
            "describe",
            json!({ "part": "weather" }),
            "give one of mods, kinds, resources, tables, questions",
        ),
        ("context", json!({ "about": "99v1" }), "no entity `99v1` is alive"),
        ("context", json!({ "about": "0v1", "tokens": 900 }), "`tokens` is no parameter"),
        ("sing", json!({}), "there is no tool `sing`: there are worlds, describe, find,"),
        ("send", json!({ "input": "citizens/Wish", "value": {} }), "citizens/Wish"),
        ("send", json!({ "input": "citizens/Wish" }), "`value` is missing"),
        ("what_if", json!({ "ticks": 0 }), "a fork goes on for 1 to"),
        ("what_if", json!({ "ticks": "some" }), "`ticks` is neither a number nor a list"),
    ];
    for (tool, arguments, words) in cases {
        let sentence = client.refused(tool, arguments);
        assert!(sentence.contains(words), "{tool}: {sentence}");
    }
    let problem = on_air.get("/query?sql=SELECT%20*%20FROM%20nothing").json();
    assert_eq!(
        client.refused("query", json!({ "sql": "SELECT * FROM nothing" })),
        problem["detail"]
    );
}

#[test]
fn a_save_that_another_process_runs_is_followed_and_a_rewound_one_is_begun_anew() {
    needs!(MCP);
    let on_air = OnAir::of_world(LABELLED, &["citizens"], &["--hz", "50"]);
    on_air.come_to(6);
    let save = on_air.folder.path().join("save.db");
    let mut client = Client::of_save(&save);
    let first = client.call("worlds", json!({}))["rows"][0]["tick"].as_u64().unwrap();
    let pinned = client.call("entity", json!({ "entity": "0v1", "at": 5 }));
    wait_until("a later tick is told", || {
        client.call("worlds", json!({}))["rows"][0]["tick"].as_u64().unwrap() > first
    });
    let at = client.call("worlds", json!({}))["at"].as_str().unwrap().to_owned();
    // A tick is in the save before the process that runs it has published it.
    on_air.come_to(at.split('~').next().unwrap().parse().unwrap());
    let on_air_says = on_air.ask(&format!("/entities/0v1?at={at}"));
    let whole = client.call("entity", json!({ "entity": "0v1", "at": at }));
    assert_eq!(whole["components"], on_air_says["components"]);
    assert_eq!(client.call("entity", json!({ "entity": "0v1", "at": pinned["at"] })), pinned);
    let folder = on_air.stop();
    assert_eq!(names_in(folder.path()), ["save.db", "world"], "the client held nothing open");
    told(sandtable().arg("rewind").arg(&save).args(["--to", "3", "--discard"]));
    let worlds = client.call("worlds", json!({}));
    assert_eq!(worlds["rows"][0]["tick"], 3);
    let gone = client.refused("entity", json!({ "entity": "0v1", "at": pinned["at"] }));
    assert!(gone.contains("is still to come"), "{gone}");
    let now = client.call("entity", json!({ "entity": "0v1" }));
    assert_eq!(now["components"]["citizens/Wealth"]["gold"], 20);
}

#[test]
fn a_save_is_given_inputs_where_that_is_allowed_and_only_there() {
    needs!(MCP);
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("world"), folder.path().join("save.db"));
    write_world(&world, WORLD, &["herald"]);
    ticks(Some(&world), &save, 2);
    let before = std::fs::read(&save).unwrap();
    let send = json!({ "input": "herald/Call", "value": { "number": 7 } });
    let offers = |client: &mut Client| {
        let tools = client.say(&json!({ "list": "tools" }))["tools"].clone();
        tools.as_array().unwrap().iter().find(|tool| tool["name"] == "send").cloned()
    };
    for allowed in [&[][..], &["--allow", "send:herald/Other"]] {
        let mut client = Client::allowed(&save, allowed);
        assert_eq!(offers(&mut client).is_some(), !allowed.is_empty());
        let sentence = client.refused("send", send.clone());
        assert!(sentence.ends_with("with `--allow send:herald/Call`"), "{sentence}");
    }
    assert!(std::fs::read(&save).unwrap() == before, "nothing was sent");
    let mut client = Client::allowed(&save, &["--allow", "send"]);
    let tool = offers(&mut client).unwrap();
    assert_eq!(tool["annotations"]["readOnlyHint"], false);
    assert_eq!(tool["inputSchema"]["required"], json!(["input", "value"]));
    let none = json!({ "input": "herald/Nothing", "value": {} });
    assert!(client.refused("send", none).contains("herald/Nothing"));
    let wrong = json!({ "input": "herald/Call", "value": { "number": "seven" } });
    assert!(client.refused("send", wrong).contains("number"));
    let sent = client.call("send", send);
    assert!(sent["at"].as_str().unwrap().starts_with("2~"), "{sent}");
    assert_eq!(sent["state"], "waits");
    drop(client);
    ticks(None, &save, 1);
    let inputs = rows_at(&save, 3, "SELECT tick, name, sender, payload FROM inputs");
    let expected = json!({ "tick": 3, "name": "herald/Call", "sender": "api:mcp", "payload": "{\"number\":7}" });
    assert_eq!(inputs, json!([expected]));
    let wrong = sandtable().args(["mcp", "--allow", "everything"]).arg(&save).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("`*:everything` is no grant"), "{said}");
}

#[test]
fn an_input_is_read_by_a_tick_of_a_world_that_is_served() {
    needs!(MCP);
    let on_air = OnAir::with(&["herald"], &["--hz", "20"]);
    on_air.come_to(1);
    let mut client = Client::of_server(&on_air, "auto");
    let send = json!({ "input": "herald/Call", "value": { "number": 7 } });
    let sent = client.call("send", send);
    assert_eq!((&sent["state"], &sent["inputs"]), (&json!("done"), &json!(1)));
    let tick = sent["tick"].as_u64().unwrap();
    assert!(sent["at"].as_str().unwrap().starts_with(&format!("{tick}~")), "{sent}");
    assert_eq!(sent["events"][0]["name"], "herald/Echo", "{sent}");
    let folder = on_air.stop();
    let save = folder.path().join("save.db");
    let inputs = rows_at(&save, tick, "SELECT tick, name, sender FROM inputs");
    assert_eq!(inputs, json!([{ "tick": tick, "name": "herald/Call", "sender": "api:host" }]));
}

#[test]
fn what_would_be_is_told_and_nothing_of_it_is_kept() {
    needs!(MCP);
    let (folder, save) = save_of(7);
    let before = std::fs::read(&save).unwrap();
    let mut client = Client::of_save(&save);
    let told = client.call("what_if", json!({
        "at": 5, "ticks": 2,
        "edits": [{ "op": "set", "entity": "0v1", "component": "citizens/Wealth", "value": { "gold": 1_000 } }],
        "watch": [{ "entity": "0v1", "component": "citizens/Wealth.gold" }],
    }));
    assert!(told["at"].as_str().unwrap().starts_with("5~"), "{told}");
    let series = &told["series"][0];
    assert_eq!(series["truth"].as_array().unwrap().last(), Some(&json!(60)), "{told}");
    assert_eq!(series["changed"].as_array().unwrap().last(), Some(&json!(1_020)), "{told}");
    drop(client);
    assert_eq!(names_in(folder.path()), ["save.db", "world"]);
    assert!(std::fs::read(&save).unwrap() == before, "the save is as it was");
}

#[test]
fn what_is_no_save_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let output = sandtable().arg("mcp").arg(folder.path().join("none.db")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("none.db") && said.lines().count() == 1, "{said}");
    assert!(output.stdout.is_empty());
}
