//! Bad input: one clear sentence, a non-zero exit, nothing lost.

use std::fs;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use sandtable::Simulation;

use crate::harness::*;
use crate::place::Place;

#[test]
fn a_malformed_world_file_is_refused_with_its_line() {
    for (text, expected) in [
        ("[world\nname = \"x\"", "world.toml:1:7: this is not TOML: "),
        (
            "[world]\nname = \"x\"\n[mods.a]\npath = \"a\"\n[mods.a]\npath = \"b\"\n",
            "world.toml:5:7: the key stands here a second time: remove one of the two",
        ),
        (
            "[world]\nname = \"x\"\nsede = 7\n",
            "world.toml:3:1: there is no key `sede` in `world`; the keys are `name`, `seed`, ",
        ),
        ("[world]\nseed = 7\n", "the key `name` is missing in `world`: add it"),
        (
            "[world]\nname = \"x\"\nseed = -1\n",
            "`world.seed` is the integer `-1`, but must be a whole number from 0 up",
        ),
        ("[world]\nname = \"x\"\n[limits]\nfule = 7\n", "there is no key `fule` in `limits`"),
        (
            "[world]\nname = \"x\"\n[mods.a]\npath = \"a\"\nlimit = 7\n",
            "there is no key `limit` in `mods.a`",
        ),
        (
            "[world]\nname = \"x\"\n[mods.\"a b\"]\npath = \"a\"\n",
            "is no mod id: use lower-case letters",
        ),
        (
            "[world]\nname = \"x\"\ndt_seconds = 0\n",
            "`world.dt_seconds` is 0, but a tick needs a length",
        ),
        (
            "[world]\nname = \"x\"\nshard_rows = 0\n",
            "`world.shard_rows` is 0: give a number from 1 to 65536",
        ),
        (
            "[world]\nname = \"x\"\n[durability]\nmode = \"never\"\n",
            "`durability.mode` is `never`, which is not known: choose ",
        ),
    ] {
        let place = Place::with(text, &[]);
        let refusal = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
        assert!(refusal.starts_with("./world.toml:"), "{refusal}");
        assert!(refusal.contains(expected), "`{refusal}` says `{expected}`");
    }
}

#[test]
fn a_world_that_is_not_there_is_refused() {
    let place = Place(tempfile::tempdir().unwrap());
    place.refuses_to_run(
        "./world.toml is not there: give a world.toml or the folder that holds one, or make one \
         with `sandtable new`",
    );
    place.write("world.toml", b"[world]\nname = \"\xff\"\n");
    place.refuses_to_run("./world.toml cannot be read: stream did not contain valid UTF-8");
}

#[test]
fn a_mod_that_is_not_there_is_refused_with_its_key() {
    let place = Place::with(&format!("{WORLD}[mods.a]\npath = \"nowhere\"\n"), &[]);
    place.refuses_to_run(
        "./world.toml:5:1: `mods.a.path` leads to ./nowhere, which is not there: give a cargo \
         package's folder or a .wasm file, relative to the world file",
    );
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let place = Place::with(WORLD, &["drift"]);
    for (bytes, expected) in [
        (&b""[..], "./drift.wasm is empty: build the mod again"),
        (
            b"hello, world",
            "./drift.wasm is not wasm: give a component, or the folder of a cargo package to \
             build one from",
        ),
        (
            &wat::parse_str("(module)").unwrap(),
            "./drift.wasm imports nothing of `sandtable:guest/`, so that it is no mod: its imports \
             are named as in `sandtable:guest/shards@0.2.0`",
        ),
    ] {
        place.write("drift.wasm", bytes).refuses_to_run(expected);
    }
}

#[test]
fn a_damaged_component_is_refused() {
    let place = Place::with(WORLD, &["drift"]);
    let whole = component("drift");
    place.write("drift.wasm", &whole[..whole.len() / 2]);
    let refusal = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
    assert!(refusal.starts_with("mod `drift` does not compile: it is damaged: "), "{refusal}");
}

