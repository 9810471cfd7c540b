//! Tokens of users: what each allows, until when, and what is written down of it.

use std::path::Path;
use std::process::Command;

use super::*;

/// The program, with a folder of its own for what the host knows of users.
pub fn of_home(home: &Path) -> Command {
    let mut command = sandtable();
    command.env("SANDTABLE_HOME", home);
    command
}

pub fn create(home: &Path, name: &str, more: &[&str]) -> String {
    told(of_home(home).args(["token", "create", name]).args(more)).trim().to_owned()
}

/// A world with tokens of its own.
pub fn with_tokens(guests: &[&str]) -> OnAir {
    of_world_with_tokens(WORLD, guests)
}

/// As [`with_tokens`], by another world file.
pub fn of_world_with_tokens(text: &str, guests: &[&str]) -> OnAir {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), text, guests);
    let mut command = of_home(&folder.path().join("home"));
    command.arg("serve").arg(folder.path().join("world"));
    command.arg("--save").arg(folder.path().join("save.db"));
    OnAir::of(command, folder, &["--hz", "50"])
}

impl OnAir {
    pub fn home(&self) -> std::path::PathBuf {
        self.folder.path().join("home")
    }

    pub fn as_of(&self, token: &str, path: &str) -> Answer {
        self.request("GET", path, &[&format!("authorization: Bearer {token}")], "")
    }

    pub fn post_as(&self, token: &str, path: &str, body: &Json) -> Answer {
        let token = format!("authorization: Bearer {token}");
        self.request("POST", path, &[&token, "content-type: application/json"], &body.to_string())
    }
}

pub const WORLD_AT: &str = "/api/v1/worlds/test";

