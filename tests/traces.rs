//! Spans arrive at a collector of OpenTelemetry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::harness::*;

/// Takes what is posted: where to, and what.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, taken) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, send) = (stream.unwrap(), send.clone());
            thread::spawn(move || {
                while let Some(posted) = posted(&stream) {
                    send.send(posted).unwrap();
                }
            });
        }
    });
    (address, taken)
}

/// One request; nothing at the end.
fn posted(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some((first, body))
}

/// How often a text is in bytes.
fn count(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|it| *it == text.as_bytes()).count()
}

#[test]
fn every_tick_stage_and_system_is_a_span() {
    let folder = tempfile::tempdir().unwrap();
    write_world(&folder.path().join("world"), WORLD, &["citizens"]);
    let (address, taken) = collector();
    let run = |threads: &str, save: &str| {
        let mut command = sandtable();
        command.arg("run").arg(folder.path().join("world")).args(["--ticks", "5", "--json"]);
        command.arg("--save").arg(folder.path().join(save)).args(["--threads", threads]);
        command
    };
    let plain = told(&mut run("2", "plain.db"));
    for (threads, save) in [("1", "one.db"), ("2", "two.db")] {
        let told = told(run(threads, save).env("OTEL_EXPORTER_OTLP_ENDPOINT", &address));
        let hash =
            |told: &str| serde_json::from_str::<serde_json::Value>(told).unwrap()["hash"].clone();
        assert_eq!(hash(&told), hash(&plain), "the world is the same");
        let mut sent = Vec::new();
        for (first, body) in taken.try_iter() {
            assert_eq!(first.trim_end(), "POST /v1/traces HTTP/1.1");
            sent.extend(body);
        }
        // Each name is a text in what is sent.
        for stage in ["inputs", "systems", "deferred", "hash", "history", "commit"] {
            let name = format!("\u{2a}{}{stage}", char::from(stage.len() as u8));
            assert!(count(&sent, &name) >= 5, "{stage}, {threads} threads: {}", sent.len());
        }
        assert_eq!(count(&sent, "\u{2a}\u{4}tick"), 5, "{threads} threads");
        assert_eq!(count(&sent, "citizens/earn"), 5, "{threads} threads");
    }
}
