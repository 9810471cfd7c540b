//! What the past costs: history, opening a save, naming a tick.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sandtable::Simulation;
use sandtable::config::Durability;
use sandtable::ecs::{Page, Part};
use serde::{Deserialize, Serialize};

use crate::compare::{Table, repeat, shown};
use crate::mods;

fn world(path: &Path, guest: &str, count: usize, every: u64) -> Simulation {
    let source = mods::guest(guest, count);
    let mut config = mods::config(std::slice::from_ref(&source));
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    config.history.every_ticks = every;
    config.history.max_mib = 0;
    let mut world = Simulation::create(Some(path), config, vec![source], mods::options(1))
        .expect("the save is made");
    world.tick().expect("a tick");
    world
}

/// What a commit takes, together with what history adds before it.
fn commit(world: &mut Simulation) -> Duration {
    let timings = world.tick().expect("a tick").timings;
    Duration::from_nanos(timings.commit + timings.history)
}

/// The bytes of one column, as they are in memory.
fn column(world: &Simulation, name: &str) -> Vec<u8> {
    let world = world.world();
    let kind = world.registry.find(name).expect("a kind");
    let mut bytes = Vec::new();
    for (key, page) in world.pages() {
        if let (Part::Values, Page::Packed(rows, _)) = (key.part, page)
            && key.kind == kind
        {
            bytes.extend_from_slice(rows);
        }
    }
    bytes
}

/// Row 12: what history takes, in bytes and in time.
pub fn history(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let count = 100_000;
    if table.wants("history_bytes") {
        let save = path("bytes.db");
        let mut ours = world(&save, "movers", count, 1);
        let (mut raw, mut packed) = (0, 0);
        for _ in 0..1000 {
            ours.tick().expect("a tick");
            let column = column(&ours, "movers/Position");
            raw += column.len();
            packed += zstd::bulk::compress(&column, 1).expect("compressed").len();
        }
        ours.close().expect("closed");
        let save = Connection::open(save).expect("a save");
        let bytes = |sql: &str| -> usize {
            save.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number") as usize
        };
        let deltas = bytes("SELECT sum(length(data)) FROM st_deltas WHERE id >> 16 > 1");
        let keyframes = bytes("SELECT sum(length(data)) FROM st_keyframe_frames");
        println!(
            "{:<34} deltas 1/{:.1} of the raw column, with keyframes 1/{:.1}; zstd of it 1/{:.2}",
            "history_bytes, 1000 ticks, 10 %",
            raw as f64 / deltas as f64,
            raw as f64 / (deltas + keyframes) as f64,
            raw as f64 / packed as f64,
        );
    }
    for (workload, guest) in
        [("history_commit_dense_100k", "jolt"), ("history_commit_10pct_100k", "movers")]
    {
        if table.wants(workload) {
            let mut with = world(&path(&format!("{guest}-with.db")), guest, count, 1);
            let mut without = world(&path(&format!("{guest}-without.db")), guest, count, 0);
            table.compare(
                workload,
                [
                    ("with history", Box::new(|| commit(&mut with))),
                    ("without", Box::new(|| commit(&mut without))),
                ],
            );
        }
    }
}

/// An entity as a plain program would have it, as many bytes as ours.
#[derive(Clone, Serialize, Deserialize)]
struct Plain {
    position: [f32; 3],
    velocity: [f32; 3],
    body: [f32; 6],
}

fn plain(count: usize) -> Vec<Plain> {
    let one = |n: usize| {
        let x = n as f32;
        Plain { position: [x, 0.0, -x], velocity: [1.0, 0.5, x], body: [x; 6] }
    };
    (0..count).map(one).collect()
}

/// Row 15: opening a save of a million entities of 48 bytes.
pub fn open(table: &mut Table) {
    if !table.wants("save_open_1m") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = 1_000_000;
    let save = folder.path().join("million.db");
    world(&save, "movers", count, 0).close().expect("closed");
    let file = folder.path().join("million.bin");
    let bytes = bincode::serde::encode_to_vec(plain(count), bincode::config::standard());
    std::fs::write(&file, bytes.expect("encoded")).expect("written");
    table.compare(
        "save_open_1m",
        [
            (
                "sandtable, checked",
                Box::new(|| {
                    let started = Instant::now();
                    let opened = sandtable::save::Save::open(&save).expect("it opens");
                    let took = started.elapsed();
                    opened.0.close().expect("closed");
                    took
                }),
            ),
            (
                "bincode + serde",
                Box::new(|| {
                    repeat(1, || {
                        let bytes = std::fs::read(&file).expect("read");
                        let config = bincode::config::standard();
                        let all: (Vec<Plain>, usize) =
                            bincode::serde::decode_from_slice(&bytes, config).expect("decoded");
                        assert_eq!(all.0.len(), count);
                    })
                }),
            ),
        ],
    );
}

/// Row 16: naming a tick of a million entities while it runs.
pub fn snapshot(table: &mut Table) {
    if !table.wants("snapshot_pause") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = 1_000_000;
    let mut ours = world(&folder.path().join("named.db"), "movers", count, 1);
    let all = plain(count);
    let mut named = 0;
    let mut ticks = (Vec::new(), Vec::new());
    let figures = table.compare(
        "snapshot_pause",
        [
            (
                "sandtable",
                Box::new(|| {
                    let timed =
                        |ours: &mut Simulation| repeat(1, || drop(ours.tick().expect("a tick")));
                    ticks.0.push(timed(&mut ours));
                    named += 1;
                    let pause = repeat(1, || {
                        ours.snapshot(&format!("s{named}"), "").expect("named");
                    });
                    ticks.1.push(timed(&mut ours));
                    pause
                }),
            ),
            (
                "bincode + serde",
                Box::new(|| {
                    repeat(1, || {
                        let config = bincode::config::standard();
                        let bytes = bincode::serde::encode_to_vec(&all, config).expect("encoded");
                        assert!(bytes.len() > count);
                    })
                }),
            ),
        ],
    );
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        shown(times[times.len() / 2])
    };
    println!(
        "{:<34} longest {}; a tick takes {} before and {} after it",
        "",
        shown(figures[0].p99),
        median(&mut ticks.0),
        median(&mut ticks.1)
    );
}