#[test]
fn a_token_opens_what_it_is_granted() {
    let on_air = with_tokens(&["citizens"]);
    on_air.come_to(4);
    let token = create(&on_air.home(), "reader", &["--grant", "test:read"]);
    let status = |path: &str| on_air.as_of(&token, path).status;
    assert_eq!(status(&format!("{WORLD_AT}/entities/0v1")), 200);
    assert_eq!(on_air.as_of(&token, "/api/v1/worlds").json()["rows"].as_array().unwrap().len(), 1);
    for path in [
        "/entities/0v1?at=3",
        "/ticks",
        "/entities/0v1/history?component=citizens/Wealth",
        "/query?sql=SELECT%201",
        "/tables",
    ] {
        let answer = on_air.as_of(&token, &format!("{WORLD_AT}{path}"));
        assert_eq!(answer.status, 403, "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("the token lacks `test:"), "{path}: {detail}");
    }
    for path in ["/api/v1/tokens", "/api/v1/audit", "/metrics"] {
        assert_eq!(status(path), 403, "{path}");
    }
    let elsewhere = create(&on_air.home(), "elsewhere", &["--grant", "mars:*"]);
    assert_eq!(on_air.as_of(&elsewhere, &format!("{WORLD_AT}/entities")).status, 403);
    assert_eq!(on_air.as_of(&elsewhere, "/api/v1/worlds").status, 200);
    assert_eq!(on_air.as_of(&elsewhere, "/api/v1/worlds").json()["rows"], json!([]));
    let grants = ["--grant", "test:read", "--grant", "test:sql"];
    let sql = create(&on_air.home(), "asks", &grants);
    assert_eq!(on_air.as_of(&sql, &format!("{WORLD_AT}/query?sql=SELECT%201")).status, 403);
    let all = [&grants[..], &["--grant", "test:history"]].concat();
    let all = create(&on_air.home(), "asks-all", &all);
    assert_eq!(on_air.as_of(&all, &format!("{WORLD_AT}/query?sql=SELECT%201")).status, 200);
    assert_eq!(on_air.as_of(&all, &format!("{WORLD_AT}/query?at=2&sql=SELECT%201")).status, 200);
}

#[test]
fn what_is_revoked_or_expired_opens_nothing_from_then_on() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(1);
    let home = on_air.home();
    let token = create(&home, "ada", &["--grant", "test:*"]);
    assert_eq!(on_air.as_of(&token, WORLD_AT).status, 200);
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    let request = format!(
        "GET {WORLD_AT}/stream HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n",
        on_air.host()
    );
    stream.write_all(request.as_bytes()).unwrap();
    told(of_home(&home).args(["token", "revoke", "ada"]));
    let answer = on_air.as_of(&token, WORLD_AT);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["detail"], "the token was revoked: ask for another");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert!(all.starts_with(b"HTTP/1.1 200"), "the stream was open, and ended");
    let short = create(&home, "short", &["--grant", "test:*", "--expires", "1s"]);
    wait_until("it expires", || on_air.as_of(&short, WORLD_AT).status == 401);
    let detail = on_air.as_of(&short, WORLD_AT).json()["detail"].clone();
    assert_eq!(detail, "the token expired: ask for another");
    let other = create(&home, "other", &["--grant", "test:*"]);
    let typo = format!("{}{}", &other[..20], other[20..].replace('a', "b").replace('0', "1"));
    let detail = on_air.as_of(&typo, WORLD_AT).json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("typo"), "{detail}");
    let of_other_host = create(&on_air.folder.path().join("elsewhere"), "x", &["--grant", "*:*"]);
    let answer = on_air.as_of(&of_other_host, WORLD_AT);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["detail"], "the token is none of this server: ask for one");
}

#[test]
fn a_token_makes_none_that_allows_more() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(1);
    let home = on_air.home();
    let admin = create(
        &home,
        "admin",
        &["--grant", "host:admin", "--grant", "test:read", "--expires", "1h"],
    );
    let path = "/api/v1/tokens";
    for grants in [json!(["test:edit"]), json!(["*:read"]), json!(["test:*"])] {
        let answer = on_air.post_as(&admin, path, &json!({ "name": "more", "grants": grants }));
        assert_eq!(answer.status, 400, "{grants}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("is more than the token has"));
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "name": "x", "grants": [] }),
        json!({ "name": "x", "grants": ["nothing"] }),
        json!({ "name": "", "grants": ["test:read"] }),
        json!({ "name": "x", "grants": ["test:read"], "scope": "all" }),
    ] {
        assert_eq!(on_air.post_as(&admin, path, &body).status, 400, "{body}");
    }
    let wanted = json!({ "name": "less", "grants": ["test:read:idle/*"] });
    let made = on_air.post_as(&admin, path, &wanted).json();
    let less = made["token"].as_str().unwrap();
    assert_eq!(on_air.as_of(less, "/api/v1/worlds").status, 200);
    assert_eq!(on_air.post_as(less, path, &wanted).status, 403);
    let rows = on_air.as_of(&admin, path).json()["rows"].clone();
    assert_eq!(rows[0]["name"], "less");
    assert_eq!(rows[0]["expires_at"], rows[1]["expires_at"], "no longer than the one it is of");
    assert!(!rows.to_string().contains(less), "no secret");
    let plain = on_air.request("POST", path, &[&format!("authorization: Bearer {admin}")], "{}");
    assert_eq!(plain.status, 415);
    told(of_home(&home).args(["token", "revoke", "admin"]));
    assert_eq!(on_air.as_of(less, "/api/v1/worlds").status, 401, "with what it was made by");
}

#[test]
fn what_was_done_is_written_down_and_every_alteration_shows() {
    let on_air = with_tokens(&["idle"]);
    on_air.come_to(1);
    let home = on_air.home();
    let reader = create(&home, "a-name-that-is-no-ones", &["--grant", "test:read"]);
    assert_eq!(on_air.as_of(&reader, &format!("{WORLD_AT}/ticks")).status, 403);
    let wanted = json!({ "name": "second", "grants": ["test:read"] });
    assert_eq!(on_air.post_as(TOKEN, "/api/v1/tokens", &wanted).status, 200);
    let rows = on_air.as_of(TOKEN, "/api/v1/audit").json();
    let of = |row: usize, name: &str| rows["rows"][row][name].clone();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
    assert_eq!((of(0, "operation"), of(0, "outcome")), ("create-token".into(), "done".into()));
    assert_eq!((of(1, "operation"), of(1, "outcome")), ("ticks".into(), "refused".into()));
    assert_eq!((of(1, "world"), of(2, "world")), ("test".into(), Json::Null));
    assert_eq!(of(0, "who"), of(2, "who"), "the host made both tokens");
    let text = rows.to_string();
    assert!(!text.contains("a-name-that-is-no-ones") && !text.contains(&reader));
    let mine = told(of_home(&home).args([
        "audit",
        "list",
        "--user",
        "a-name-that-is-no-ones",
        "--format",
        "csv",
    ]));
    assert_eq!(mine.lines().count(), 2, "{mine}");
    let whole = told(of_home(&home).args(["audit", "verify"]));
    assert!(whole.starts_with("3 rows as written, the last "), "{whole}");
    let last = whole.trim().rsplit(' ').next().unwrap().to_owned();

    let file = rusqlite::Connection::open(home.join("trust.db")).unwrap();
    assert!(file.execute("DELETE FROM audit", []).is_err(), "not by an accident");
    let verify = |more: &[&str]| {
        let output = of_home(&home).args(["audit", "verify"]).args(more).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    file.execute_batch("DROP TRIGGER audit_is_not_altered; DROP TRIGGER audit_is_not_shortened; BEGIN; DELETE FROM audit WHERE number = 3").unwrap();
    file.execute_batch("COMMIT").unwrap();
    assert_eq!(verify(&[]).0, Some(0), "what remains fits");
    let (code, said) = verify(&["--noted", &last]);
    assert_eq!(
        (code, said.as_str()),
        (Some(3), "2 rows fit, and none has the hash that was noted\n")
    );
    file.execute_batch("UPDATE audit SET outcome = 'done' WHERE number = 2").unwrap();
    let (code, said) = verify(&[]);
    assert_eq!(code, Some(3));
    assert!(said.starts_with("row 2 was altered"), "{said}");
    assert_eq!(on_air.as_of(TOKEN, "/api/v1/audit").json()["broken_at"], 2);
}

#[test]
#[cfg(unix)]
fn the_file_of_tokens_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let token = create(&home, "one", &["--grant", "*:read"]);
    for name in names_in(&home) {
        let mode = home.join(&name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        let bytes = std::fs::read(home.join(&name)).unwrap();
        let secret = token.split('_').nth(2).unwrap().as_bytes();
        assert!(!bytes.windows(secret.len()).any(|it| it == secret), "no secret at rest");
    }
    std::fs::set_permissions(home.join("trust.db"), std::fs::Permissions::from_mode(0o644))
        .unwrap();
    let output = of_home(&home).args(["token", "list"]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("can be read by other users of this machine"), "{said}");
}

#[test]
fn tokens_that_cannot_be_made_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (more, expected) in [
        (&["--grant", "test:write"][..], "`test:write` is no grant: write `<world>:<scope>`"),
        (&["--grant", "test:read", "--user", ""], "`user` is none: give 1 to 64 letters"),
        (&["--grant", "test:read", "--expires", "1y"], "write a number and s, m, h or d"),
    ] {
        let output =
            of_home(folder.path()).args(["token", "create", "x"]).args(more).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    }
    let output = of_home(folder.path()).args(["token", "revoke", "none"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no token `none`"), "{said}");
}

#[test]
fn a_token_asks_so_often_and_has_so_many_streams() {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), WORLD, &["idle"]);
    let mut command = of_home(&folder.path().join("home"));
    command.arg("serve").arg(folder.path().join("world"));
    command.arg("--save").arg(folder.path().join("save.db"));
    command.args(["--token-requests", "5", "--token-streams", "1"]);
    let on_air = OnAir::of(command, folder, &["--hz", "20"]);
    on_air.come_to(1);
    let streams = create(&on_air.home(), "streams", &["--grant", "test:read"]);
    let stream = format!("{WORLD_AT}/stream");
    let mut open = TcpStream::connect(on_air.host()).unwrap();
    let request = format!(
        "GET {stream} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {streams}\r\n\r\n",
        on_air.host()
    );
    open.write_all(request.as_bytes()).unwrap();
    assert_eq!(open.read(&mut [0; 8]).unwrap(), 8, "it is answered");
    let answer = on_air.as_of(&streams, &stream);
    assert_eq!((answer.status, answer.json()["type"].clone()), (429, "/problems/limit".into()));
    drop(open);
    let token = create(&on_air.home(), "eager", &["--grant", "test:read"]);
    for left in (0..5).rev() {
        let answer = on_air.as_of(&token, WORLD_AT);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=5;w=60");
        let told = answer.header("ratelimit");
        assert!(told.starts_with(&format!("\"requests\";r={left};t=")), "{told}");
    }
    let answer = on_air.as_of(&token, WORLD_AT);
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(on_air.get("").status, 200, "others are answered");
}

/// Whether a message of JSON-RPC says that something went wrong.
fn has_error(answer: &Answer) -> bool {
    let told = answer.json();
    told["error"].is_object() || told["result"]["isError"] == true
}

#[test]
fn what_the_server_logs_tells_of_no_token_and_of_no_user() {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), WORLD, &["idle"]);
    let mut command = of_home(&folder.path().join("home"));
    command.env("SANDTABLE_LOG", "trace").arg("serve").arg(folder.path().join("world"));
    command.arg("--save").arg(folder.path().join("save.db"));
    let mut on_air = OnAir::of(command, folder, &["--hz", "20"]);
    let said = on_air.said.take().unwrap();
    on_air.come_to(1);
    let more = ["--grant", "test:read", "--user", "a-user-of-ours"];
    let token = create(&on_air.home(), "a-name-of-ours", &more);
    on_air.as_of(&token, WORLD_AT);
    on_air.as_of(&token, &format!("{WORLD_AT}/ticks"));
    on_air.as_of("a-wrong-token-of-ours", WORLD_AT);
    on_air.post_as(TOKEN, "/api/v1/tokens", &json!({ "name": "a-payload-of-ours" }));
    on_air.get("/query?sql=SELECT%20'a-payload-of-ours'%20FROM%20nothing");
    for (method, params) in [
        ("tools/call", json!({ "name": "find", "arguments": { "where": "a-payload-of-ours" } })),
        ("resources/read", json!({ "uri": "sandtable://test/entities/a-payload-of-ours" })),
        ("a-payload-of-ours", json!({})),
    ] {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let token = format!("authorization: Bearer {token}");
        let own = ["content-type: application/json", "accept: application/json, text/event-stream"];
        let version = "mcp-protocol-version: 2025-06-18";
        let answer = on_air.request(
            "POST",
            "/mcp",
            &[&[token.as_str(), version], &own[..]].concat(),
            &call.to_string(),
        );
        assert!(has_error(&answer), "{method}: {}", String::from_utf8_lossy(&answer.body));
    }
    let link = on_air.link.split('=').nth(1).unwrap().to_owned();
    on_air.stop();
    let text = said.join().unwrap();
    assert!(text.contains("refused"), "something is logged: {text}");
    let secret = token.split('_').nth(2).unwrap();
    for word in [secret, TOKEN, "of-ours", &link] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}
