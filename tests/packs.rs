//! Packs and slim saves: what is passed on runs on as it would have here, and
//! what is not trusted is refused before anything is written.

mod hostile;
mod zipped;

use std::fs;

use ct_codecs::{Base64, Encoder};
use minisign::{KeyPair, SignatureBox};
use sandtable::pack::{self, Keys, Pack};
use serde_json::Value as Json;

use crate::harness::*;
use crate::place::Place;

/// A folder with a world of `drift` that has an asset, and a pack of it.
fn packed(trust: &str) -> Place {
    let place = Place::with(&format!("{WORLD}{trust}"), &["drift"]);
    let text = fs::read_to_string(place.at("world.toml")).unwrap();
    place.write("world.toml", format!("{text}assets = \"more\"\n"));
    fs::create_dir(place.at("more")).unwrap();
    place.write("more/count", "20");
    told(&mut place.program(&["pack", ".", "-o", "w.pack"]));
    place
}

/// An empty folder on a path with spaces.
fn elsewhere() -> Place {
    Place(tempfile::Builder::new().prefix("a place with spaces ").tempdir().unwrap())
}

fn copy(from: &Place, to: &Place, names: &[&str]) {
    for name in names {
        fs::copy(from.at(name), to.at(name)).unwrap();
    }
}

/// Runs for some ticks; gives what `--json` says.
fn run_on(place: &Place, arguments: &[&str]) -> Json {
    let all = [&["run"], arguments, &["--ticks", "5", "--quiet", "--json"]].concat();
    let end: Json = serde_json::from_str(&told(&mut place.program(&all))).unwrap();
    assert_eq!(end["faults"], 0);
    end
}

fn run_refused(place: &Place, arguments: &[&str]) -> String {
    place.refusal(&[&["run"], arguments, &["--ticks", "5", "--quiet"]].concat())
}

/// What `mods --json` says.
fn mods(place: &Place, save: &str) -> Json {
    serde_json::from_str(&told(&mut place.program(&["mods", save, "--json"]))).unwrap()
}

#[test]
fn a_pack_is_the_same_to_the_byte_wherever_it_is_made() {
    let bytes = || fs::read(packed("").at("w.pack")).unwrap();
    let first = bytes();
    assert_eq!(first, bytes());
    let place = elsewhere();
    place.write("w.pack", &first);
    let pack = Pack::read(&place.at("w.pack"), &Keys::default()).unwrap();
    assert_eq!(pack.config.world.name, "test");
    assert_eq!(pack.mods[0].component, component("drift"));
    assert_eq!(pack.mods[0].assets["count"], b"20");
    assert_eq!(pack::write(&pack.config, &pack.mods).unwrap(), first);
}

#[test]
fn saves_and_packs_run_elsewhere_as_they_would_have_here() {
    let home = packed("");
    let start = run_on(&home, &[".", "--save", "whole.db"])["hash"].clone();
    run_on(&home, &[".", "--save", "slim.db", "--slim"]);
    let away = elsewhere();
    copy(&home, &away, &["whole.db"]);
    let pair = elsewhere();
    copy(&home, &pair, &["slim.db", "w.pack"]);
    let expected = run_on(&home, &[".", "--save", "whole.db"]);
    assert_eq!((&expected["tick"], &expected["entities"]), (&10.into(), &20.into()));

    assert_eq!(run_on(&away, &["--save", "whole.db"])["hash"], expected["hash"], "a save alone");
    assert_eq!(run_on(&pair, &["--save", "slim.db"])["hash"], expected["hash"], "and a slim one");
    let fresh = elsewhere();
    copy(&home, &fresh, &["w.pack"]);
    assert_eq!(run_on(&fresh, &["w.pack", "--save", "new.db"])["hash"], start, "from a pack");
    let on = run_on(&fresh, &["w.pack", "--save", "new.db"]);
    assert_eq!(on["hash"], expected["hash"], "going on with a pack");
    assert_eq!(run_on(&fresh, &["--save", "new.db"])["tick"], 15);
}

