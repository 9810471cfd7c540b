//! What a token does not allow is not answered through a tool either, and what was done
//! and refused is written down.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::super::canaries::{CANARY, ada, hidden};
use super::super::trust::{create, of_home, with_tokens};
use super::client::Client;
use crate::harness::*;
use crate::outside::{MCP, needs};

/// What every tool is asked, about entities that are seen and that are not.
fn questions() -> Vec<(&'static str, Json)> {
    let mut all = vec![
        ("worlds", json!({})),
        ("describe", json!({})),
        ("find", json!({ "select": "*" })),
        ("find", json!({ "where": "secrets/Secret.text:begins:c" })),
        ("find", json!({ "at": 4, "select": "*" })),
        ("query", json!({ "sql": "SELECT * FROM secrets_secret" })),
        ("query", json!({ "sql": "SELECT * FROM events" })),
        ("query", json!({ "sql": "SELECT * FROM logs" })),
        ("query", json!({ "sql": "SELECT * FROM secrets_secret_history" })),
        ("query", json!({ "sql": "SELECT group_concat(text) FROM secrets_secret", "at": 4 })),
        ("ask", json!({ "question": "all" })),
        ("ask", json!({ "question": "told" })),
        ("changed", json!({ "from": 1 })),
        ("changed", json!({ "kind": "secrets/Secret" })),
        ("between", json!({ "from": 1, "to": 5, "summary": false })),
    ];
    for part in ["mods", "kinds", "resources", "tables", "questions"] {
        all.push(("describe", json!({ "part": part })));
    }
    for entity in ["0v1", "1v1", "4v1", "6v1"] {
        all.push(("entity", json!({ "entity": entity })));
        all.push(("entity", json!({ "entity": entity, "at": 4 })));
        all.push(("timeline", json!({ "entity": entity })));
        all.push(("context", json!({ "about": entity })));
        all.push(("ask", json!({ "question": "one", "values": { "who": entity }, "at": 4 })));
        all.push(("changed", json!({ "entity": entity })));
        all.push(("why", json!({ "entity": entity, "component": "secrets/Secret.text" })));
        let watch = json!([{ "entity": entity, "component": "secrets/Secret.text" }]);
        all.push(("what_if", json!({ "at": 4, "ticks": 2, "watch": watch })));
    }
    all
}

#[test]
fn what_a_user_may_not_see_is_in_no_answer_of_a_tool() {
    needs!(MCP);
    let on_air = hidden();
    on_air.come_to(12);
    let token = ada(&on_air);
    let mut mine = Client::with_token(&on_air, &token);
    let mut all = Client::of_server(&on_air, "auto");
    let expected = [
        "ask", "between", "changed", "context", "describe", "entity", "find", "query", "send",
        "worlds",
    ];
    assert_eq!(mine.offered(), expected.map(str::to_owned).into());
    let (mut shown, mut answered) = (0, BTreeSet::new());
    for (tool, arguments) in questions() {
        let question = json!({ "tool": tool, "arguments": arguments });
        let told = mine.say(&question);
        assert!(!told.to_string().contains(CANARY), "{question}: {told}");
        if told["isError"] == false {
            answered.insert(tool);
        }
        shown += u32::from(all.say(&question).to_string().contains(CANARY));
    }
    assert!(shown > 12, "an admin is shown {shown}");
    for tool in ["worlds", "describe", "find", "query", "changed", "between", "entity", "context"] {
        assert!(answered.contains(tool), "{tool}: {answered:?}");
    }
    for tool in ["why", "timeline", "what_if"] {
        assert!(!answered.contains(tool), "{tool} is answered of all of the world");
    }
    let address =
        |entity: &str| json!({ "read": format!("sandtable://test/entities/{entity}?at=4") });
    let rows =
        all.call("find", json!({ "at": 4, "select": "secrets/Secret.text" }))["rows"].clone();
    let rows = rows.as_array().unwrap().iter();
    let hidden = rows.map(|row| row["entity"].as_str().unwrap().to_owned()).find(|entity| {
        let seen = mine.say(&address(entity));
        seen["refused"].is_string()
    });
    let hidden = hidden.expect("one that is not seen");
    let (none, hides) = (mine.say(&address("99v1")), mine.say(&address(&hidden)));
    let told = |answer: &Json| answer["refused"].as_str().unwrap().to_owned();
    assert_eq!(told(&none).replace("99v1", &hidden), told(&hides), "in the same words");
}

