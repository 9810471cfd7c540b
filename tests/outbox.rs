//! What leaves a save comes with the commit of its tick, in order, and changes nothing of
//! the world.

use std::path::Path;

use sandtable::config::OutboxOverrides;
use sandtable::edit::Edit;
use sandtable::record::hex;
use sandtable::save::outbox::{Outbox, OutboxRow, Relayed};
use sandtable::save::{self, Parcel, Reader};
use sandtable::{Options, Simulation, verify};
use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::inputs::Place;

fn rows(save: &Path) -> Vec<OutboxRow> {
    Outbox::open(save).unwrap().after(0, usize::MAX, usize::MAX).unwrap()
}

fn value(row: &OutboxRow) -> Json {
    serde_json::from_slice(&row.body).unwrap()
}

fn kinds(rows: &[OutboxRow]) -> Vec<(u64, u64, &str)> {
    rows.iter().map(|row| (row.seq, row.tick, row.kind.as_str())).collect()
}

const WHISPERS: &str = "[outbox]\nevents = [\"secrets/*\"]\n";

#[test]
fn chosen_events_leave_with_their_tick_in_order_and_with_whom_they_are_about() {
    let place = Place::new();
    let mut world = place.make(WHISPERS, vec![guest("secrets"), guest("brood")]);
    let records = run(&mut world, 4);
    let told: Vec<usize> = records.iter().map(|record| record.events.len()).collect();
    assert_eq!(told, [0, 8, 8, 8]);
    let rows = rows(&place.save());
    let expected: Vec<_> = (0..24).map(|at| (at + 1, at / 8 + 2, "secrets/Whisper")).collect();
    assert_eq!(kinds(&rows), expected);
    for row in &rows {
        let value = value(row);
        assert_eq!(value["about"], json!(row.entity.unwrap().to_string()), "{value}");
        assert!(value["text"].as_str().unwrap().ends_with(&format!("in-{}", row.tick)), "{value}");
    }
    world.close().unwrap();
    assert_eq!(save::check(&place.save()).unwrap().findings, Vec::<String>::new());
}

#[test]
fn entities_that_come_and_go_leave_where_that_is_asked_for() {
    let place = Place::new();
    let outbox = "[api]\nedit = true\n[outbox]\nevents = [\"sandtable/*\", \"brood/Born\"]\n";
    let count = with_asset(guest("brood"), "count", "3");
    let mut world = place.make(outbox, vec![count]);
    run(&mut world, 2);
    let gone = values(world.world(), "brood/Child")[0].0;
    let edit = json!({ "op": "despawn", "entity": gone.to_string() });
    let edits = vec![Edit::parse(&edit).unwrap()];
    world.take_in(&Parcel { edits, ..Parcel::default() }, Box::new(|_| {})).unwrap();
    run(&mut world, 1);
    let rows = rows(&place.save());
    let (come, born, went) = ("sandtable/Spawned", "brood/Born", "sandtable/Despawned");
    let expected = [(1, come), (1, come), (1, come), (2, come), (2, come), (2, come)];
    let expected = [&expected[..], &[(2, born), (2, born), (2, born), (3, went)]].concat();
    let told: Vec<_> = rows.iter().map(|row| (row.tick, row.kind.as_str())).collect();
    assert_eq!(told, expected);
    assert_eq!(value(&rows[0])["components"], json!(["brood/Parent"]));
    assert_eq!(rows[9].entity, Some(gone));
    let told = json!({ "entity": gone.to_string(), "components": ["brood/Child"] });
    assert_eq!(value(&rows[9]), told);
}

/// Whatever leaves a world, it is the same world, and is found to be so.
#[test]
fn an_outbox_changes_no_hash() {
    let hashes = |outbox: &str, given: OutboxOverrides| {
        let place = Place::new();
        let mods = vec![guest("secrets"), with_asset(guest("brood"), "count", "3")];
        let config = config(&format!("{WORLD}{outbox}"), &mods);
        let options = Options { outbox: given, ..quiet(2) };
        let mut world = Simulation::create(Some(&place.save()), config, mods, options).unwrap();
        let hashes: Vec<String> = run(&mut world, 6).iter().map(|it| hex(&it.chain)).collect();
        world.close().unwrap();
        let verified = verify::verify(&place.save(), None, None, 1, &mut |_| {}).unwrap();
        assert_eq!((verified.mismatch, verified.ticks), (None, 6));
        (hashes, rows(&place.save()).len())
    };
    let (without, none) = hashes("", OutboxOverrides::default());
    assert_eq!(none, 0);
    let all = "[outbox]\nevents = [\"*\", \"sandtable/*\"]\nformat = \"msgpack\"\n";
    let (with, some) = hashes(all, OutboxOverrides::default());
    assert_eq!((with, some > 40), (without.clone(), true));
    let events = vec!["secrets/Whisper".to_owned()];
    let given = OutboxOverrides { events, ..OutboxOverrides::default() };
    assert_eq!(hashes("", given), (without, 40));
}

