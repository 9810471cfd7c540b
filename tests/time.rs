//! Moving through time: rewinding and branching are exact, snapshots outlive
//! history, and running ticks again tells where a save was tampered with.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use sandtable::catalog::ModSource;
use sandtable::config::WorldConfig;
use sandtable::record::{TickRecord, hex};
use sandtable::save::{self, Reader};
use sandtable::verify::{Progress, Verified, verify};
use sandtable::{Simulation, catalog};
use serde_json::json;

use crate::harness::*;

fn mods() -> Vec<ModSource> {
    vec![guest("menagerie"), guest("watcher"), guest("diary"), guest("ledger")]
}

/// A save of a busy world, with what its ticks did.
fn busy(folder: &Path, text: &str, ticks: u64) -> (PathBuf, Vec<TickRecord>) {
    let save = folder.join("busy.db");
    let mods = mods();
    let mut world = Simulation::create(Some(&save), config(text, &mods), mods, quiet(2)).unwrap();
    let records = run(&mut world, ticks);
    world.close().unwrap();
    (save, records)
}

fn earth() -> (WorldConfig, Vec<ModSource>) {
    let file = catalog::load(&root().join("examples/earth")).unwrap();
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {}).unwrap();
    let mut config = file.config;
    config.durability = sandtable::config::Durability::SyncEveryTicks { ticks: 0 };
    (config, mods)
}

fn opened_hash(save: &Path) -> String {
    let mut world = Simulation::open(save, None, quiet(1)).unwrap();
    let found = hash(&mut world);
    world.close().unwrap();
    found
}

fn verified(save: &Path) -> Verified {
    verify(save, None, None, 1, &mut |_| {}).unwrap()
}

#[test]
fn rewinding_gives_each_recorded_hash_and_goes_on_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let (save, records) = busy(folder.path(), WORLD, 100);
    for tick in [99, 80, 64, 33, 32, 31, 7, 1, 0] {
        let rewound = save::rewind(&save, tick).unwrap();
        if tick > 0 {
            assert_eq!(rewound.hash, records[tick as usize - 1].state, "tick {tick}");
        }
        assert_eq!(opened_hash(&save), hex(&rewound.hash));
    }
    let mut world = Simulation::open(&save, None, quiet(2)).unwrap();
    let again = run(&mut world, 100);
    let hashes = |records: &[TickRecord]| {
        records.iter().map(|it| (hex(&it.state), hex(&it.chain))).collect::<Vec<_>>()
    };
    assert_eq!(hashes(&again), hashes(&records), "the same ticks come again");
    world.close().unwrap();
    assert_eq!(verified(&save).mismatch, None);
}

#[test]
fn verifying_says_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (save, _) = busy(folder.path(), WORLD, 100);
    let progress = |from, to| {
        let mut seen: Vec<Progress> = Vec::new();
        let verified = verify(&save, from, to, 1, &mut |progress| seen.push(progress)).unwrap();
        assert_eq!(verified.mismatch, None);
        let first = seen[0].first;
        for (at, tick) in seen.iter().zip(first..) {
            assert_eq!((at.tick, at.first, at.last), (tick, first, verified.to));
        }
        let percents: Vec<u64> = seen.iter().map(Progress::percent).collect();
        assert!(percents.is_sorted(), "{percents:?}");
        (first, percents)
    };
    assert_eq!(progress(None, None), (1, (1..=100).collect()), "one in a hundred a tick");
    assert_eq!(progress(None, Some(4)), (1, vec![25, 50, 75, 100]));
    // It begins at a keyframe, which lies before the first tick that is compared.
    let (first, percents) = progress(Some(90), None);
    assert!((2..=90).contains(&first), "{first}");
    assert_eq!((percents.len() as u64, percents.last()), (101 - first, Some(&100)));
}

