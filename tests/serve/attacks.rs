//! What a client could do that it should not: each was found by an attack on a served
//! world, and is tried again here.

use std::net::Shutdown;

use super::trust::{WORLD_AT, create, of_home, with_tokens};
use super::worlds::{House, saves};
use super::*;

/// Sends a request and is gone before it is answered.
fn sent_and_gone(on_air: &OnAir, token: &str, path: &str, body: &Json) {
    let body = body.to_string();
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        on_air.host(),
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
}

fn audited(home: &Path) -> Vec<Json> {
    let log = told(of_home(home).args(["audit", "list", "--format", "json"]));
    serde_json::from_str(&log).unwrap()
}

#[test]
fn a_select_of_a_fork_ends_with_the_fork() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "20"]);
    on_air.come_to(4);
    let token = format!("authorization: Bearer {TOKEN}");
    let fork = |sql: &str| {
        let body = json!({ "at": 2, "ticks": 1, "watch": [{ "sql": sql }] });
        let headers = [token.as_str(), "content-type: application/json"];
        on_air.request("POST", &format!("{WORLD_AT}/forks"), &headers, &body.to_string())
    };
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let first = fork(&format!("{endless} SELECT x FROM c"));
    assert_eq!(first.json()["series"][0]["truth"], json!([1, 1]), "one row is read, and no more");
    let cut = fork(&format!("{endless} SELECT count(*) FROM c")).json();
    assert_eq!(cut["cut"], "the time was up after 0 of 1 ticks", "{cut}");
    assert_eq!(cut["series"][0]["truth"], json!([]));
    let large = json!({
        "at": 2, "ticks": 1,
        "watch": vec![json!({ "sql": "SELECT hex(zeroblob(500000))" }); 16],
    });
    let headers = [token.as_str(), "content-type: application/json"];
    let path = format!("{WORLD_AT}/forks");
    let cut = on_air.request("POST", &path, &headers, &large.to_string()).json();
    assert!(cut["cut"].as_str().unwrap().contains("what is watched has more than"), "{cut}");
}

#[test]
fn who_leaves_before_the_answer_is_in_the_audit_log() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(2);
    let home = on_air.home();
    let grants = ["--grant", "test:*", "--grant", "host:admin"];
    let token = create(&home, "hasty", &grants);
    let noted = |operation: &str| {
        let is_it = |row: &&Json| row["operation"] == operation && row["outcome"] == "done";
        audited(&home).iter().filter(is_it).count()
    };
    let by_hand = noted("create-token");
    for number in 0..5 {
        let body = json!({ "name": format!("ghost-{number}"), "grants": ["test:read"] });
        sent_and_gone(&on_air, &token, "/api/v1/tokens", &body);
        let body = json!({ "name": format!("s-{number}") });
        sent_and_gone(&on_air, &token, &format!("{WORLD_AT}/snapshots"), &body);
    }
    let made = || {
        let tokens = told(of_home(&home).args(["token", "list", "--format", "json"]));
        let tokens: Vec<Json> = serde_json::from_str(&tokens).unwrap();
        let is_ghost = |it: &&Json| it["name"].as_str().unwrap().starts_with("ghost");
        tokens.iter().filter(is_ghost).count()
    };
    // A request that was not read before its client had gone is not done.
    let is_whole = || {
        let snapshots = on_air.ask("/snapshots")["rows"].clone();
        let named = snapshots.as_array().unwrap().iter();
        let named = named.filter(|it| it["name"].as_str().is_some_and(|it| it.starts_with("s-")));
        noted("create-token") == by_hand + made() && noted("take-snapshot") == named.count()
    };
    wait_until("what was done is written down", is_whole);
}

#[test]
fn a_name_that_is_no_worlds_is_not_in_the_audit_log() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(1);
    let home = on_air.home();
    let token = create(&home, "reader", &["--grant", "test:read"]);
    let name = "payload".repeat(100);
    let path = format!("/api/v1/worlds/{name}/inputs");
    assert_eq!(on_air.post_as(&token, &path, &json!({ "input": "a/B" })).status, 403);
    assert_eq!(on_air.post_as(&token, "/api/v1/worlds/%0a%1b[31m/inputs", &json!({})).status, 403);
    assert_eq!(on_air.as_of(&token, "/metrics").status, 403);
    assert_eq!(on_air.as_of(&token, "/api/v1/worlds/mars/openapi.json").status, 403);
    let log = audited(&home);
    let of: Vec<Json> = log.iter().map(|row| json!([row["operation"], row["world"]])).collect();
    for expected in [json!(["inputs", null]), json!(["metrics", null]), json!(["openapi", null])] {
        assert!(of.contains(&expected), "{expected}: {of:?}");
    }
    let text = Json::from(log).to_string();
    assert!(!text.contains("payload") && !text.contains("[31m"), "{text}");
}