#[test]
fn a_slim_save_says_what_it_lacks_and_takes_it_back() {
    let home = packed("");
    run_on(&home, &[".", "--save", "s.db"]);
    let listed = mods(&home, "s.db");
    assert_eq!((&listed[0]["in_save"], &listed[0]["since_tick"]), (&true.into(), &1.into()));
    let size = |place: &Place| fs::metadata(place.at("s.db")).unwrap().len();
    let before = size(&home);
    told(&mut home.program(&["slim", "s.db"]));
    assert!(size(&home) < before, "the disk has its room back");

    let away = elsewhere();
    copy(&home, &away, &["s.db"]);
    let short = blake3::hash(&component("drift")).to_hex()[..12].to_owned();
    let lacks = format!(
        "s.db is slim and lacks its mods drift 0.1.0 ({short}): put a pack that has them beside \
         it, or run it with their world or pack"
    );
    assert_eq!(run_refused(&away, &["--save", "s.db"]), lacks);
    let mut slim = listed.clone();
    slim[0]["in_save"] = false.into();
    assert_eq!(mods(&away, "s.db"), slim, "everything else stays known");
    let table = told(&mut away.program(&["mods", "s.db"]));
    assert!(table.contains(&short) && table.contains("drift.wasm"), "{table}");
    told(&mut away.program(&["info", "s.db"]));

    // A pack with other mods is none of its mods.
    let other = Place::with(WORLD, &["idle"]);
    told(&mut other.program(&["pack", ".", "-o", "other.pack"]));
    copy(&other, &away, &["other.pack"]);
    assert_eq!(run_refused(&away, &["--save", "s.db"]), lacks);
    assert_eq!(away.refusal(&["embed", "s.db", "other.pack"]), lacks);
    fs::remove_file(away.at("other.pack")).unwrap();

    copy(&home, &away, &["w.pack"]);
    told(&mut away.program(&["embed", "s.db", "w.pack"]));
    fs::remove_file(away.at("w.pack")).unwrap();
    assert_eq!(mods(&away, "s.db"), listed);
    assert_eq!(run_on(&away, &["--save", "s.db"])["tick"], 10);
}

#[test]
fn a_slim_save_stays_slim_with_other_mods() {
    let home = packed("");
    run_on(&home, &[".", "--save", "s.db", "--slim"]);
    home.write("more/count", "7");
    run_on(&home, &[".", "--save", "s.db", "--accept-mods"]);
    let listed = mods(&home, "s.db");
    assert_eq!((&listed[0]["in_save"], &listed[0]["since_tick"]), (&false.into(), &1.into()));
    assert!(run_refused(&home, &["--save", "s.db"]).starts_with("s.db is slim and lacks"));
    assert!(run_refused(&home, &[".", "--save", "s.db", "--slim"]).starts_with("--slim is a "));
}

#[test]
fn what_a_pack_would_be_refused_for_is_not_packed() {
    for (name, contents, expected) in [
        ("a\\b", "x", "has a backslash in its name"),
        ("COUNT", "x", "differs from another file only by the case of letters"),
        ("more.zip", "PK\x03\x04", "is compressed or an archive"),
    ] {
        let place = packed("");
        fs::write(place.at("more").join(name), contents).unwrap();
        let refusal = place.refusal(&["pack", ".", "-o", "w.pack"]);
        assert!(
            refusal.starts_with("the world cannot be packed: \"mods/drift/assets/"),
            "{refusal}"
        );
        assert!(refusal.contains(expected), "{refusal}");
    }
    let place = packed("");
    place.write("drift.wasm", component("idle"));
    let refusal = place.refusal(&["pack", ".", "-o", "w.pack"]);
    assert!(refusal.starts_with("the world file loads mod `drift`, but"), "{refusal}");
    assert_eq!(
        place.refusal(&["pack", ".", "-o", "w.zip"]),
        "w.zip should end in `.pack`: rename it"
    );
}

/// A pair of keys; the secret one is in a file of this name, as minisign writes
/// it.
fn keys(place: &Place, name: &str, password: Option<&str>) -> String {
    const CHECKSUM_BYTES: usize = 32;
    let pair = match password {
        None => KeyPair::generate_unencrypted_keypair().unwrap(),
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())).unwrap(),
    };
    let mut secret = pair.sk.to_bytes();
    if password.is_none() {
        let start = secret.len() - CHECKSUM_BYTES;
        secret[start..].fill(0);
    }
    let text = Base64::encode_to_string(secret).unwrap();
    place.write(name, format!("untrusted comment: a key\n{text}\n"));
    pair.pk.to_base64()
}

#[test]
fn signatures_are_those_of_minisign() {
    let place = packed("");
    let unlocked = keys(&place, "plain.key", None);
    let locked = keys(&place, "locked.key", Some("open sesame"));
    for (file, key) in [("plain.key", &unlocked), ("locked.key", &locked)] {
        let mut sign = place.program(&["pack", ".", "-o", "w.pack", "--sign", file]);
        told(sign.env("SANDTABLE_KEY_PASSWORD", "open sesame"));
        let text = fs::read_to_string(place.at("w.pack.minisig")).unwrap();
        let signature = SignatureBox::from_string(&text).unwrap();
        assert!(signature.is_prehashed());
        let key = pack::public_key(key).unwrap();
        let bytes = std::io::Cursor::new(fs::read(place.at("w.pack")).unwrap());
        minisign::verify(&key, &signature, bytes, true, false, false).unwrap();
    }
    place.write("no.key", "hello\nworld\n");
    for (file, password) in [("no.key", ""), ("locked.key", "wrong")] {
        let mut sign = place.program(&["pack", ".", "-o", "x.pack", "--sign", file]);
        let output = sign.env("SANDTABLE_KEY_PASSWORD", password).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(&format!("error: the key {file} cannot be used (")), "{error}");
        assert!(!place.at("x.pack").exists());
    }
}

