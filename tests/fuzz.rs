//! Fuzz targets for files from outside; `host/src/fuzz.rs` says how they run.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bolero::check;
use sandtable::config::Limits;
use sandtable::guest::{Assets, Engine};
use sandtable::pack::{self, Keys, Pack};
use sandtable_test_altered::altered;

use crate::harness::*;
use crate::place::Place;

fn is_sentence(text: &str) -> bool {
    text.len() > 20 && text.len() < 4000
}

#[test]
fn components() {
    let engine = AssertUnwindSafe(Engine::new(true, 1).unwrap());
    let limits = Limits { fuel: 10_000_000, ..Limits::default() };
    let whole = [component("idle"), stamped(TWO_MEMORIES)];
    check!().with_iterations(500).with_max_len(16).for_each(|input: &[u8]| {
        let described = engine.load("fuzzed", &altered(&whole, input)).and_then(|code| {
            engine.describe("fuzzed", &code, &limits, Arc::new(Assets::default())).map(drop)
        });
        if let Err(error) = described {
            assert!(is_sentence(&error.to_string()), "{error}");
        }
    });
}

#[test]
fn packs() {
    let place = Place::with(WORLD, &["idle"]);
    let mods = vec![guest("idle")];
    let whole = [pack::write(&config(WORLD, &mods), &mods).unwrap()];
    check!().with_iterations(200).with_max_len(24).for_each(|input: &[u8]| {
        let bytes = altered(&whole, input);
        let path = place.at("fuzzed.pack");
        fs::write(&path, &bytes).unwrap();
        match Pack::read(&path, &Keys::default()) {
            Ok(_) => assert!(bytes == whole[0], "an altered pack was read"),
            Err(error) => assert!(is_sentence(&error.to_string()), "{error}"),
        }
    });
}