#[test]
fn the_past_is_read_with_the_right_to_history_alone() {
    let on_air = with_tokens(&["citizens", "herald"]);
    on_air.come_to(40);
    let home = on_air.home();
    let reads = create(&home, "reads", &["--grant", "test:read"]);
    let asks = create(&home, "asks", &["--grant", "test:read", "--grant", "test:sql"]);
    let both = create(&home, "both", &["--grant", "test:read", "--grant", "test:history"]);
    for path in ["/query?sql=SELECT%201", "/series?every=5&sql=SELECT%201", "/tables"] {
        assert_eq!(on_air.as_of(&asks, &format!("{WORLD_AT}{path}")).status, 403, "{path}");
    }
    let page = on_air.as_of(&both, &format!("{WORLD_AT}/entities?limit=1&at=5")).json();
    let next = format!("{WORLD_AT}/entities?limit=1&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(on_air.as_of(&both, &next).status, 200);
    assert_eq!(on_air.as_of(&reads, &next).status, 400, "a cursor is of one token");
    let first = |token: &str| {
        let mut stream = TcpStream::connect(on_air.host()).unwrap();
        let request = format!(
            "GET {WORLD_AT}/stream?events=*&changes=citizens/Wealth HTTP/1.0\r\nhost: {}\r\n\
             authorization: Bearer {token}\r\nlast-event-id: 3\r\n\r\n",
            on_air.host()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.skip_while(|line| !line.starts_with("event: ")).take(2).collect::<Vec<_>>()
    };
    let told = first(&reads);
    assert_eq!(told[0], "event: gap", "{told:?}");
    assert!(told[1].contains("\"why\":\"denied\""), "{told:?}");
    assert_eq!(first(&both)[0], "event: changes");
}

#[test]
fn tokens_of_another_file_take_the_place_of_those_before() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(1);
    let home = on_air.home();
    let old = create(&home, "old", &["--grant", "test:read"]);
    assert_eq!(on_air.as_of(&old, WORLD_AT).status, 200);
    std::fs::rename(&home, on_air.folder.path().join("before")).unwrap();
    let new = create(&home, "new", &["--grant", "test:read"]);
    assert_eq!(on_air.as_of(&new, WORLD_AT).status, 200);
    assert_eq!(on_air.as_of(&old, WORLD_AT).status, 401);
    assert_eq!(on_air.as_of(&new, &format!("{WORLD_AT}/ticks")).status, 403);
    assert!(audited(&home).iter().any(|row| row["operation"] == "ticks"), "in the new file");
}

#[test]
fn names_of_those_who_need_no_token_are_given_to_none() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["host", "mcp"] {
        let create = ["token", "create", name, "--grant", "*:read"];
        let refused = of_home(folder.path()).args(create).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("give another name"), "{said}");
    }
}

#[test]
fn a_request_that_waits_under_its_key_is_told_so_at_once() {
    let on_air = OnAir::with(&["herald"], &["--hz", "20"]);
    on_air.come_to(1);
    let headers = [
        &format!("authorization: Bearer {TOKEN}"),
        "content-type: application/json",
        "idempotency-key: once",
    ];
    let post = |path: &str, body: &Json| {
        on_air.request("POST", &format!("{WORLD_AT}{path}"), &headers, &body.to_string())
    };
    post("/run", &json!({ "paused": true }));
    let input = json!({ "input": "herald/Call", "value": { "number": 7 } });
    for _ in 0..2 {
        let told = post("/inputs", &input);
        assert_eq!((told.status, &told.json()["in_save"]), (202, &json!(true)));
    }
}

