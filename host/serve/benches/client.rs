//! A client with few wishes: requests over connections that stay open, and what they
//! took.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What every request carries.
pub const TOKEN: &str = "bench";

/// A connection.
pub struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

/// What some requests took, the shortest first.
pub struct Took(Vec<Duration>);

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { address, stream: BufReader::new(stream) }
    }

    /// Asks, and reads the whole answer, which must be one.
    pub fn get(&mut self, path: &str) -> Vec<u8> {
        self.send("GET", path, "")
    }

    /// As [`Client::get`], with a body.
    pub fn post(&mut self, path: &str, body: &str) -> Vec<u8> {
        self.send("POST", path, body)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("it is sent");
        let (mut line, mut length, mut is_good) = (String::new(), 0, false);
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line).expect("it answers");
            let small = line.to_ascii_lowercase();
            is_good |= small.starts_with("http/1.1 200");
            if let Some(value) = small.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        assert!(is_good, "{path}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// Asks for a stream, and gives what it is read from.
    pub fn stream(address: SocketAddr, path: &str, last: Option<&str>) -> BufReader<TcpStream> {
        let mut client = Self::new(address);
        let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.0\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n{last}\r\n"
        );
        client.stream.get_mut().write_all(request.as_bytes()).expect("it is sent");
        client.stream
    }
}

impl Took {
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort();
        Self(all)
    }

    /// Those of several.
    pub fn together(all: Vec<Self>) -> Self {
        Self::new(all.into_iter().flat_map(|took| took.0).collect())
    }

    pub fn quantile(&self, share: f64) -> Duration {
        let at = (share * self.0.len().saturating_sub(1) as f64).round() as usize;
        self.0.get(at).copied().unwrap_or_default()
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Asks from some connections at once for a while.
pub fn load(address: SocketAddr, clients: usize, path: &str, during: Duration) -> Took {
    let client = || {
        let mut client = Client::new(address);
        let (began, mut took) = (Instant::now(), Vec::new());
        while began.elapsed() < during {
            let asked = Instant::now();
            client.get(path);
            took.push(asked.elapsed());
        }
        took
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        let all = clients.into_iter().flat_map(|it| it.join().expect("a client"));
        Took::new(all.collect())
    })
}
