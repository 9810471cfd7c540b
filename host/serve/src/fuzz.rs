//! Fuzz targets for what requests carry: whatever it is, it is read or refused, and
//! nothing panics. What stands for itself in `host/src/fuzz.rs` stands for these too.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use bolero::check;
use sandtable::ecs::{Field, Kind, OnDespawn, Registry, Role, Stamp, Storage, Type, World};
use sandtable::edit::Edit;

use super::at::At;
use super::cursor::Cursor;
use super::hosts::{Hosts, Origin};
use super::operations::{condition_of, one};
use super::rights::{Grant, Grants};
use super::router::{parameters, places};
use super::trust::TokenText;

fn world() -> World {
    let mut registry = Registry::default();
    let fields = ["string", "f64", "option<u8>", "entity"].into_iter().enumerate();
    let fields = fields.map(|(at, ty)| Field {
        name: format!("f{at}"),
        ty: Type::parse(ty).expect("a type"),
        offset: 0,
    });
    let (name, fields) = ("a/B".to_owned(), fields.collect());
    let kind = Kind::new(name, Role::Component, Storage::Dynamic, 0, fields, OnDespawn::Detach);
    registry.add(kind.expect("a kind"));
    let mut world = World::new(64);
    world.registry = registry.into();
    world
}

#[test]
fn ticks() {
    check!().with_iterations(20_000).with_type::<String>().for_each(|text| {
        if let Ok(at) = At::parse(text) {
            assert_eq!(At::parse(&at.to_string()), Ok(at));
        }
    });
}

#[test]
fn cursors() {
    let secret = [7; 32];
    let whole = Cursor { at: "12~6db9a168".to_owned(), after: 100 }.seal("with=3:a/B;", &secret);
    check!().with_iterations(20_000).with_type::<(usize, u8, String)>().for_each(
        |(place, byte, more)| {
            let mut altered = whole.clone().into_bytes();
            let place = place % altered.len();
            altered[place] ^= byte;
            altered.extend(more.bytes());
            let altered = String::from_utf8_lossy(&altered);
            let is_same = altered == whole;
            assert_eq!(Cursor::open(&altered, "with=3:a/B;", &secret).is_ok(), is_same);
            assert!(Cursor::open(more, "with=3:a/B;", &secret).is_err());
        },
    );
}

#[test]
fn filters() {
    let world = world();
    check!().with_iterations(20_000).with_type::<(u8, String)>().for_each(|(at, text)| {
        let _ = condition_of(&world, text);
        let parted =
            format!("a/B.f{}:{}:{text}", at % 5, ["eq", "lt", "has", ""][usize::from(at % 4)]);
        let is_one = at % 5 < 4 && at % 4 < 3;
        assert_eq!(condition_of(&world, &parted).is_ok(), is_one, "{parted}");
    });
}

#[test]
fn addresses() {
    check!().with_iterations(20_000).with_type::<String>().for_each(|text| {
        let _ = parameters(text);
        let _ = places("/worlds/{world}/entities/{entity}", text);
    });
}

#[test]
fn lines_of_inputs() {
    check!().with_iterations(20_000).with_type::<String>().for_each(|text| {
        for line in text.lines() {
            let json = serde_json::from_str(line).map_err(|error| error.to_string());
            if let Ok(sent) = json.and_then(one) {
                assert!(sent.input.len() <= line.len());
            }
        }
    });
}

#[test]
fn edits() {
    let world = world();
    let whole = r#"{"operations":[{"op":"spawn","as":"x","components":{"a/B":{"f0":"","f1":0.0,"f2":null,"f3":"0v1"}}},{"op":"set","entity":"x","component":"a/B","value":{"f1":1}}],"expects":[{"entity":"0v1","digest":"00"}]}"#;
    check!().with_iterations(20_000).with_type::<(usize, char, String)>().for_each(
        |(place, letter, more)| {
            let mut altered: Vec<char> = whole.chars().collect();
            let place = place % altered.len();
            altered[place] = *letter;
            let altered: String = altered.into_iter().collect();
            for text in [&altered, more] {
                let Ok(json) = serde_json::from_str(text) else { continue };
                let Ok(edit) = Edit::parse(&json) else { continue };
                let again = serde_json::from_str(&edit.text()).expect("JSON");
                assert_eq!(Edit::parse(&again), Ok(edit.clone()));
                let _ = world.edited(&edit, Stamp::commands(0));
            }
        },
    );
}

#[test]
fn tokens() {
    let whole = TokenText::draw().expect("random numbers").reveal();
    check!().with_iterations(20_000).with_type::<(usize, u8, String)>().for_each(
        |(place, byte, more)| {
            let _ = TokenText::parse(more);
            let mut altered = whole.clone().into_bytes();
            let place = place % altered.len();
            altered[place] ^= byte;
            let altered = String::from_utf8_lossy(&altered);
            assert_eq!(TokenText::parse(&altered).is_ok(), altered == whole);
            assert!(TokenText::parse(&format!("{whole}{more}")).is_ok() == more.is_empty());
        },
    );
}

#[test]
fn grants() {
    check!().with_iterations(20_000).with_type::<(String, u8)>().for_each(|(text, at)| {
        let scopes = ["read", "send:a/B", "read:a/*", "*", "admin", ""];
        let text = format!("{text}:{}", scopes[usize::from(*at) % scopes.len()]);
        if let Ok(grant) = Grant::parse(&text) {
            assert_eq!(grant.to_string(), text);
            let grants = Grants::parse([text.as_str()]).expect("it is one");
            assert!(grants.lack(&grants).is_none(), "it covers itself");
        }
    });
}

#[test]
fn hosts() {
    let proxy: Origin = "https://worlds.example".parse().expect("an origin");
    let hosts = Hosts::of(([127, 0, 0, 1], 7878).into(), &[proxy]);
    check!().with_iterations(20_000).with_type::<(Vec<u8>, String)>().for_each(|(host, origin)| {
        let _ = origin.parse::<Origin>();
        let mut headers = HeaderMap::new();
        let Ok(host) = HeaderValue::from_bytes(host) else { return };
        headers.insert(header::HOST, host);
        assert!(hosts.check(&Uri::from_static("/"), &headers).is_err());
        headers.insert(header::HOST, HeaderValue::from_static("worlds.example"));
        assert!(hosts.check(&Uri::from_static("/"), &headers).is_ok());
        if let Ok(origin) = HeaderValue::from_str(origin) {
            headers.insert(header::ORIGIN, origin);
            assert!(hosts.check(&Uri::from_static("/"), &headers).is_err());
        }
    });
}
