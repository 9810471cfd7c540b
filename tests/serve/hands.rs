//! Hands on a world over HTTP: inputs that count once, edits and their undoing, forks,
//! names of ticks and the way back.

use serde_json::{Value as Json, json};

use super::*;

const EDITED: &str = "label = \"citizens/Citizen.name\"\n[api]\nedit = true\n";

/// A world of citizens that grants edits.
fn citizens() -> OnAir {
    OnAir::of_world(&format!("{WORLD}{EDITED}"), &["citizens"], &["--hz", "50"])
}

/// A world of the mod that takes orders.
fn picky() -> OnAir {
    OnAir::with(&["picky"], &["--hz", "50"])
}

impl OnAir {
    /// Sends JSON with the token.
    fn post(&self, path: &str, headers: &[&str], body: &Json) -> Answer {
        self.post_text(
            path,
            &[&["content-type: application/json"], headers].concat(),
            &body.to_string(),
        )
    }

    fn post_text(&self, path: &str, headers: &[&str], body: &str) -> Answer {
        let token = format!("authorization: Bearer {TOKEN}");
        let headers = [&[token.as_str()], headers].concat();
        self.request("POST", &format!("/api/v1/worlds/test{path}"), &headers, body)
    }

    pub fn done(&self, path: &str, headers: &[&str], body: &Json) -> Json {
        let answer = self.post(path, headers, body);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!((200..300).contains(&answer.status), "{path}: {text}");
        answer.json()
    }
}

fn order(number: u64) -> Json {
    json!({ "input": "picky/Order", "value": { "number": number } })
}

fn name(entity: &str, name: &str) -> Json {
    json!({
        "op": "set", "entity": entity, "component": "citizens/Citizen", "value": { "name": name },
    })
}

const WAIT: &str = "prefer: wait=30";

#[test]
fn inputs_are_an_object_an_array_or_lines_and_count_once() {
    let on_air = picky();
    on_air.come_to(2);
    let one = on_air.done("/inputs", &[WAIT, "idempotency-key: a"], &order(1));
    assert_eq!((&one["state"], &one["inputs"]), (&json!("done"), &json!(1)));
    let again = on_air.done("/inputs", &[WAIT, "idempotency-key: a"], &order(1));
    assert_eq!((&again["tick"], &again["known"]), (&one["tick"], &json!(true)));
    assert_eq!(again["at"], one["at"]);
    let other = on_air.post("/inputs", &["idempotency-key: a"], &order(2));
    assert_eq!((other.status, &other.json()["type"]), (422, &json!("/problems/body")));
    on_air.done("/inputs", &[WAIT], &json!([order(3), order(4)]));
    let lines: String = (5..3005).map(|number| format!("{}\n", order(number))).collect();
    let ndjson = ["content-type: application/x-ndjson", "idempotency-key: lines"];
    for known in [0, 3000] {
        let answer = on_air.post_text("/inputs", &ndjson, &lines);
        let answer = answer.json();
        assert_eq!((&answer["accepted"], &answer["known"]), (&json!(3000), &json!(known)));
    }
    let broken = format!("{}\n{{\"input\": 7}}\n", order(9));
    let answer = on_air.post_text("/inputs", &ndjson[..1], &broken);
    let said = answer.json()["detail"].to_string();
    assert_eq!(answer.status, 422);
    assert!(said.contains("line 2 is no input") && said.contains("the 0 inputs before"), "{said}");
    for (body, why) in [
        (json!({ "input": "picky/Nothing", "value": {} }), "no mod declares it"),
        (json!({ "input": "picky/Order", "value": { "number": "x" } }), "input `picky/Order`"),
        (json!([]), "the body has 0 inputs"),
        (json!({ "kind": "picky/Order" }), "input 1 is none"),
    ] {
        let answer = on_air.post("/inputs", &[], &body);
        let said = answer.json()["detail"].to_string();
        assert!(answer.status == 422 && said.contains(why), "{body}: {} {said}", answer.status);
    }
    let folder = on_air.stop();
    let counted = rows_at_now(
        &folder,
        "SELECT count(*) AS n, count(DISTINCT payload) AS d, max(sender) AS s FROM inputs",
    );
    assert_eq!(counted[0], json!({ "n": 3003, "d": 3003, "s": "api:host" }));
}