#[test]
fn a_component_of_another_world_is_refused() {
    let place = Place::with(WORLD, &["drift"]);
    for (text, expected) in [
        ("(component)", "mod `drift` is a component, but not a mod: "),
        (
            "(component (import \"acme:game/sky\" (instance (export \"shine\" (func)))))",
            "mod `drift` is a component, but not a mod: ",
        ),
    ] {
        place.write("drift.wasm", stamped(text));
        let refusal = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
        assert!(refusal.starts_with(expected), "{refusal}");
        assert!(refusal.contains("no export") || refusal.contains("acme:game/sky"), "{refusal}");
    }
    place.write("drift.wasm", wat::parse_str("(component)").unwrap()).refuses_to_run(
        "mod `drift` does not say which version of sandtable:guest it was made for; is it a mod? \
         Build it with the Sandtable SDK, or import the interface by its version",
    );
}

#[test]
fn a_component_with_several_memories_is_refused() {
    let place = Place::with(WORLD, &["drift"]);
    let in_one_module = "(component (core module $m (memory 1) (memory 1))
                           (core instance (instantiate $m)))";
    for text in [TWO_MEMORIES, in_one_module] {
        place.write("drift.wasm", stamped(text));
        place.refuses_to_run(
            "mod `drift` has 2 linear memories, and a mod may have one: build it as one module, \
             not of several components or libraries",
        );
    }
}