#[test]
fn a_branch_meets_the_trunk_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (save, records) = busy(folder.path(), WORLD, 60);
    let branch = folder.path().join("branch.db");
    let made = save::branch(&save, 25, &branch).unwrap();
    assert_eq!(made.hash, records[24].state);
    let mut world = Simulation::open(&branch, None, quiet(1)).unwrap();
    for record in run(&mut world, 35) {
        assert_eq!(record.chain, records[record.tick as usize - 1].chain, "tick {}", record.tick);
    }
    world.close().unwrap();
    assert_eq!(last_tick(&save), 60);
    let error = save::branch(&save, 25, &branch).unwrap_err().to_string();
    assert!(error.contains("already there"), "{error}");
    let error = save::branch(&save, 61, &folder.path().join("no.db")).unwrap_err().to_string();
    assert!(error.contains("61 is ahead of it"), "{error}");
    assert!(!folder.path().join("no.db").exists());
}

#[test]
fn what_is_ahead_is_kept_unless_it_is_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let (save, records) = busy(folder.path(), WORLD, 40);
    told(sandtable().arg("snapshot").arg(&save).args(["late", "--note", "all is well"]));
    let said = told(sandtable().arg("rewind").arg(&save).args(["--to", "10"]));
    assert!(said.contains(&hex(&records[9].state)), "{said}");
    let ahead = folder.path().join("busy-ahead-40.db");
    assert_eq!(opened_hash(&ahead), hex(&records[39].state));
    assert!(told(sandtable().arg("snapshots").arg(&save)).contains("no snapshots"));
    assert!(told(sandtable().arg("snapshots").arg(&ahead)).contains("all is well"));
    told(sandtable().arg("rewind").arg(&save).args(["--to", "5", "--discard"]));
    assert_eq!(names_in(folder.path()), ["busy-ahead-40.db", "busy.db"]);
    assert_eq!(opened_hash(&save), hex(&records[4].state));
}

#[test]
fn a_snapshot_outlives_history() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{WORLD}log_ticks = 20\n[history]\nticks = 40\n");
    let (save, mut records) = busy(folder.path(), &text, 30);
    let made = save::snapshot(&save, "early", "before").unwrap();
    assert_eq!(made.tick, 30);
    let twice = save::snapshot(&save, "early", "").unwrap_err().to_string();
    assert!(twice.contains("already"), "{twice}");
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    records.extend(run(&mut world, 220));
    world.snapshot("late", "").unwrap();
    world.close().unwrap();

    let reader = Reader::open(&save).unwrap();
    let error = reader.world_at(100).unwrap_err().to_string();
    assert!(error.contains("cannot go to tick 100"), "{error}");
    assert!(reader.world_at(220).is_ok());
    drop(reader);
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        Connection::open(&save).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(count("st_ticks") < 130, "ticks are forgotten with history");
    let rewound = save::rewind(&save, save::snapshot_tick(&save, "early").unwrap()).unwrap();
    assert_eq!(rewound.hash, records[29].state);
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    for record in run(&mut world, 50) {
        assert_eq!(record.state, records[record.tick as usize - 1].state);
    }
    world.close().unwrap();
    assert_eq!(verified(&save).ticks, 50);
}

#[test]
fn snapshots_are_made_and_rotated_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    for (every, text) in [(1, ""), (0, "[history]\nevery_ticks = 0\n")] {
        let folder = folder.path().join(every.to_string());
        std::fs::create_dir(&folder).unwrap();
        let text = format!("{WORLD}{text}[snapshots]\nevery_ticks = 10\nkeep = 3\n");
        let (save, records) = busy(&folder, &text, 55);
        let names: Vec<_> = save::snapshots(&save).unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["auto-30", "auto-40", "auto-50"]);
        let rewound = save::rewind(&save, 40).unwrap();
        assert_eq!(rewound.hash, records[39].state, "every = {every}");
        assert_eq!(opened_hash(&save), hex(&records[39].state));
    }
}