fn rows_at_now(folder: &tempfile::TempDir, sql: &str) -> Json {
    let save = folder.path().join("save.db");
    let said = told(sandtable().arg("sql").arg(save).args(["--format", "json", sql]));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn what_is_sent_in_a_pause_waits_in_the_save() {
    let on_air = picky();
    on_air.come_to(2);
    on_air.done("/run", &[], &json!({ "paused": true }));
    let kept = on_air.post("/inputs", &["idempotency-key: k"], &order(7));
    assert_eq!((kept.status, kept.json()["in_save"].clone()), (202, json!(true)));
    let again = on_air.post("/inputs", &["idempotency-key: k"], &order(7));
    assert_eq!(again.status, 202);
    on_air.done("/run/step", &[WAIT], &json!({ "ticks": 1 }));
    let done = on_air.done("/inputs", &["idempotency-key: k"], &order(7));
    assert_eq!((&done["state"], &done["known"]), (&json!("done"), &json!(true)));
    let folder = on_air.stop();
    assert_eq!(rows_at_now(&folder, "SELECT count(*) AS n FROM inputs")[0]["n"], 1);
}

#[test]
fn an_edit_is_done_blamed_undone_and_verified() {
    let on_air = citizens();
    on_air.come_to(8);
    let before = on_air.get("/entities/1v1");
    let edited = on_air.done("/edits", &[WAIT], &name("1v1", "Grace"));
    let (tick, number) = (edited["tick"].clone(), edited["edit"].clone());
    assert_eq!(on_air.ask("/entities/1v1")["label"], "Grace");
    let blame = on_air.ask("/entities/1v1/blame?component=citizens/Citizen.name");
    let last = blame["rows"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["sender"]), (&json!("edit"), &json!("api:host")));
    let why = on_air.ask("/why?entity=1v1&component=citizens/Citizen.name");
    assert_eq!(why["set"]["sender"], "api:host");
    // Gold is earned in every tick, so that the tag of before is of another entity.
    let tag = format!("if-match: {}", before.header("etag"));
    let stale = on_air.post("/edits", &[WAIT, &tag], &name("1v1", "Linus"));
    assert_eq!((stale.status, &stale.json()["type"]), (412, &json!("/problems/changed")));
    let by_label = on_air.done("/edits", &[WAIT], &name("Grace", "Hopper"));
    assert_eq!(on_air.ask("/entities/1v1")["label"], "Hopper");
    let place = json!({ "tick": tick, "number": number });
    let refused = on_air.post("/edits/undo", &[WAIT], &place);
    let said = refused.json()["detail"].to_string();
    assert!(refused.status == 409 && said.contains("has changed: it is \\\"Hopper\\\""), "{said}");
    let place = json!({ "tick": by_label["tick"], "number": by_label["edit"] });
    on_air.done("/edits/undo", &[WAIT], &place);
    assert_eq!(on_air.ask("/entities/1v1")["label"], "Grace");
    let listed = on_air.ask("/edits");
    let listed = listed["rows"].as_array().unwrap();
    assert_eq!(listed.len(), 4, "what was refused before its tick is not among them: {listed:?}");
    assert!(listed[1]["refused"].is_string(), "what its tick refused is");
    for (body, status) in [
        (name("99v1", "x"), 409),
        (name("No one", "x"), 404),
        (json!({ "op": "explode" }), 422),
        (
            json!({ "op": "set", "entity": "1v1", "component": "citizens/Citizen", "value": { "name": 7 } }),
            409,
        ),
    ] {
        assert_eq!(on_air.post("/edits", &[WAIT], &body).status, status, "{body}");
    }
    let folder = on_air.stop();
    let verified = told(sandtable().arg("verify").arg(folder.path().join("save.db")));
    assert!(verified.contains("all as recorded"), "{verified}");
}

#[test]
fn a_tag_of_now_lets_an_edit_through_once() {
    let on_air = citizens();
    on_air.come_to(8);
    on_air.done("/run", &[], &json!({ "paused": true }));
    let tag = on_air.get("/entities/1v1").header("etag").to_owned();
    let tag = format!("if-match: {tag}");
    assert_eq!(on_air.post("/edits", &[&tag], &name("1v1", "Grace")).status, 202);
    // Both were sent while the tag was right: the second is refused by its tick.
    let second = std::thread::scope(|scope| {
        let second = scope.spawn(|| on_air.post("/edits", &[&tag, WAIT], &name("1v1", "Linus")));
        wait_until("both wait", || {
            let waiting = on_air.ask("/query?sql=SELECT%20count(*)%20AS%20n%20FROM%20inbox");
            waiting["rows"][0]["n"] == 2
        });
        on_air.done("/run/step", &[WAIT], &json!({ "ticks": 1 }));
        second.join().unwrap()
    });
    assert_eq!((second.status, &second.json()["type"]), (412, &json!("/problems/changed")));
    assert_eq!(on_air.ask("/entities/1v1")["label"], "Grace");
}

