//! A world that is paused, stepped and set to another speed while it is served.

use serde_json::{Value as Json, json};

use super::{Answer, JSON, OnAir, TOKEN};
use crate::harness::*;

fn send(on_air: &OnAir, path: &str, headers: &[&str], body: &str) -> Answer {
    let token = format!("authorization: Bearer {TOKEN}");
    let headers = [&[token.as_str(), JSON], headers].concat();
    on_air.request("POST", &format!("/api/v1/worlds/test{path}"), &headers, body)
}

fn told(on_air: &OnAir, path: &str, body: &Json) -> Json {
    let answer = send(on_air, path, &["prefer: wait=60"], &body.to_string());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

#[test]
fn a_world_stands_still_does_some_ticks_and_goes_on() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    on_air.come_to(2);
    let paused = told(&on_air, "/run", &json!({ "paused": true }));
    assert_eq!((&paused["paused"], &paused["hz"]), (&json!(true), &json!(50.0)));
    // The tick that was under way at most.
    let stepped = told(&on_air, "/run/step", &json!({ "ticks": 1 }))["tick"].as_u64().unwrap();
    let more = told(&on_air, "/run/step", &json!({ "ticks": 25 }));
    assert_eq!((&more["tick"], &more["steps"]), (&json!(stepped + 25), &json!(0)));
    assert_eq!(on_air.tick(), stepped + 25);
    // All else is answered as ever.
    assert_eq!(on_air.ask("/entities/0v1?at=2")["components"]["citizens/Wealth"]["gold"], 10);
    assert_eq!(on_air.ask("/query?sql=SELECT%201%20AS%20n")["rows"], json!([{ "n": 1 }]));
    assert_eq!(on_air.ask("/run")["lag_seconds"], 0.0, "a pause is not late");
    let slow = told(&on_air, "/run", &json!({ "hz": 0.001 }));
    assert_eq!((&slow["paused"], &slow["hz"]), (&json!(true), &json!(0.001)));
    // The first tick after a pause is due at once, and the next one far away.
    told(&on_air, "/run", &json!({ "paused": false }));
    on_air.come_to(stepped + 26);
    let fast = told(&on_air, "/run", &json!({ "hz": 500 }));
    assert_eq!((&fast["paused"], &fast["hz"]), (&json!(false), &json!(500.0)));
    on_air.come_to(stepped + 60);
    let folder = on_air.stop();
    assert_eq!(names_in(folder.path()), ["save.db", "world"]);
    crate::harness::told(sandtable().arg("verify").arg(folder.path().join("save.db")));
}

#[test]
fn a_world_that_stands_still_ends_at_once() {
    let on_air = OnAir::with(&["idle"], &["--hz", "0.000001"]);
    on_air.come_to(1);
    told(&on_air, "/run", &json!({ "paused": true }));
    let folder = on_air.stop();
    assert_eq!(names_in(folder.path()), ["save.db", "world"]);
}

#[test]
fn steps_that_are_not_waited_for_are_done_all_the_same_and_a_pause_ends_them() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "50"]);
    told(&on_air, "/run", &json!({ "paused": true }));
    let from = told(&on_air, "/run/step", &json!({}))["tick"].as_u64().unwrap();
    assert_eq!(send(&on_air, "/run/step", &[], r#"{"ticks": 3}"#).status, 202);
    on_air.come_to(from + 3);
    assert_eq!(send(&on_air, "/run/step", &[], r#"{"ticks": 1000000}"#).status, 202);
    on_air.come_to(from + 5);
    assert_eq!(told(&on_air, "/run", &json!({ "paused": true }))["steps"], 0);
    let next = told(&on_air, "/run/step", &json!({ "ticks": 2 }))["tick"].as_u64().unwrap();
    assert!(next < from + 100_000, "{next}");
}

#[test]
fn what_is_not_understood_changes_nothing() {
    let on_air = OnAir::with(&["idle"], &["--hz", "50"]);
    on_air.come_to(1);
    for (path, body, why) in [
        ("/run", "", "the body is not understood: "),
        ("/run", r#"{"paused": "yes"}"#, "the body is not understood: "),
        ("/run", r#"{"pause": true}"#, "the body is not understood: unknown field `pause`"),
        ("/run", r#"{"hz": -1}"#, "`hz` is -1: give a number from "),
        ("/run", r#"{"paused": true, "hz": 10000000}"#, "`hz` is 10000000: give"),
        ("/run/step", r#"{"ticks": 0}"#, "`ticks` is 0: give a number from 1 to 1000000"),
        ("/run/step", r#"{"ticks": -1}"#, "the body is not understood: "),
        ("/run/step", r#"{"ticks": 1000001}"#, "`ticks` is 1000001: give"),
    ] {
        let answer = send(&on_air, path, &[], body);
        let said = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(answer.status == 422 && said.starts_with(why), "{body}: {} {said}", answer.status);
    }
    let run = on_air.ask("/run");
    assert_eq!((&run["paused"], &run["hz"]), (&json!(false), &json!(50.0)));
    let one = send(&on_air, "", &[], "");
    assert_eq!((one.status, one.header("allow")), (405, "DELETE,GET,HEAD"));
    let token = format!("authorization: Bearer {TOKEN}");
    let gone = on_air.request("DELETE", "/api/v1/worlds/test", &[&token], "");
    assert_eq!(gone.status, 409, "it is no folder");
}

/// A world that goes as fast as it can is paced like any other.
#[test]
fn a_world_without_a_speed_can_be_given_one() {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), WORLD, &["idle"]);
    let mut command = sandtable();
    command.arg("run").arg(folder.path().join("world"));
    command.arg("--save").arg(folder.path().join("save.db"));
    command.args(["--serve", "127.0.0.1:0"]);
    let on_air = OnAir::started(command, folder);
    assert_eq!(on_air.ask("/run")["hz"], 0.0);
    told(&on_air, "/run", &json!({ "paused": true }));
    let tick = told(&on_air, "/run/step", &json!({ "ticks": 2 }))["tick"].as_u64().unwrap();
    assert_eq!(told(&on_air, "/run/step", &json!({}))["tick"], tick + 1);
    told(&on_air, "/run", &json!({ "paused": false, "hz": 0 }));
    on_air.come_to(tick + 50);
    on_air.stop();
}