#[test]
fn a_world_that_trusts_a_key_takes_no_pack_from_others() {
    let trusted = Place(tempfile::tempdir().unwrap());
    let key = keys(&trusted, "k.key", None);
    let other = keys(&trusted, "o.key", None);
    let trust = format!("[trust]\nkeys = [\"{key}\"]\n");
    let place = packed(&trust);
    let by_command = packed("");
    let with_save = packed("");
    // One save of a world that trusts the key, and packs of one that does not.
    copy(&by_command, &with_save, &["w.pack"]);
    told(&mut place.program(&["run", ".", "--save", "s.db", "--ticks", "1", "-q"]));
    copy(&place, &with_save, &["s.db"]);
    for (place, arguments) in [
        (&place, &["w.pack", "--save", "new.db"][..]),
        (&by_command, &["w.pack", "--save", "new.db", "--trust", &key]),
        (&with_save, &["w.pack", "--save", "s.db"]),
    ] {
        let whole = fs::read(place.at("w.pack")).unwrap();
        let refused = |expected: &str| {
            let refusal = run_refused(place, arguments);
            let start = format!("w.pack is not trusted: {expected}");
            assert!(refusal.starts_with(&start), "`{refusal}` says `{expected}`");
        };
        refused(&format!(
            "there is no signature w.pack.minisig beside it, and only packs signed with {key} are"
        ));
        place.write("w.pack.minisig", "trust me\n");
        refused("w.pack.minisig is no signature of minisign; get it again");
        let sign = |file: &str| {
            let no_password = || None;
            let text = pack::sign("w.pack", &whole, &trusted.at(file), no_password).unwrap();
            place.write("w.pack.minisig", text);
        };
        sign("o.key");
        refused(&format!("it is signed with another key than {key}; add its key with `--trust`"));
        sign("k.key");
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 1;
        place.write("w.pack", altered);
        refused("its signature does not fit it, so that one of the two was altered");
        place.write("w.pack", &whole);
        run_on(place, arguments);
    }
    assert_ne!(key, other);
    let refusal = run_refused(&by_command, &["w.pack", "--save", "x.db", "--trust", "RWnobody"]);
    assert!(refusal.starts_with("the key is \"RWnobody\", which is no public key"), "{refusal}");
    let world = format!("{WORLD}[trust]\nkeys = [\"{key}\", \"x\"]\n");
    Place::with(&world, &[]).refuses_to_run(
        "./world.toml:5:69: `trust.keys[1]` is \"x\", which is no public key of minisign: write \
         the line that starts with `RW` of a .pub file",
    );
}

#[test]
fn a_slim_save_takes_its_mods_only_from_makers_that_it_trusts() {
    let keyring = Place(tempfile::tempdir().unwrap());
    let key = keys(&keyring, "k.key", None);
    let home = packed(&format!("[trust]\nkeys = [\"{key}\"]\n"));
    told(&mut home.program(&["run", ".", "--save", "s.db", "--ticks", "1", "-q", "--slim"]));
    for arguments in
        [&["run", "--save", "s.db", "--ticks", "1", "-q"][..], &["embed", "s.db", "w.pack"]]
    {
        let refusal = home.refusal(arguments);
        assert!(refusal.ends_with("get it from the maker of the pack"), "{refusal}");
    }
    let bytes = fs::read(home.at("w.pack")).unwrap();
    let signature = pack::sign("w.pack", &bytes, &keyring.at("k.key"), || None).unwrap();
    home.write("w.pack.minisig", signature);
    run_on(&home, &["--save", "s.db"]);
    told(&mut home.program(&["embed", "s.db", "w.pack"]));
}

#[test]
fn a_save_that_runs_is_not_made_slim() {
    let place = Place::with_save(&["watcher"]);
    let run = ["run", "--save", "save.db", "--hz", "0.001", "--quiet"];
    let mut open = place.program(&run).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("it does its first tick", || last_tick(&place.at("save.db")) == 4);
    let refusal = place.refusal(&["slim", "save.db"]);
    assert!(refusal.starts_with("save.db is open in another process (pid "), "{refusal}");
    open.kill().unwrap();
    open.wait().unwrap();
}