#[test]
fn lines_are_taken_for_as_long_as_the_token_holds() {
    let on_air = with_tokens(&["herald"]);
    on_air.come_to(1);
    let home = on_air.home();
    let token = create(&home, "sender", &["--grant", "test:send"]);
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    let head = format!(
        "POST {WORLD_AT}/inputs HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-ndjson\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n",
        on_air.host()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let line = "{\"input\":\"herald/Call\",\"value\":{\"number\":7}}\n";
    let mut send = |count: usize| {
        let lines = line.repeat(count);
        stream.write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes()).unwrap();
    };
    send(1_000);
    let sent = || rows_at_now(&on_air, "SELECT count(*) AS n FROM inputs")[0]["n"].as_u64();
    wait_until("a thousand are there", || sent() == Some(1_000));
    told(of_home(&home).args(["token", "revoke", "sender"]));
    send(1_000);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("the 1000 inputs before are in the save"), "{answer}");
    let done = audited(&home).into_iter().find(|row| row["operation"] == "inputs").unwrap();
    assert_eq!(done["outcome"], "done", "a part of it was");
}

fn rows_at_now(on_air: &OnAir, sql: &str) -> Json {
    on_air.ask(&format!("/query?sql={}", sql.replace(' ', "%20").replace('*', "%2A")))["rows"]
        .clone()
}

#[test]
fn a_stream_of_columns_ends_with_its_token() {
    let on_air = with_tokens(&["idle", "citizens"]);
    on_air.come_to(2);
    let home = on_air.home();
    let token = create(&home, "watcher", &["--grant", "test:read"]);
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    let request = format!(
        "GET {WORLD_AT}/columns/stream?kind=citizens/Citizen HTTP/1.0\r\nhost: {}\r\n\
         authorization: Bearer {token}\r\n\r\n",
        on_air.host()
    );
    stream.write_all(request.as_bytes()).unwrap();
    told(of_home(&home).args(["token", "revoke", "watcher"]));
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert!(!all.is_empty(), "it was answered, and ended though nothing changed");
}

#[test]
fn the_document_names_kinds_to_them_who_may_read_them() {
    let on_air = with_tokens(&["citizens"]);
    on_air.come_to(1);
    let home = on_air.home();
    let has_kinds = |token: &str| {
        let document = on_air.as_of(token, "/api/v1/openapi.json").json().to_string();
        document.contains("citizens")
    };
    assert!(has_kinds(&create(&home, "reads", &["--grant", "test:read"])));
    assert!(!has_kinds(&create(&home, "elsewhere", &["--grant", "mars:read"])));
}

#[cfg(unix)]
#[test]
fn what_is_no_save_is_not_deleted_as_one() {
    let folder = saves(&["drift"], 1, &["one"]);
    let worlds = folder.path().join("worlds");
    std::fs::write(folder.path().join("precious.txt"), "precious").unwrap();
    std::os::unix::fs::symlink("../precious.txt", worlds.join("link.db")).unwrap();
    std::fs::write(worlds.join("noise.db"), [7; 5000]).unwrap();
    rusqlite::Connection::open(worlds.join("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    std::fs::rename(worlds.join("one.db"), folder.path().join("one.db")).unwrap();
    std::os::unix::fs::symlink("../one.db", worlds.join("linked.db")).unwrap();
    let house = House::of(folder, &[]);
    for name in ["link", "noise", "other"] {
        let (status, why) = house.refused("DELETE", &format!("/{name}"), "");
        assert!(status == 409 && why.contains("is not a save"), "{name}: {status} {why}");
    }
    assert_eq!(house.send("DELETE", "/linked", &[], "").status, 200);
    let left = names_in(&house.folder());
    assert_eq!(left, ["link.db", "noise.db", "other.db"], "of a link the link alone");
    let names = names_in(house.0.folder.path());
    assert!(names.contains(&"precious.txt".to_owned()) && names.contains(&"one.db".to_owned()));
}

#[test]
fn a_step_that_failed_is_not_told_as_done() {
    let folder = saves(&["drift"], 1, &["one"]);
    let house = House::of(folder, &[]);
    assert_eq!(house.post("/one/run/step", &json!({ "ticks": 1 }))["tick"], 2);
    std::fs::remove_file(house.folder().join("one.db")).unwrap();
    let answer = house.send("POST", "/one/run/step", &["prefer: wait=30"], "{\"ticks\": 1}");
    let told = answer.json();
    assert_eq!(answer.status, 409, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("had to stop"), "{told}");
}
