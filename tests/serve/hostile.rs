//! Requests that must not get through, kept as data in `hostile.txt`: each is refused
//! with the status that it names, and the server answers as before.

use super::trust::{WORLD_AT, create, of_home, of_world_with_tokens};
use super::*;

const ALL: &str = include_str!("hostile.txt");

/// A request, and what it is refused with.
struct Hostile {
    status: u16,
    request: Vec<u8>,
    text: String,
}

/// What the test puts in place of names in braces.
struct Names(Vec<(String, String)>);

impl Names {
    fn in_place(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.0 {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        // `{a*9000}` is so many of a letter.
        let mut from = 0;
        while let Some(begin) = text[from..].find('{').map(|it| it + from) {
            let inner = text[begin + 1..].split('}').next().unwrap_or_default().to_owned();
            let many = inner.split_once('*').and_then(|(letter, count)| {
                let count: usize = count.parse().ok()?;
                (letter.chars().count() == 1).then(|| letter.repeat(count))
            });
            from = begin + 1;
            if let Some(many) = many {
                text.replace_range(begin..begin + inner.len() + 2, &many);
                from = begin + many.len();
            }
        }
        text
    }
}

/// Bytes of a text in which `\xNN` is a byte.
fn bytes(text: &str) -> Vec<u8> {
    let mut all = Vec::new();
    let mut parts = text.split("\\x");
    all.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        all.push(u8::from_str_radix(&part[..2], 16).unwrap());
        all.extend(part[2..].bytes());
    }
    all
}

fn read(names: &Names) -> Vec<Hostile> {
    let blocks = ALL.split("\n\n").filter(|block| !block.trim_start().starts_with('#'));
    let blocks = blocks.filter(|block| !block.trim().is_empty());
    blocks.map(|block| one(block, names)).collect()
}

fn one(block: &str, names: &Names) -> Hostile {
    let mut lines = block.trim_matches('\n').split('\n');
    let first = lines.next().unwrap();
    let (status, asked) = first.split_once(' ').unwrap();
    let (sent, headers): (Vec<&str>, Vec<&str>) = lines.partition(|it| it.starts_with('>'));
    let sent = sent.iter().map(|line| line.strip_prefix("> ").unwrap_or(""));
    let sent = sent.collect::<Vec<_>>().join("\r\n");
    let status = status.parse().unwrap();
    if asked == "raw" {
        let request = bytes(&names.in_place(&sent));
        return Hostile { status, request, text: block.to_owned() };
    }
    let body = bytes(&names.in_place(&sent));
    let mut head = format!("{asked} HTTP/1.1\r\nconnection: close\r\n");
    for (name, usual) in [("host", "{host}"), ("authorization", "Bearer {token}")] {
        let is_own =
            |line: &&str| line.starts_with(&format!("{name}:")) || **line == format!("-{name}");
        if !headers.iter().any(is_own) {
            head.push_str(&format!("{name}: {usual}\r\n"));
        }
    }
    for header in headers.iter().filter(|it| !it.starts_with('-')) {
        head.push_str(&format!("{header}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let mut request = bytes(&names.in_place(&format!("{head}\r\n")));
    request.extend(body);
    Hostile { status, request, text: block.to_owned() }
}

/// The status of the answer; none where the server hangs up without one. What does not
/// fit the server's patience is not read to its end.
fn status(host: &str, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    // It may have answered, and hung up, before all is sent.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
        if answer.windows(2).any(|it| it == b"\r\n") {
            break;
        }
    }
    let line = String::from_utf8_lossy(&answer).into_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok())
}

#[test]
fn none_of_the_hostile_requests_gets_through() {
    let on_air = of_world_with_tokens(&crate::questions::text(), &["citizens"]);
    on_air.come_to(4);
    let home = on_air.home();
    let expired = create(&home, "expired", &["--grant", "test:*", "--expires", "1s"]);
    let revoked = create(&home, "revoked", &["--grant", "test:*"]);
    told(of_home(&home).args(["token", "revoke", "revoked"]));
    let reader = create(&home, "reader", &["--grant", "test:read"]);
    let admin = create(&home, "admin", &["--grant", "host:admin", "--grant", "test:read"]);
    let elsewhere = create(&on_air.folder.path().join("elsewhere"), "x", &["--grant", "*:*"]);
    wait_until("it expires", || on_air.as_of(&expired, WORLD_AT).status == 401);
    let typo =
        format!("{}{}", &reader[..reader.len() - 1], if reader.ends_with('0') { 1 } else { 0 });
    let host = on_air.host().to_owned();
    let names = [
        ("host", host.as_str()),
        ("port", host.rsplit(':').next().unwrap()),
        ("token", TOKEN),
        ("revoked", &revoked),
        ("expired", &expired),
        ("elsewhere", &elsewhere),
        ("typo", &typo),
        ("reader", &reader),
        ("admin", &admin),
    ];
    let names = Names(names.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
    let all = read(&names);
    assert!(all.len() >= 200, "{}", all.len());
    let before = on_air.as_of(TOKEN, "/api/v1/tokens").json();
    let mut wrong = Vec::new();
    for hostile in &all {
        let found = status(&host, &hostile.request);
        if found.unwrap_or(0) != hostile.status {
            wrong.push(format!("{found:?} for:\n{}\n", hostile.text));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert_eq!(on_air.as_of(TOKEN, "/api/v1/tokens").json(), before, "no token was made");
    assert_eq!(on_air.as_of(&reader, &format!("{WORLD_AT}/entities/0v1")).status, 200);
    on_air.come_to(on_air.tick() + 1);
    assert_eq!(on_air.as_of(TOKEN, "/api/v1/audit").json()["broken_at"], Json::Null);
    let folder = on_air.stop();
    told(sandtable().arg("verify").arg(folder.path().join("save.db")));
}
