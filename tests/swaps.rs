//! What swaps leave behind: a save keeps the mods that something still needs, and
//! no others.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::save::{self, Reader};
use sandtable::verify::verify;

use crate::harness::*;

/// The swap after whose ten ticks there is a snapshot.
const NAMED: u64 = 2;

fn shop(version: &str, number: u64) -> ModSource {
    let source = ModSource { id: "shop".to_owned(), ..guest(version) };
    // A file that no other version has, of a size that can be told.
    let noise: String = (0..4000).map(|at| ((at * (number + 7) * 31) % 10).to_string()).collect();
    with_asset(source, "catalogue.txt", &format!("{number} {noise}"))
}

/// So many swaps, ten ticks apart, the last ten ticks ago.
fn swapped(folder: &Path, swaps: u64) -> PathBuf {
    let save = folder.join("shop.db");
    let text = "[world]\nname = \"test\"\nseed = 7\nlog_ticks = 15\n";
    let mods = vec![shop("shop", 0)];
    let mut world = Simulation::create(Some(&save), config(text, &mods), mods, quiet(1)).unwrap();
    run(&mut world, 10);
    for number in 1..=swaps {
        world.swap(vec![shop("shop", number)]).unwrap();
        run(&mut world, 10);
        if number == NAMED {
            save::snapshot(&save, "named", "").unwrap();
        }
    }
    world.close().unwrap();
    save
}

fn numbers(save: &Path, sql: &str) -> Vec<i64> {
    let connection = Connection::open(save).unwrap();
    let mut select = connection.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn sets(save: &Path) -> Vec<i64> {
    numbers(save, "SELECT number FROM st_mod_sets ORDER BY number")
}

/// The file that only one version of the shop had.
fn catalogue(save: &Path) -> [u8; 32] {
    Reader::open(save).unwrap().lock().unwrap()[0].assets["catalogue.txt"]
}

fn digest(number: u64) -> [u8; 32] {
    *blake3::hash(&shop("shop", number).assets["catalogue.txt"]).as_bytes()
}

#[test]
fn pruning_takes_the_mods_that_nothing_needs_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let save = swapped(folder.path(), 12);
    assert_eq!(sets(&save), (1..=13).collect::<Vec<_>>(), "all of history needs all of them");
    let copy = folder.path().join("copy.db");
    std::fs::copy(&save, &copy).unwrap();
    save::compact(&copy).unwrap();
    assert_eq!(sets(&copy), sets(&save), "and so does compacting");
    let (_, whole) = save::compact(&save).unwrap();

    let first = save::prune(&save, 30).unwrap().first_tick.expect("history");
    assert!((60..=100).contains(&first), "from tick {first} on");
    // A set ran from the tick after every tenth; the one before it is what a new
    // one could be rolled back to.
    let of_first = (first as i64 - 1) / 10 + 1;
    let of_snapshot = NAMED as i64 + 1;
    let kept: Vec<i64> =
        [of_snapshot - 1, of_snapshot].into_iter().chain(of_first - 1..=13).collect();
    assert_eq!(sets(&save), kept);
    let blobs = numbers(&save, "SELECT count(*) FROM st_blobs");
    assert_eq!(blobs, [kept.len() as i64 + 1], "a component and a file for each");
    let (_, compacted) = save::compact(&save).unwrap();
    assert!(compacted < whole, "{compacted} against {whole}");

    assert_eq!(verify(&save, None, None, 1, &mut |_| {}).unwrap().mismatch, None);
    let branch = folder.path().join("branch.db");
    save::branch(&save, first, &branch).unwrap();
    assert_eq!(catalogue(&branch), digest(of_first as u64 - 1));
    let mut world = Simulation::open(&branch, None, quiet(1)).unwrap();
    run(&mut world, 3);
    world.close().unwrap();
    assert!(save::check(&branch).unwrap().findings.is_empty());
    save::rewind(&save, first + 15).unwrap();
    assert_eq!(verify(&save, None, None, 1, &mut |_| {}).unwrap().mismatch, None);

    let tick = save::snapshot_tick(&save, "named").unwrap();
    save::rewind(&save, tick).unwrap();
    assert_eq!(catalogue(&save), digest(NAMED));
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut world, 3);
    world.close().unwrap();
    assert!(save::check(&save).unwrap().findings.is_empty());
}

#[test]
fn a_world_without_history_keeps_the_mods_to_go_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let text = "[world]\nname = \"test\"\nseed = 7\nlog_ticks = 5\n[history]\nevery = 0\n";
    let mods = vec![shop("shop", 0)];
    let mut world = Simulation::create(Some(&save), config(text, &mods), mods, quiet(1)).unwrap();
    for number in 1..=4 {
        run(&mut world, 10);
        world.swap(vec![shop("shop", number)]).unwrap();
    }
    world.swap(vec![shop("shop_fragile", 5)]).unwrap();
    // The log has ticks from 36 on, of which the first ran with the fourth.
    assert_eq!(sets(&save), [3, 4, 5, 6]);
    let records = run(&mut world, 3);
    assert_eq!(records[2].rolled_back, ["shop"], "to the set before");
    world.close().unwrap();
    assert_eq!(catalogue(&save), digest(4));
}

#[test]
fn a_world_goes_back_past_the_mod_that_brought_its_first_tables() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("shop.db");
    let mods = vec![shop("shop", 0)];
    let mut world = Simulation::create(Some(&save), config(WORLD, &mods), mods, quiet(1)).unwrap();
    let records = run(&mut world, 5);
    world.swap(vec![shop("shop", 0), guest("ledger")]).unwrap();
    run(&mut world, 5);
    world.close().unwrap();
    assert_eq!(verify(&save, None, None, 1, &mut |_| {}).unwrap().mismatch, None);
    assert_eq!(save::rewind(&save, 3).unwrap().hash, records[2].state);
}
