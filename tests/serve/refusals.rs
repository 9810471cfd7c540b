//! What is refused, and what a request may not take.

use serde_json::json;

use super::{OnAir, TOKEN};
use crate::harness::*;

#[test]
fn a_bad_request_is_told_in_one_sentence_what_to_do() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(4);
    let cases = [
        ("/entities?limit=0", 400, "`limit` is 0: give 1 to 10000"),
        ("/entities?limit=x", 400, "`limit` is `x`: give a whole number"),
        ("/entities?colour=red", 400, "`colour` is no parameter of this"),
        ("/entities?limit=1&limit=2", 400, "`limit` is given twice"),
        ("/entities?with=citizens/Nothing", 400, "names `citizens/Nothing`, which is no component"),
        ("/entities?where=citizens/Wealth.gold:near:3", 400, "give mod/Kind.field:op:value"),
        ("/entities?where=citizens/Wealth.silver:eq:3", 400, "names the field `silver`"),
        ("/entities?select=citizens/Knows", 400, "which is no component"),
        ("/entities?cursor=1.3~00000000.7.abc", 400, "take the first page again"),
        ("/entities?at=-1", 400, "give a tick"),
        ("/entities?at=99999999", 404, "is still to come"),
        ("/entities/99v1", 404, "no entity `99v1` is alive"),
        ("/entities/Twin?at=2", 404, "no entity `Twin`"),
        ("/entities/..%2F..%2Fetc", 404, "no entity `../../etc`"),
        ("/entities/0v1/history", 400, "`component` is missing"),
        ("/entities/0v1/history?component=citizens/Nothing", 404, "citizens/Nothing"),
        ("/query", 400, "`sql` is missing"),
        ("/query?sql=DELETE%20FROM%20entities", 400, ""),
        ("/query?sql=SELECT%20*%20FROM%20nothing", 400, "nothing"),
        ("/query?sql=SELECT%201;SELECT%202", 400, ""),
        ("/query?sql=ATTACH%20'x.db'%20AS%20x", 400, ""),
        ("/query?sql=PRAGMA%20user_version=9", 400, ""),
        ("/query?sql=SELECT%20zeroblob(900000000)", 400, "too big"),
        ("/query?sql=SELECT%20printf('%25.*c',9000000,'x')", 400, "too big"),
        ("/query?format=xml&sql=SELECT%201", 400, "give json, ndjson, csv or msgpack"),
        ("/series?sql=SELECT%201&every=0", 400, "give 1 or more"),
        ("/changes?kind=citizens/Settled", 404, "no component, relation or resource"),
        ("/changes?entity=99999v1", 404, "never had an entity"),
        ("/changes?from=999999", 404, "is still to come"),
        ("/stream?events=citizens/Wealth", 400, "which is no event or input"),
        ("/stream?changes=citizens/None", 400, "which is no component, relation or resource"),
        ("/nothing", 404, "there is nothing at this address"),
        ("/%ff", 404, ""),
    ];
    for (path, status, words) in cases {
        let answer = on_air.get(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words) && !detail.contains('\n'), "{path}: {detail}");
        let kind = problem["type"].as_str().unwrap();
        assert_eq!(on_air.request("GET", kind, &[], "").status, 200, "{kind} has a page");
    }
    let token = format!("authorization: Bearer {TOKEN}");
    let path = "/api/v1/worlds/test/kinds";
    let status = |method, path, headers: &[&str]| on_air.request(method, path, headers, "").status;
    assert_eq!(status("GET", path, &[]), 401);
    assert_eq!(status("GET", path, &["authorization: Bearer wrong"]), 401);
    assert_eq!(status("GET", "/api/v1/worlds/other/kinds", &[&token]), 404);
    assert_eq!(status("POST", path, &[&token]), 405);
    assert_eq!(status("DELETE", path, &[&token]), 405);
    assert_eq!(status("GET", path, &[&token, "origin: http://evil.example"]), 403);
    assert_eq!(status("GET", path, &[&token, "sec-fetch-site: cross-site"]), 403);
    let elsewhere = format!(
        "GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n{token}\r\n\r\n"
    );
    assert_eq!(on_air.raw(&elsewhere).status, 403);
    on_air.come_to(on_air.tick() + 1);
}

#[test]
fn a_question_without_end_is_ended() {
    let on_air = OnAir::with(&["idle"], &["--hz", "20"]);
    on_air.come_to(1);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT count(*) FROM n";
    let answer =
        on_air.get(&format!("/query?sql={}", endless.replace(' ', "%20").replace('+', "%2B")));
    assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.json()["type"], "/problems/deadline");
    let series = on_air
        .ask(&format!("/series?every=1&sql={}", endless.replace(' ', "%20").replace('+', "%2B")));
    assert_eq!((series["truncated"].clone(), series["rows"].clone()), (true.into(), json!([])));
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let some = on_air
        .ask(&format!("/query?limit=10&sql={}", many.replace(' ', "%20").replace('+', "%2B")));
    assert_eq!(
        (some["truncated"].clone(), some["rows"].as_array().unwrap().len()),
        (true.into(), 10)
    );
}

#[test]
#[cfg(target_os = "linux")]
fn any_address_of_the_loopback_answers() {
    let on_air = OnAir::with(&["idle"], &["--listen", "127.0.0.2:0"]);
    assert!(on_air.link.starts_with("http://127.0.0.2:"));
    on_air.come_to(1);
}

#[test]
fn only_this_machine_is_served() {
    let folder = tempfile::tempdir().unwrap();
    write_world(folder.path(), WORLD, &["idle"]);
    let mut command = sandtable();
    command.arg("serve").arg(folder.path()).arg("--save").arg(folder.path().join("save.db"));
    let output = command.args(["--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("can be reached from other machines"), "{said}");
    assert!(said.contains("such as 127.0.0.1:7878"), "{said}");
}