#[test]
fn a_tool_needs_the_scopes_of_the_operations_that_answer_it() {
    needs!(MCP);
    let on_air = with_tokens(&["citizens"]);
    on_air.come_to(6);
    let home = on_air.home();
    let reader = create(&home, "reader", &["--grant", "test:read"]);
    let mut reader = Client::with_token(&on_air, &reader);
    assert_eq!(
        reader.offered(),
        ["ask", "describe", "entity", "find", "context", "worlds"].map(str::to_owned).into()
    );
    assert!(reader.call("entity", json!({ "entity": "0v1" }))["components"].is_object());
    let lacks = [
        ("entity", json!({ "entity": "0v1", "at": 3 }), "history"),
        ("query", json!({ "sql": "SELECT 1" }), "sql"),
        ("changed", json!({}), "history"),
        ("why", json!({ "entity": "0v1", "component": "citizens/Wealth" }), "history"),
        ("what_if", json!({ "at": 3 }), "fork"),
        ("send", json!({ "input": "citizens/Wish", "value": {} }), "send"),
    ];
    for (tool, arguments, scope) in lacks {
        let sentence = reader.refused(tool, arguments);
        assert!(
            sentence.starts_with(&format!("the token lacks `test:{scope}")),
            "{tool}: {sentence}"
        );
    }
    let brief = reader.call("context", json!({ "about": "0v1" }));
    assert!(brief["notes"][0].as_str().unwrap().contains("the token lacks"), "{brief}");
    let forks = create(&home, "forks", &["--grant", "test:fork"]);
    let mut forks = Client::with_token(&on_air, &forks);
    assert!(
        forks.refused("what_if", json!({ "at": 3 })).starts_with("the token lacks `test:read`")
    );
    let elsewhere = create(&home, "elsewhere", &["--grant", "mars:*"]);
    let mut elsewhere = Client::with_token(&on_air, &elsewhere);
    assert!(elsewhere.refused("entity", json!({ "entity": "0v1" })).starts_with("the token lacks"));
    assert_eq!(elsewhere.call("worlds", json!({}))["rows"], json!([]));
    let none = Client::with_token(&on_air, "none");
    assert!(none.told["refused"].is_string(), "{}", none.told);
}

#[test]
fn what_is_done_and_refused_through_tools_is_in_the_audit_log() {
    needs!(MCP);
    let on_air = with_tokens(&["herald"]);
    on_air.come_to(1);
    let home = on_air.home();
    let token =
        create(&home, "caller", &["--grant", "test:read", "--grant", "test:send:herald/Call"]);
    let mut client = Client::with_token(&on_air, &token);
    client.call("send", json!({ "input": "herald/Call", "value": { "number": 7 } }));
    client.refused("send", json!({ "input": "herald/Other", "value": { "number": 7 } }));
    client.refused("query", json!({ "sql": "SELECT 1" }));
    client.call("describe", json!({}));
    let log = told(of_home(&home).args(["audit", "list", "--format", "json"]));
    let log: Json = serde_json::from_str(&log).unwrap();
    let rows = log.as_array().unwrap().iter();
    let of_caller: Vec<Json> = rows
        .filter(|row| row["operation"] != "token-create")
        .map(|row| json!([row["operation"], row["world"], row["outcome"]]))
        .collect();
    let expected = [
        json!(["inputs", "test", "done"]),
        json!(["inputs", "test", "refused"]),
        json!(["query", "test", "refused"]),
    ];
    for act in &expected {
        assert!(of_caller.contains(act), "{act} is not in {log}");
    }
    assert!(!of_caller.iter().any(|act| act[0] == "kinds"), "{log}");
}

#[test]
fn a_page_that_is_cut_is_of_the_tick_that_was_answered() {
    needs!(MCP);
    let on_air = with_tokens(&["drift"]);
    on_air.come_to(3);
    let token = create(&on_air.home(), "reader", &["--grant", "test:read"]);
    let mut client = Client::with_token(&on_air, &token);
    let page = client.call("find", json!({ "select": "*", "max_tokens": 600 }));
    let shown = page["rows"].as_array().unwrap().len();
    assert!((1..100).contains(&shown) && page["next"].is_string(), "{page}");
    let columns = ["drift/Position", "drift/Velocity"].repeat(8);
    let page = client.call("find", json!({ "select": columns, "max_tokens": 300 }));
    if page["rows"] == json!([]) {
        assert!(page["next"].is_null(), "{page}");
        assert!(page["rest"].as_str().unwrap().starts_with("one row is longer"), "{page}");
    }
}

#[test]
fn one_who_sees_a_part_is_told_what_happened_in_it() {
    needs!(MCP);
    let on_air = hidden();
    on_air.come_to(12);
    let token = ada(&on_air);
    let mut mine = Client::with_token(&on_air, &token);
    let counts = mine.call("between", json!({ "from": 1, "to": 8 }))["rows"].clone();
    assert!(counts.as_array().unwrap().iter().all(|row| row["count"].is_u64()), "{counts}");
    let seen = mine.call("find", json!({}))["rows"][0]["entity"].clone();
    let brief = mine.call("context", json!({ "about": seen }));
    let cites = brief["events"].as_array().unwrap().iter().map(|it| it["cite"].as_str().unwrap());
    let cites: Vec<&str> = cites.collect();
    assert!(cites.iter().any(|it| it.starts_with("change ")), "{brief}");
    assert!(cites.iter().any(|it| it.starts_with("in_brief ")), "{brief}");
    assert!(!cites.iter().any(|it| it.starts_with("event ")), "{brief}");
    let unknown = mine.refused("worlds", json!({ "bogus": 1 }));
    assert!(unknown.starts_with("`bogus` is no parameter of `worlds`"), "{unknown}");
}
