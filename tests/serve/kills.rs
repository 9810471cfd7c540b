//! The host is killed between accepting an input and answering: under its key it counts
//! once, however often it has to be sent.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::*;

/// As many as the gate wants; a few where a person waits.
fn kills() -> u64 {
    if std::env::var_os("SANDTABLE_TEST_ALL").is_some() { 200 } else { 10 }
}

fn request(on_air: &OnAir, number: u64) -> String {
    let body = format!("{{\"input\": \"picky/Order\", \"value\": {{\"number\": {number}}}}}");
    format!(
        "POST /api/v1/worlds/test/inputs HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\nidempotency-key: order-{number}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        on_air.host(),
        body.len()
    )
}

#[test]
fn an_input_under_a_key_counts_once_over_many_kills() {
    let mut on_air = OnAir::with(&["picky"], &["--hz", "200"]);
    on_air.come_to(2);
    let kills = kills();
    for number in 1..=kills {
        // It is killed a little later each time: before it reads, in the tick, after it.
        let mut stream = TcpStream::connect(on_air.host()).unwrap();
        stream.write_all(request(&on_air, number).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_micros(number * 7919 % 15_000));
        on_air.child.kill().unwrap();
        on_air.child.wait().unwrap();
        let folder = std::mem::replace(&mut on_air.folder, tempfile::tempdir().unwrap());
        on_air = OnAir::again(folder, &["--hz", "200"]);
        let answer = on_air.raw(&request(&on_air, number));
        assert_eq!(answer.status, 200, "{}", answer.json());
        assert_eq!(answer.json()["state"], "done");
    }
    let folder = on_air.stop();
    let save = folder.path().join("save.db");
    let counted = "SELECT count(*) AS n, count(DISTINCT payload) AS d FROM inputs";
    let said = told(sandtable().arg("sql").arg(&save).args(["--format", "json", counted]));
    let counted: Json = serde_json::from_str(&said).unwrap();
    assert_eq!(counted[0], json!({ "n": kills, "d": kills }), "each counts once");
    let verified = told(sandtable().arg("verify").arg(&save));
    assert!(verified.contains("all as recorded"), "{verified}");
}