#[test]
fn history_of_some_ticks_and_of_some_components() {
    let folder = tempfile::tempdir().unwrap();
    let (save, records) = busy(folder.path(), &format!("{WORLD}[history]\nevery_ticks = 7\n"), 40);
    let reader = Reader::open(&save).unwrap();
    assert!(reader.world_at(36).unwrap_err().to_string().contains("cannot go to tick 36"));
    drop(reader);
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut world, 10);
    world.close().unwrap();
    assert_eq!(save::rewind(&save, 35).unwrap().hash, records[34].state);
    assert_eq!(save::rewind(&save, 14).unwrap().hash, records[13].state);

    let other = folder.path().join("some");
    std::fs::create_dir(&other).unwrap();
    let text = format!("{WORLD}[history]\ncomponents = [\"menagerie/*\"]\n");
    let (save, _) = busy(&other, &text, 20);
    assert!(Reader::open(&save).unwrap().world_at(11).is_ok());
    let all = save::rewind(&save, 11).map(|rewound| rewound.tick);
    assert!(all.is_ok() || all.unwrap_err().to_string().contains("some components only"));
}

#[test]
fn pruning_and_compacting_keep_the_world_and_give_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let (save, records) = busy(folder.path(), WORLD, 300);
    let before = std::fs::metadata(&save).unwrap().len();
    let said = told(sandtable().arg("prune").arg(&save).args(["--ticks", "20"]));
    assert!(said.contains("history from tick"), "{said}");
    told(sandtable().arg("compact").arg(&save));
    assert!(std::fs::metadata(&save).unwrap().len() < before / 2);
    assert_eq!(opened_hash(&save), hex(&records[299].state));
    assert_eq!(save::rewind(&save, 290).unwrap().hash, records[289].state);
}

#[test]
fn ten_years_of_earth_verify_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let (config, mods) = earth();
    let mut world = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    let mut records = run(&mut world, 1200);
    let decree = json!({"nation": "FR", "rate": 0.6});
    world.send("economy/TaxDecree", &decree, "the test").unwrap();
    records.extend(run(&mut world, 2450));
    world.close().unwrap();
    for threads in [1, 2] {
        let verified = verify(&save, None, None, threads, &mut |_| {}).unwrap();
        assert_eq!((verified.ticks, verified.mismatch), (3650, None), "{threads} threads");
    }
    // Ten ticks that look random, the last first.
    let mut ticks: Vec<u64> = (0..10_u64).map(|at| (at * 2_654_435_761) % 3650 + 1).collect();
    ticks.sort_unstable_by(|one, two| two.cmp(one));
    for tick in ticks {
        let rewound = save::rewind(&save, tick).unwrap();
        assert_eq!(rewound.hash, records[tick as usize - 1].state, "tick {tick}");
    }
}

/// Changes a save past everything that guards it.
fn tamper(save: &Path, change: impl FnOnce(&Connection)) {
    let connection = Connection::open(save).unwrap();
    change(&connection);
    connection.close().unwrap();
}

