//! Many clients at once, slow ones and silent ones: the world goes on at its pace.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{OnAir, TOKEN};

/// Within what a process may have of files where it asks for no more.
const CLIENTS: usize = 400;

fn connected(on_air: &OnAir, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(on_air.host()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[test]
fn clients_that_never_read_or_never_ask_hold_up_no_other() {
    let on_air = OnAir::with(&["menagerie"], &["--hz", "100"]);
    on_air.come_to(2);
    let head = format!("host: {}\r\nauthorization: Bearer {TOKEN}\r\n\r\n", on_air.host());
    let asked = "/api/v1/worlds/test/stream?changes=*";
    let streams = || connected(&on_air, &format!("GET {asked} HTTP/1.1\r\n{head}"));
    let mut all: Vec<TcpStream> = (0..CLIENTS / 2).map(|_| streams()).collect();
    all.extend((0..CLIENTS / 2).map(|_| connected(&on_air, "GET /healthz HT")));
    let before = on_air.tick();
    on_air.come_to(before + 100);
    assert_eq!(on_air.get("/entities?select=*&limit=100").status, 200);
    // Each is told where the world stands, whenever it begins to read.
    for stream in &mut all[..CLIENTS / 2] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    let metrics =
        on_air.request("GET", "/metrics", &[&format!("authorization: Bearer {TOKEN}")], "");
    let metrics = String::from_utf8(metrics.body).unwrap();
    let clients = format!("sandtable_stream_clients{{world=\"test\"}} {}", CLIENTS / 2);
    assert!(metrics.contains(&clients), "{metrics}");
}