#[test]
fn a_fork_tells_what_would_be_and_changes_nothing() {
    let on_air = citizens();
    on_air.come_to(10);
    let at = on_air.ask("/entities/0v1?at=2")["at"].clone();
    let forked = on_air.done(
        "/forks",
        &[],
        &json!({
            "at": at, "ticks": 8,
            "edits": [name("0v1", "Mortal")],
            "watch": [
                { "entity": "0v1", "component": "citizens/Wealth.gold" },
                { "title": "all", "sql": "SELECT sum(gold) FROM citizens_wealth" },
            ],
        }),
    );
    assert_eq!((&forked["at"], &forked["to"]), (&at, &json!(10)));
    let of = |index: usize, what: &str| forked["series"][index][what][8].clone();
    assert_eq!((of(0, "truth"), of(0, "changed")), (json!(90), Json::Null));
    assert_eq!(forked["series"][1]["title"], "all");
    assert_eq!(forked["first"][0]["by_hand"], true);
    let death = forked["first"].as_array().unwrap().iter().find(|it| it["name"].is_null());
    assert_eq!(death.unwrap()["system"], "citizens/live");
    assert_eq!(on_air.ask("/edits")["rows"], json!([]));
    for (body, status) in [
        (json!({ "at": 99999 }), 404),
        (json!({ "at": "1~aaaaaaaa" }), 409),
        (json!({ "ticks": 0 }), 422),
        (json!({ "edits": [{ "op": "explode" }] }), 422),
        (json!({ "watch": [{ "sql": "SELECT * FROM nowhere" }] }), 409),
        (json!({ "inputs": [{ "input": "a/B" }] }), 422),
    ] {
        let answer = on_air.post("/forks", &[], &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.json());
    }
}

#[test]
fn a_world_goes_back_while_it_runs_and_nothing_of_later_is_answered() {
    let on_air = citizens();
    on_air.come_to(4);
    on_air.done("/run", &[], &json!({ "paused": true }));
    let named = on_air.done("/snapshots", &[], &json!({ "name": "before", "note": "a test" }));
    let tick = named["tick"].as_u64().unwrap();
    wait_until("it is in the save", || on_air.ask("/snapshots")["rows"][0]["name"] == "before");
    on_air.done("/edits", &[], &name("1v1", "Grace"));
    on_air.done("/run/step", &[WAIT], &json!({ "ticks": 6 }));
    assert_eq!(on_air.ask("/snapshots")["rows"][0]["name"], "before");
    // So that they are known of before the way back.
    let later = on_air.ask(&format!("/entities/1v1?at={}", tick + 2));
    assert_eq!(later["label"], "Grace");
    on_air.ask("/series?every=1&sql=SELECT%20sum(gold)%20FROM%20citizens_wealth");
    let branched = on_air.done("/branches", &[], &json!({ "tick": tick, "name": "other" }));
    assert_eq!(branched["tick"], tick);
    let back = on_air.done("/rewind", &[], &json!({ "tick": tick }));
    assert_eq!((&back["tick"], &back["from"]), (&json!(tick), &json!(tick + 6)));
    assert_eq!(on_air.tick(), tick);
    assert_eq!(on_air.get(&format!("/entities/1v1?at={}", tick + 2)).status, 404);
    on_air.done("/run/step", &[WAIT], &json!({ "ticks": 3 }));
    let now = on_air.ask(&format!("/entities/1v1?at={}", tick + 2));
    assert_eq!(now["label"], "Twin", "it is another course");
    let of_then = format!("/entities/1v1?at={}", later["at"].as_str().unwrap());
    assert_eq!(on_air.get(&of_then).status, 409);
    assert_eq!(on_air.post("/rewind", &[], &json!({ "tick": 9999 })).status, 409);
    assert_eq!(on_air.post("/branches", &[], &json!({ "tick": 1, "name": "../x" })).status, 422);
    let folder = on_air.stop();
    let ahead = format!("save-ahead-{}.db", tick + 6);
    let names = names_in(folder.path());
    assert!(names.contains(&ahead) && names.contains(&"other.db".to_owned()), "{names:?}");
}

#[test]
fn a_world_that_grants_no_edits_says_so() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(2);
    let refused = on_air.post("/edits", &[WAIT], &name("1v1", "x"));
    let said = refused.json()["detail"].to_string();
    assert!(refused.status == 409 && said.contains("edit = true"), "{said}");
}