#[test]
fn what_was_tampered_with_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db");
    let (config, mods) = earth();
    let mut world = Simulation::create(Some(&save), config, mods, quiet(2)).unwrap();
    run(&mut world, 20);
    world.send("economy/TaxDecree", &json!({"nation": "FR", "rate": 0.6}), "the test").unwrap();
    run(&mut world, 40);
    world.close().unwrap();
    let copy = |name: &str| {
        let to = folder.path().join(name);
        std::fs::copy(&save, &to).unwrap();
        to
    };

    let hash = copy("hash.db");
    tamper(&hash, |save| {
        let sql = "UPDATE st_ticks SET state = zeroblob(32) WHERE tick = 33";
        assert_eq!(save.execute(sql, []).unwrap(), 1);
    });
    let found = verified(&hash).mismatch.expect("a mismatch");
    assert_eq!(found.tick, 33);
    assert!(found.what.contains("state hash 000000000000 is not"), "{}", found.what);

    let input = copy("input.db");
    tamper(&input, |save| {
        let sql = "SELECT payload FROM st_inputs WHERE tick = 21";
        let mut payload: Vec<u8> = save.query_row(sql, [], |row| row.get(0)).unwrap();
        let place = payload.windows(2).position(|word| word == b"FR").unwrap();
        payload[place..place + 2].copy_from_slice(b"DE");
        let sql = "UPDATE st_inputs SET payload = ?1 WHERE tick = 21";
        assert_eq!(save.execute(sql, [payload]).unwrap(), 1);
    });
    let found = verified(&input).mismatch.expect("a mismatch");
    assert_eq!(found.tick, 21);
    let place = found.place.expect("a place");
    assert!(place.system.as_deref().is_some_and(|it| it.starts_with("economy/")), "{place:?}");
    assert_eq!(place.component.as_deref(), Some("economy/TaxRate"), "{place:?}");
    assert!(place.entity.is_some() && place.field.is_some(), "{place:?}");

    let component = copy("component.db");
    tamper(&component, |save| {
        let sql = "UPDATE st_blobs SET data = (SELECT data FROM st_blobs AS other
                   WHERE other.id <> st_blobs.id LIMIT 1) WHERE id = 1";
        assert_eq!(save.execute(sql, []).unwrap(), 1);
    });
    let error = verify(&component, None, None, 1, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("are others"), "{error}");

    // A delta that says of its own accord that it is whole.
    let delta = copy("delta.db");
    let mut told = None;
    tamper(&delta, |save| {
        let mut select = save
            .prepare("SELECT id, data FROM st_deltas WHERE id >> 16 = 40 AND id & 65535 > 0")
            .unwrap();
        let frames: Vec<(i64, Vec<u8>)> = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let (id, frame) = &frames[0];
        let mut body = zstd::bulk::decompress(frame, 1 << 20).unwrap();
        *body.last_mut().unwrap() ^= 1;
        let frame = zstd::bulk::compress(&body, 1).unwrap();
        save.execute("UPDATE st_deltas SET data = ?2 WHERE id = ?1", params![id, frame]).unwrap();
        told = Some(*id);
    });
    let found = verified(&delta).mismatch.expect("a mismatch");
    assert_eq!(found.tick, 40);
    let place = found.place.expect("a place");
    assert!(place.system.is_some() && place.component.is_some(), "{place:?}");
    assert_ne!(place.values.0, place.values.1);

    let torn = copy("torn.db");
    tamper(&torn, |save| {
        let sql = "UPDATE st_deltas SET data = substr(data, 1, length(data) - 1) WHERE id = ?1";
        save.execute(sql, [told]).unwrap();
    });
    let found = verified(&torn).mismatch.expect("a mismatch");
    assert!(found.tick == 40 && found.what.contains("cannot be unpacked"), "{found:?}");
}

#[test]
fn the_verb_exits_with_three_when_a_tick_differs() {
    let folder = tempfile::tempdir().unwrap();
    let (save, _) = busy(folder.path(), WORLD, 12);
    let said = told(sandtable().arg("verify").arg(&save).arg("--json"));
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["ticks"], &said["same"]), (&json!(12), &json!(true)));
    tamper(&save, |save| {
        save.execute("UPDATE st_ticks SET chain = zeroblob(32) WHERE tick = 5", []).unwrap();
    });
    let output = sandtable().arg("verify").arg(&save).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("tick 5 differs: its recorded chain hash 000000000000"), "{said}");
}

#[test]
fn past_swaps_that_change_values_and_tables_there_is_a_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let of = |id: &str, version: &str| ModSource { id: id.to_owned(), ..guest(version) };
    let first = vec![of("shop", "shop"), of("ledger", "ledger_first")];
    let config = config(WORLD, &first);
    let mut world = Simulation::create(Some(&save), config, first, quiet(2)).unwrap();
    let mut records = run(&mut world, 20);
    world.swap(vec![of("shop", "shop_renamed"), of("ledger", "ledger")]).expect("swapped");
    records.extend(run(&mut world, 20));
    world.swap(vec![of("ledger", "ledger")]).expect("swapped");
    records.extend(run(&mut world, 20));
    world.close().unwrap();
    assert_eq!(verified(&save).mismatch, None);
    for tick in [55, 41, 40, 39, 21, 20, 19, 2] {
        let branch = folder.path().join(format!("{tick}.db"));
        let made = save::branch(&save, tick, &branch).unwrap();
        assert_eq!(made.hash, records[tick as usize - 1].state, "tick {tick}");
        let sets = Reader::open(&branch).unwrap().mod_sets().unwrap().len();
        assert_eq!(sets, 1 + usize::from(tick > 20) + usize::from(tick > 40), "tick {tick}");
        let mut world = Simulation::open(&branch, None, quiet(1)).unwrap();
        let again = run(&mut world, 1).remove(0);
        let goes_on = tick != 20 && tick != 40;
        assert_eq!(again.state == records[tick as usize].state, goes_on, "after tick {tick}");
        world.close().unwrap();
    }
}