#[test]
fn a_way_back_is_told_and_numbers_go_on() {
    let place = Place::new();
    let mut world = place.make(WHISPERS, vec![guest("secrets")]);
    run(&mut world, 4);
    let id = world.world_id().unwrap();
    world.rewind(2).unwrap();
    run(&mut world, 1);
    assert_eq!(world.world_id(), Some(id));
    let rows = rows(&place.save());
    assert_eq!(kinds(&rows)[24], (25, 2, "sandtable/Rewound"));
    assert_eq!(value(&rows[24]), json!({ "from": 4, "to": 2 }));
    let after: Vec<_> = rows[25..].iter().map(|row| (row.seq, row.tick)).collect();
    assert_eq!(after, (26..34).map(|seq| (seq, 3)).collect::<Vec<_>>());
    world.close().unwrap();
    assert_eq!(save::check(&place.save()).unwrap().findings, Vec::<String>::new());

    let ahead = place.folder.path().join("world-ahead-4.db");
    let (other, info) = (place.folder.path().join("other.db"), |save: &Path| {
        let info = Reader::open(save).unwrap().info().unwrap();
        (info.world_id.unwrap(), info.outbox.last)
    });
    save::branch(&place.save(), 2, &other).unwrap();
    let copy = place.folder.path().join("copy.db");
    save::backup(&place.save(), &copy).unwrap();
    assert_eq!(info(&copy), (id, 33), "a backup is the same world");
    for branch in [&ahead, &other] {
        let (of_branch, last) = info(branch);
        assert!(of_branch != id && last == 0, "a branch is another world: {}", branch.display());
    }
}

#[test]
fn rows_that_were_acknowledged_go_but_for_the_last_of_them() {
    let place = Place::new();
    let mut world = place.make(&format!("{WHISPERS}keep_rows = 10\n"), vec![guest("secrets")]);
    run(&mut world, 4);
    let note = |seq| {
        let outbox = Outbox::open(&place.save()).unwrap();
        assert!(outbox.note(Relayed { seq, stream: seq + 7 }).unwrap());
    };
    run(&mut world, 1);
    assert_eq!(rows(&place.save()).len(), 32, "none was acknowledged");
    note(20);
    run(&mut world, 1);
    assert_eq!(rows(&place.save())[0].seq, 11);
    note(40);
    run(&mut world, 1);
    let seqs: Vec<u64> = rows(&place.save()).iter().map(|row| row.seq).collect();
    assert_eq!(seqs, (31..=48).collect::<Vec<_>>(), "numbers go on");
    world.close().unwrap();
    assert_eq!(save::check(&place.save()).unwrap().findings, Vec::<String>::new());
}

#[test]
fn a_row_that_was_altered_is_found() {
    let place = Place::new();
    let mut world = place.make(WHISPERS, vec![guest("secrets")]);
    run(&mut world, 3);
    world.close().unwrap();
    let altered = rusqlite::Connection::open(place.save()).unwrap();
    altered.execute("UPDATE st_outbox SET tick = 1 WHERE seq = 5", []).unwrap();
    drop(altered);
    let findings = save::check(&place.save()).unwrap().findings;
    assert_eq!(findings, ["row 5 of its outbox does not go on from 4"]);
    let mended = place.save().with_file_name("mended.db");
    let repaired = save::repair(&place.save(), &mended).unwrap();
    let anew = "its outbox begins anew, under another world id";
    assert!(repaired.findings.iter().any(|it| it == anew), "{:?}", repaired.findings);
    assert_eq!(save::check(&mended).unwrap().findings, [""; 0]);
}
