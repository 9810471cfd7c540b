//! Fuzz targets for what reads bytes from outside: whatever they are, they are
//! read or refused, and nothing panics, hangs or takes memory for a claim.
//!
//! With `cargo test` each target replays its corpus, in `__fuzz__` beside it, and
//! takes some new inputs; `BOLERO_RANDOM_ITERATIONS` sets how many, and
//! `cargo bolero test` goes on for ever. An input alters something that is whole,
//! for random bytes alone come no further than the first length. A decoder that
//! is added to a save has its target in `host/save/src/tests/fuzz.rs`.

use std::io::Cursor;

use bolero::check;

use sandtable_test_altered::altered;

use crate::catalog::{manifest, toml_text};
use crate::config::WorldConfig;
use crate::ecs::{
    Field, Kind, OnDespawn, Role, Storage, Type, canonical_field, canonical_packed,
    canonical_value, from_json, to_json,
};
use crate::pack::{public_key, signature};

fn kind(storage: Storage, fields: &[(&str, &str)]) -> Kind {
    let mut size = 0;
    let fields = fields.iter().map(|(name, ty)| {
        let ty = Type::parse(ty).expect("a type");
        let offset = size;
        size += ty.packed_layout().filter(|_| storage == Storage::Packed).map_or(0, |it| it.0);
        Field { name: (*name).to_owned(), ty, offset }
    });
    let fields = fields.collect();
    let name = "test/Fuzzed".to_owned();
    Kind::new(name, Role::Component, storage, size, fields, OnDespawn::Detach).expect("a kind")
}

#[test]
fn messagepack() {
    let kind = kind(
        Storage::Dynamic,
        &[
            ("text", "string"),
            ("mood", "option<Calm | Angry(u8)>"),
            ("friends", "list<entity>"),
            ("deep", "list<list<option<list<i16>>>>"),
            ("fixed", "[f32; 3]"),
            ("number", "i64"),
        ],
    );
    let value = serde_json::json!({
        "text": "two words", "mood": {"Angry": {"0": 3}}, "friends": [1, 4294967296_u64],
        "deep": [[[1, -300], null], []], "fixed": [0.5, 1.0, -2.0], "number": -9000000000_i64,
    });
    let whole = vec![from_json(&kind, &value).expect("fits")];
    check!().with_iterations(20_000).with_max_len(64).for_each(|input: &[u8]| {
        let bytes = altered(&whole, input);
        let mut canonical = Vec::new();
        let mut rest = &bytes[..];
        if canonical_value(&kind, &mut rest, &mut canonical, &mut Ok).is_ok() {
            let mut again = Vec::new();
            canonical_value(&kind, &mut &canonical[..], &mut again, &mut Ok).expect("canonical");
            assert_eq!(again, canonical);
            let shown = to_json(&kind, &canonical);
            assert_eq!(from_json(&kind, &shown).as_ref(), Ok(&canonical), "{shown}");
        }
        for field in &kind.fields {
            let _ = canonical_field(&field.ty, &bytes, &mut Ok);
        }
    });
}

#[test]
fn packed_rows() {
    let kind = kind(Storage::Packed, &[("at", "[f32; 2]"), ("mass", "f64"), ("who", "entity")]);
    check!().with_iterations(2_000).with_max_len(256).for_each(|input: &[u8]| {
        let mut rows = input[..input.len() / kind.size * kind.size].to_vec();
        canonical_packed(&kind, &mut rows, &mut Ok).expect("all entities may be named");
        let once = rows.clone();
        canonical_packed(&kind, &mut rows, &mut Ok).expect("as before");
        assert_eq!(rows, once);
    });
}

#[test]
fn types_of_declarations() {
    let whole = ["[[f32; 3]; 4]", "option<Calm | Angry(u8) | Odd { a: list<string> }>", "entity"];
    let whole: Vec<Vec<u8>> = whole.iter().map(|text| text.as_bytes().to_vec()).collect();
    check!().with_iterations(5_000).with_max_len(64).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(&altered(&whole, input)).into_owned();
        if let Ok(ty) = Type::parse(&text) {
            assert_eq!(Type::parse(&ty.to_string()).as_ref(), Ok(&ty), "{text}");
            for storage in [Storage::Packed, Storage::Dynamic] {
                let size = ty.packed_layout().map_or(0, |layout| layout.0);
                let fields = vec![Field { name: "a".to_owned(), ty: ty.clone(), offset: 0 }];
                let name = "test/Fuzzed".to_owned();
                let role = Role::Component;
                let _ = Kind::new(name, role, storage, size, fields, OnDespawn::Detach);
            }
        }
    });
}

const MANIFEST: &str = "id = \"chronicle\"\nversion = \"0.1.0\"\ninterface = \"0.1.0\"\n\
    [dependencies]\ngeography = \"0.1\"\neconomy = { version = \">=0.1, <3\", optional = true }\n\
    [asks]\nread = [\"geography/*\", \"economy__trades\"]\n[limits]\nfuel = 7\n";
const WORLD: &str = "[world]\nname = \"islands\"\nseed = 1\ndt_seconds = 1.0\n\
    [durability]\nmode = \"every-tick\"\n[mods.motion]\npath = \"mods/motion\"\n\
    [mods.motion.grants]\nread = [\"a/*\"]\n[mods.motion.limits]\nfuel = 100\n[trust]\nkeys = []\n";

#[test]
fn manifests_and_worlds() {
    let whole = [MANIFEST.as_bytes().to_vec(), WORLD.as_bytes().to_vec()];
    check!().with_iterations(5_000).with_max_len(64).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(&altered(&whole, input)).into_owned();
        if let Err(complaint) = manifest::parse(&text, "chronicle") {
            assert!(!toml_text::told("mod.toml", &text, complaint).is_empty());
        }
        match toml_text::parse::<WorldConfig>(&text) {
            Ok(config) => drop(crate::catalog::check(&config)),
            Err(complaint) => assert!(!toml_text::told("world.toml", &text, complaint).is_empty()),
        }
    });
}

#[test]
fn signatures() {
    let pair = minisign::KeyPair::generate_unencrypted_keypair().expect("keys");
    let signed = minisign::sign(Some(&pair.pk), &pair.sk, Cursor::new(b"pack"), None, None);
    let signed = signed.expect("signed").into_string();
    let whole = [signed.into_bytes(), pair.pk.to_base64().into_bytes()];
    check!().with_iterations(5_000).with_max_len(64).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(&altered(&whole, input)).into_owned();
        let _ = public_key(&text);
        if let Some(signature) = signature(&text) {
            let _ =
                minisign::verify(&pair.pk, &signature, Cursor::new(b"pack"), true, false, false);
        }
    });
}