/// The host leaves a mod nothing undeclared to key on. One that did would look
/// like this: the save carries a component that does other than the one that
/// ran, under a digest that is right.
#[test]
fn a_mod_that_does_other_than_it_did_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("drift.db");
    let first = vec![guest("drift")];
    let config = config(WORLD, &first);
    let mut world = Simulation::create(Some(&save), config, first, quiet(2)).unwrap();
    run(&mut world, 6);
    let mut noted = guest("drift");
    noted.component.extend(*b"\0\x05\x04note");
    world.swap(vec![noted]).expect("swapped");
    run(&mut world, 6);
    world.close().unwrap();

    // Where the guest says 0.25, this one says 0.5: as a float, or as the whole
    // number of the same bits.
    let mut other = guest("drift").component;
    let mut patched = 0;
    for (one, two) in [
        (&[0x43, 0, 0, 0x80, 0x3e][..], &[0x43, 0, 0, 0, 0x3f][..]),
        (&[0x80, 0x80, 0x80, 0xf4, 0x03], &[0x80, 0x80, 0x80, 0xf8, 0x03]),
    ] {
        for at in 0..other.len() - one.len() {
            if other[at..].starts_with(one) {
                other[at..at + two.len()].copy_from_slice(two);
                patched += 1;
            }
        }
    }
    assert!(patched > 0);
    let digest = *blake3::hash(&other).as_bytes();
    tamper(&save, |save| {
        let sql = "INSERT INTO st_blobs (digest, bytes, data) VALUES (?1, ?2, ?3)";
        let packed = zstd::bulk::compress(&other, 1).unwrap();
        save.execute(sql, params![digest, other.len() as i64, packed]).unwrap();
        let sql = "UPDATE st_mods SET component = ?1 WHERE mod_set = 1";
        assert_eq!(save.execute(sql, [digest]).unwrap(), 1);
    });
    let found = verified(&save).mismatch.expect("a mismatch");
    assert_eq!(found.tick, 1);
    assert_eq!(found.what, "running it again leads to another world");
    let place = found.place.expect("a place");
    assert_eq!((place.system.as_deref(), place.is_commands), (Some("drift/populate"), true));
    assert_eq!(place.entity.map(|entity| entity.to_string()).as_deref(), Some("0v1"));
    assert_eq!(place.component.as_deref(), Some("drift/Velocity"));
    assert_eq!(place.field.as_deref(), Some("z"));
    assert_eq!(place.values, ("0.25".to_owned(), "0.5".to_owned()));
}

/// Opens a save with other mods and settings, and does ticks.
fn go_on(save: &Path, text: &str, mods: Vec<ModSource>, ticks: u64) -> Vec<TickRecord> {
    let given = Some((config(text, &mods), mods));
    let mut world = Simulation::open(save, given, quiet(2)).unwrap();
    let records = run(&mut world, ticks);
    world.close().unwrap();
    records
}

/// One version of the mod `ledger`.
fn ledger(version: &str) -> Vec<ModSource> {
    vec![ModSource { id: "ledger".to_owned(), ..guest(version) }]
}

/// A save with the first version of it.
fn first_ledger(save: &Path) -> Simulation {
    let mods = ledger("ledger_first");
    Simulation::create(Some(save), config(WORLD, &mods), mods, quiet(1)).unwrap()
}