#[test]
fn a_component_of_any_depth_is_refused() {
    let place = Place::with(WORLD, &["drift"]);
    let empty = wat::parse_str("(component)").unwrap();
    let mut nested = empty.clone();
    for _ in 0..2000 {
        let mut outer = empty.clone();
        outer.push(4);
        let mut length = nested.len();
        while length >= 128 {
            outer.push(length as u8 | 128);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.append(&mut nested);
        nested = outer;
    }
    place.write("drift.wasm", with_stamp(nested));
    let refusal = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
    assert!(refusal.starts_with("mod `drift` is a component, but not a mod: "), "{refusal}");
}

/// A guest whose stamp says another version.
fn made_for(version: &str) -> Vec<u8> {
    let mut bytes = component("drift");
    let mark = b"sandtable:interface0.2.0";
    let places: Vec<usize> =
        (0..bytes.len() - mark.len()).filter(|at| bytes[*at..].starts_with(mark)).collect();
    let [place] = places[..] else { panic!("one stamp, not {}", places.len()) };
    let end = place + mark.len();
    bytes[end - version.len()..end].copy_from_slice(version.as_bytes());
    bytes
}

#[test]
fn an_older_or_newer_interface_is_refused_with_its_remedy() {
    let place = Place::with(WORLD, &["drift"]);
    for (version, remedy) in [
        ("0.0.9", "build the mod again with the SDK of this version"),
        ("0.1.1", "build the mod again with the SDK of this version"),
        ("0.2.1", "update sandtable, or build the mod with an older SDK"),
        ("1.0.0", "update sandtable, or build the mod with an older SDK"),
        ("?????", "build the mod again with the SDK of this version"),
    ] {
        place.write("drift.wasm", made_for(version)).refuses_to_run(&format!(
            "mod `drift` was made for sandtable:guest {version}, and this host runs 0.1.0 to 0.2.0; \
             {remedy}"
        ));
    }
}

/// A world with a mod that lies about itself, beside one that does not.
fn liar(lie: &str) -> Place {
    let text = format!("{WORLD}[limits]\nfuel = 10_000_000\n");
    let place = Place::with(&text, &["drift", "liar"]);
    fs::create_dir(place.at("lies")).unwrap();
    let world = fs::read_to_string(place.at("world.toml")).unwrap();
    place.write("lies/lie", lie).write("world.toml", format!("{world}assets = \"lies\"\n"));
    place
}

#[test]
fn a_mod_that_contradicts_itself_or_others_is_refused() {
    for (lie, expected) in [
        (
            "another id",
            "the world file loads mod `liar`, but the component there calls itself `another`: \
             rename one of the two",
        ),
        (
            "an id with lines and colours",
            "the world file loads mod `liar`, but the component there calls itself \
             `some body\u{fffd}[31m`: rename one of the two",
        ),
        ("one kind twice", "mod `liar` cannot be loaded: it declares kind `liar/Thing` twice"),
        (
            "a kind of another mod",
            "`drift/Position` is declared differently by mod `liar` and what the world knows of \
             mod `drift`: {number: f32} against {x: f32, y: f32, z: f32}",
        ),
        (
            "a kind without a mod",
            "mod `liar` cannot be loaded: it declares a kind named `Thing`; a kind is named \
             `<mod>/<Name>`",
        ),
        (
            "a type that is none",
            "mod `liar` cannot be loaded: field `number` of kind `liar/Other` has a type that is \
             none: ",
        ),
        ("a field past its kind", "mod `liar` cannot be loaded: kind `liar/Other` "),
        ("one system twice", "mod `liar` cannot be loaded: it declares system `first` twice"),
        (
            "a system named like a type",
            "mod `liar` cannot be loaded: it declares a system named `First`; a system is named \
             like `grow_cities`",
        ),
        (
            "a kind that is not there",
            "mod `liar` cannot be loaded: system `third` names kind 9 as a component, and the mod \
             declares 1",
        ),
        (
            "an event as a component",
            "mod `liar` cannot be loaded: system `third` uses `liar/Noise` as a component, but it \
             is declared as",
        ),
        (
            "a cycle",
            "systems wait for each other: `liar/first` before `liar/second` before `liar/first`; \
             take a `before` or `after` away",
        ),
        (
            "before itself",
            "systems wait for each other: `liar/first` before `liar/first`; take a `before` or \
             `after` away",
        ),
        (
            "after no system",
            "system `liar/first` runs before or after `liar/frist`, which its mod does not have",
        ),
        (
            "a phase past its ticks",
            "mod `liar` cannot be loaded: system `first` runs in phase 3 of every 3 ticks: a phase \
             is below that",
        ),
        (
            "a condition on no field",
            "mod `liar` cannot be loaded: system `first` runs only by `liar/Thing.nmber`, and \
             there is no such field: `liar/Thing` has `number`",
        ),
        (
            "a condition on another type",
            "mod `liar` cannot be loaded: system `first` runs only if `liar/Thing.number` compares \
             with a value that is no u32: ",
        ),
        (
            "an alternative that ships",
            "mod `liar` cannot be loaded: system `first` ships `liar/Thing` in one of several \
             alternatives, which only say what rows have or lack, and what changed or was added: \
             ship it beside them",
        ),
        (
            "settings by another name",
            "mod `liar` cannot be loaded: it declares `liar/Rules` as settings; those of a mod are \
             named `<mod>/Settings`",
        ),
        (
            "settings without a default",
            "mod `liar` cannot be loaded: its setting `number` has no default: give it one",
        ),
        (
            "a resource in parts",
            "mod `liar` cannot be loaded: system `liar/first` has no query, so it must run over \
             the whole world (`whole = \"world\"`)",
        ),
        ("a panic", "mod `liar` could not describe itself: panicked at "),
        ("no end", "mod `liar` could not describe itself: it used up its 10000000 units of fuel"),
    ] {
        let refusal = liar(lie).refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
        assert!(refusal.starts_with(expected), "{lie}: `{refusal}` says `{expected}`");
    }
}

#[test]
fn the_mod_that_lies_is_else_sound() {
    let place = liar("nothing");
    assert_eq!(ticks(Some(place.0.path()), &place.at("new.db"), 1)["faults"], 0);
}

#[test]
fn a_mod_that_cannot_be_loaded_leaves_an_existing_save_as_it_is() {
    let place = Place::with_save(&["drift"]);
    let world = fs::read_to_string(place.at("world.toml")).unwrap();
    place.write("drift.wasm", made_for("0.3.0"));
    place.write("world.toml", world.replace("\"test\"", "\"another name\""));
    place.refusal(&["run", ".", "--save", "save.db", "--ticks", "1", "--quiet"]);
    assert_eq!(ticks(None, &place.at("save.db"), 1)["tick"], 4, "it still runs by itself");
}

#[test]
fn what_is_no_save_is_refused() {
    let place = Place::with(WORLD, &["watcher"]);
    for (bytes, what) in [(&b""[..], "empty"), (b"hello", "short"), (&[7; 9000], "long")] {
        place.write("save.db", bytes);
        place.refuses_to_open("save.db", "save.db is not a save: it is no SQLite file");
        assert_eq!(fs::read(place.at("save.db")).unwrap(), bytes, "{what}");
    }
    fs::create_dir(place.at("folder")).unwrap();
    place.refuses_to_open("folder", "folder is not a save: it is no SQLite file");
}

#[test]
fn a_save_of_another_application_is_refused() {
    let place = Place::with(WORLD, &["watcher"]);
    let other = Connection::open(place.at("other.db")).unwrap();
    other.execute_batch("CREATE TABLE shopping (what TEXT)").unwrap();
    drop(other);
    let expected = "other.db is not a save: it is an SQLite file of another application";
    place.refuses_to_open("other.db", expected);
}

#[test]
fn a_save_of_a_newer_version_is_refused() {
    let place = Place::with_save(&["watcher"]);
    let save = Connection::open(place.at("save.db")).unwrap();
    let known: i64 = save.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    save.pragma_update(None, "user_version", known + 1).unwrap();
    drop(save);
    place.refuses_to_open(
        "save.db",
        &format!(
            "save.db was written by a newer Sandtable (its format is {}, this one reads up to \
             {known}): update Sandtable to open it",
            known + 1
        ),
    );
}

#[test]
fn a_truncated_save_is_refused() {
    let place = Place::with_save(&["watcher"]);
    let whole = fs::read(place.at("save.db")).unwrap();
    let half = whole.len() / 2;
    for left in [half, 8192, whole.len() - 1] {
        place.write("save.db", &whole[..left]).refuses_to_open(
            "save.db",
            &format!(
                "save.db is truncated: {left} of its {} bytes are there; take it from a backup",
                whole.len()
            ),
        );
    }
    place.write("save.db", &whole);
    assert_eq!(ticks(None, &place.at("save.db"), 1)["tick"], 4);
}

#[test]
fn a_save_that_is_open_elsewhere_is_refused() {
    let place = Place::with_save(&["watcher"]);
    // Not this process: it looks into the file, which drops its locks on it.
    let run = ["run", "--save", "save.db", "--hz", "0.001", "--quiet", "--json"];
    let mut open = place.program(&run).stdout(Stdio::null()).spawn().unwrap();
    wait_until("it does its first tick", || last_tick(&place.at("save.db")) == 4);
    for arguments in [
        &["run", "--save", "save.db", "--ticks", "1"][..],
        &["run", ".", "--save", "save.db", "--ticks", "1", "--quiet"],
    ] {
        assert_eq!(
            place.refusal(arguments),
            format!(
                "save.db is open in another process (pid {}): stop that one first, or use `sql`, \
                 `info` and `send`, which work meanwhile",
                open.id()
            )
        );
    }
    told(&mut place.program(&["info", "save.db"]));
    open.kill().unwrap();
    open.wait().unwrap();
    assert_eq!(ticks(None, &place.at("save.db"), 1)["tick"], 5);
}

#[test]
fn a_save_that_is_not_there_is_refused() {
    let place = Place::with(WORLD, &["watcher"]);
    assert_eq!(
        place.refusal(&["run", "--save", "a b.db", "--ticks", "1"]),
        "a b.db is not there: give a world to make it from, as in `sandtable run <world> --save \
         'a b.db'`"
    );
    for arguments in [
        &["info", "gone.db"][..],
        &["sql", "gone.db", "SELECT 1"],
        &["send", "gone.db", "watcher/Poke", "{}"],
    ] {
        assert_eq!(place.refusal(arguments), "there is no save at gone.db");
    }
}

#[test]
fn a_save_where_nothing_can_be_made_is_refused() {
    let place = Place::with(WORLD, &["watcher"]);
    let refusal = place.refusal(&["run", ".", "--save", "gone/new.db", "--ticks", "1"]);
    assert!(refusal.starts_with("gone/new.db"), "{refusal}");
    assert!(refusal.contains("No such file or directory"), "{refusal}");
}

#[test]
fn rows_in_a_shard_never_change_in_the_life_of_a_save() {
    let place = Place::with_save(&["watcher"]);
    assert_eq!(
        place.refusal(&["run", "--save", "save.db", "--ticks", "1", "--shard-rows", "64"]),
        "--shard-rows is a setting of a new save, and save.db is there already: leave it out, or \
         give another --save"
    );
    assert_eq!(
        place.refusal(&["run", ".", "--save", "new.db", "--shard-rows", "0"]),
        "--shard-rows is 0: give a number from 1 to 65536"
    );
    let world = fs::read_to_string(place.at("world.toml")).unwrap();
    let changed = world.replacen("[world]\n", "[world]\nshard_rows = 64\n", 1);
    place.write("world.toml", changed);
    assert_eq!(
        place.refusal(&["run", ".", "--save", "save.db", "--ticks", "1"]),
        "shard_rows is 4096 in the save and 64 was asked for; it never changes in the life of a \
         save: set it back, or make a new save"
    );
}

#[test]
fn an_input_that_no_mod_declares_or_that_does_not_fit_is_refused() {
    let place = Place::with_save(&["watcher"]);
    let send = |event: &str, json: &str| place.refusal(&["send", "save.db", event, json]);
    let fields = "its fields are `number` (u32), `to` (u32)";
    assert_eq!(
        send("watcher/Pork", "{}"),
        "input `watcher/Pork`: no mod declares it; there is `watcher/Poke` with `number` (u32), \
         `to` (u32), and `watcher/Untag` with `number` (u32), and `watcher/Kill` with `number` \
         (u32)"
    );
    assert_eq!(
        send("watcher/Value", "{\"number\": 1}").split("; there is").next(),
        Some("input `watcher/Value`: it is a component, and no input"),
        "a component is no input"
    );
    assert_eq!(
        send("watcher/Poke", "{\"number\": 1}"),
        format!("input `watcher/Poke`: field `to` (u32) is missing; {fields}")
    );
    assert_eq!(
        send("watcher/Poke", "{\"number\": 1, \"to\": -1}"),
        format!("input `watcher/Poke`: field `to`: expected u32, found -1; {fields}")
    );
    let more = send("watcher/Poke", "{\"number\": 1, \"to\": 1, \"more\": 1}");
    assert!(more.contains("`more`") && more.ends_with(fields), "{more}");
    assert!(send("watcher/Poke", "[1, 2]").starts_with("input `watcher/Poke`: "));
    let json = send("watcher/Poke", "{number: 1}");
    assert!(json.starts_with("`{number: 1}` is not JSON: write the fields like"), "{json}");
    assert_eq!(
        Place::with_save(&["drift"]).refusal(&["send", "save.db", "drift/Poke", "{}"]),
        "input `drift/Poke`: no mod of this world declares an input"
    );
}

#[test]
fn a_question_that_is_no_select_or_asks_for_what_is_not_there_is_refused() {
    let place = Place::with_save(&["watcher"]);
    let ask = |sql: &str| place.refusal(&["sql", "save.db", sql]);
    for sql in [
        "DELETE FROM st_ticks",
        "UPDATE watcher_value SET number = 1",
        "DROP TABLE st_world",
        "PRAGMA user_version = 9",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "",
    ] {
        assert_eq!(
            ask(sql),
            "only one SELECT is answered: a save is changed by running its world, or by `send`",
            "{sql}"
        );
    }
    let table = ask("SELECT * FROM watcher_values");
    assert!(table.starts_with("no such table: watcher_values; there are "), "{table}");
    assert!(table.contains("watcher_value,"), "{table}");
    let column = ask("SELECT size FROM watcher_value");
    assert!(column.contains("no such column: size"), "{column}");
    assert!(column.contains("`SELECT * FROM tables` says which columns"), "{column}");
    let syntax = ask("SELEC 1");
    assert!(syntax.contains("syntax error"), "{syntax}");
}

/// The hash of a world that ran undisturbed.
fn undisturbed(guests: &[&str], upto: u64) -> String {
    let mut through = world_of(WORLD, guests.iter().map(|name| guest(name)).collect(), 1);
    run(&mut through, upto);
    hash(&mut through)
}

/// Runs until files may grow no further; returns what the program says.
#[cfg(unix)]
fn run_into_a_full_disk(place: &Place, kibibytes: u64, arguments: &[&str]) -> String {
    // Without the trap the signal would end the process: a full disk only fails.
    let script = format!("ulimit -f {kibibytes}; trap '' XFSZ; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command.current_dir(place.0.path()).args(["-c", &script]);
    command.arg(sandtable().get_program()).args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let line = error.strip_suffix('\n').expect("a line");
    assert!(!line.contains(char::is_control), "one line, not {error:?}");
    line.strip_prefix("error: ").expect("an error").to_owned()
}

#[cfg(unix)]
#[test]
fn a_full_disk_loses_no_committed_tick() {
    let guests = ["diary", "menagerie"];
    let place = Place::with_save(&guests);
    let save = place.at("save.db");
    let room = fs::metadata(&save).unwrap().len() / 1024 + 400;
    let run = ["run", "--save", "save.db", "--ticks", "1000000", "--quiet"];
    let error = run_into_a_full_disk(&place, room, &run);
    let done = last_tick(&save);
    assert!(done > 3, "it ran until the disk was full");
    let expected = format!("save.db stays at tick {done}: ");
    assert!(error.replace(',', "").starts_with(&expected), "`{error}` says `{expected}`");
    assert!(error.contains("could not be written"), "{error}");

    let connection = Connection::open(&save).unwrap();
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    drop(connection);

    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(again.world().tick(), done, "it stands at a whole tick");
    assert_eq!(hash(&mut again), undisturbed(&guests, done));
    again.close().unwrap();
    let end = ticks(None, &save, 50);
    assert_eq!(end["hash"], undisturbed(&guests, done + 50), "it goes on with room");
}

#[cfg(unix)]
#[test]
fn a_save_that_does_not_fit_on_the_disk_is_not_made() {
    let place = Place::with(WORLD, &["diary", "menagerie"]);
    // The mods need more room than the empty world.
    let mut large = vec![0; 1 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut large);
    fs::create_dir(place.at("large")).unwrap();
    let world = fs::read_to_string(place.at("world.toml")).unwrap();
    place.write("large/asset", large).write("world.toml", format!("{world}assets = \"large\"\n"));
    let before = place.contents();
    let run = ["run", ".", "--save", "new.db", "--ticks", "1000000", "--quiet"];
    // From no room for the empty world up to room for it and the mods.
    for kibibytes in (40..).step_by(160) {
        let error = run_into_a_full_disk(&place, kibibytes, &run);
        if error.starts_with("new.db stays at tick ") {
            break;
        }
        assert!(error.starts_with("new.db could not be "), "{error}");
        assert_eq!(place.contents(), before, "with {kibibytes} KiB");
    }
    assert!(place.at("new.db").exists(), "a world that was made stays");
}