fn is_whole(save: &Path) {
    assert_eq!(save::check(save).unwrap().findings, Vec::<String>::new());
}

#[test]
fn a_save_that_was_opened_with_newer_mods_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("ledger.db");
    let mut world = first_ledger(&save);
    let mut records = run(&mut world, 10);
    world.close().unwrap();
    // Tables change in form before the world is open.
    records.extend(go_on(&save, WORLD, ledger("ledger"), 10));
    is_whole(&save);
    assert_eq!(verified(&save).mismatch, None);
    for tick in [15, 10, 5] {
        let hash = save::rewind(&save, tick).unwrap().hash;
        assert_eq!(hash, records[tick as usize - 1].state, "tick {tick}");
    }
}

#[test]
fn history_may_be_switched_off_and_on() {
    let folder = tempfile::tempdir().unwrap();
    let (save, mut records) = busy(folder.path(), WORLD, 10);
    let off = format!("{WORLD}[history]\nevery_ticks = 0\n");
    let some = format!("{WORLD}[history]\nevery_ticks = 4\n");
    for text in [&off, &WORLD.to_owned(), &some, &WORLD.to_owned()] {
        records.extend(go_on(&save, text, mods(), 10));
    }
    is_whole(&save);
    for tick in [48, 36, 25, 21, 9, 3] {
        let branch = folder.path().join(format!("{tick}.db"));
        let made = save::branch(&save, tick, &branch).unwrap();
        assert_eq!(made.hash, records[tick as usize - 1].state, "tick {tick}");
    }
    let error = save::branch(&save, 15, &folder.path().join("none.db")).unwrap_err();
    assert!(error.to_string().contains("cannot go to tick 15"), "{error}");
}

#[test]
fn a_snapshot_between_ticks_that_are_kept_leads_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{WORLD}[history]\nevery_ticks = 10\n[snapshots]\nevery_ticks = 15\n");
    let (save, records) = busy(folder.path(), &text, 48);
    is_whole(&save);
    for tick in [45, 40, 30, 20, 15, 10] {
        let branch = folder.path().join(format!("{tick}.db"));
        let made = save::branch(&save, tick, &branch).unwrap();
        assert_eq!(made.hash, records[tick as usize - 1].state, "tick {tick}");
    }
}

#[test]
fn no_commit_fails_for_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let (save, _) = busy(folder.path(), WORLD, 3);
    let error = save::snapshot(&save, "auto-5", "").unwrap_err().to_string();
    assert!(error.contains("by itself: give another name"), "{error}");
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    world.snapshot("here", "mine").unwrap();
    save::snapshot(&save, "here", "theirs").unwrap();
    run(&mut world, 2);
    world.close().unwrap();
    let notes: Vec<_> = save::snapshots(&save).unwrap().into_iter().map(|it| it.note).collect();
    assert_eq!(notes, ["theirs"], "who comes first has it");
}

#[test]
fn the_start_of_a_world_that_was_swapped_before_its_first_tick() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("ledger.db");
    let mut world = first_ledger(&save);
    world.swap(ledger("ledger")).expect("swapped");
    let records = run(&mut world, 5);
    world.close().unwrap();
    save::rewind(&save, 0).unwrap();
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    let again = run(&mut world, 5);
    assert_eq!(again[4].chain, records[4].chain);
    world.close().unwrap();
    is_whole(&save);
}

#[test]
fn no_reader_counts_through_ticks_that_a_save_claims() {
    let folder = tempfile::tempdir().unwrap();
    let (save, _) = busy(folder.path(), WORLD, 12);
    tamper(&save, |save| {
        save.execute("UPDATE st_world SET tick = 1 << 46", []).unwrap();
    });
    let reader = Reader::open(&save).unwrap();
    assert!(reader.world_at(1 << 45).is_err());
    let all = save::Ticks { from: None, to: None };
    assert!(reader.timeline("0v1", all).is_ok(), "it comes to an end");
    assert!(save::rewind(&save, 5).is_err());
    assert!(!save::check(&save).unwrap().findings.is_empty());
}
