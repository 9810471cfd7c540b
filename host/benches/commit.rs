//! Durable ticks, beside one row for each component in SQLite.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use sandtable::Simulation;
use sandtable::config::Durability;

use crate::compare::{Table, repeat, shown};
use crate::mods;

/// What one commit takes, in a world whose disk is synced as said.
fn commit(world: &mut Simulation) -> Duration {
    Duration::from_nanos(world.tick().expect("a tick").timings.commit)
}

fn world(
    path: &Path,
    guest: &str,
    count: usize,
    sparse: bool,
    durability: Durability,
) -> Simulation {
    let mut source = mods::guest(guest, count);
    if sparse {
        source.assets.insert("sparse".to_owned(), Vec::new());
    }
    let mut config = mods::config(std::slice::from_ref(&source));
    config.durability = durability;
    // History has rows of its own, and most persistent worlds keep none.
    config.history.every_ticks = 0;
    let mut world = Simulation::create(Some(path), config, vec![source], mods::options(1))
        .expect("the save is made");
    world.tick().expect("a tick");
    world
}

const NORMAL: Durability = Durability::SyncEveryTicks { ticks: 0 };

/// One row for each component and one for each change, as most persistent
/// worlds have it.
struct Rows {
    connection: Connection,
    tick: i64,
}

impl Rows {
    fn new(path: &Path, count: usize, kinds: i64) -> Self {
        let connection = Connection::open(path).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 CREATE TABLE component (entity INTEGER, kind INTEGER, value BLOB, PRIMARY KEY (entity, kind)) WITHOUT ROWID;
                 CREATE TABLE change (id INTEGER PRIMARY KEY, tick INTEGER, entity INTEGER, kind INTEGER, value BLOB);",
            )
            .expect("tables");
        let mut rows = Self { connection, tick: 0 };
        rows.commit(count, kinds, 1);
        rows
    }

    fn commit(&mut self, count: usize, kinds: i64, step: usize) -> Duration {
        self.tick += 1;
        let started = Instant::now();
        let transaction = self.connection.transaction().expect("a transaction");
        {
            let mut upsert = transaction
                .prepare_cached(
                    "INSERT INTO component VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET value = excluded.value",
                )
                .expect("a statement");
            let mut log = transaction
                .prepare_cached(
                    "INSERT INTO change (tick, entity, kind, value) VALUES (?1, ?2, ?3, ?4)",
                )
                .expect("a statement");
            let mut value = [0; 12];
            value[..8].copy_from_slice(&self.tick.to_le_bytes());
            for entity in (0..count as i64).step_by(step) {
                for kind in 0..kinds {
                    upsert.execute(params![entity, kind, value]).expect("a row");
                    log.execute(params![self.tick, entity, kind, value]).expect("a row");
                }
            }
        }
        transaction.commit().expect("a commit");
        started.elapsed()
    }
}

/// Rows 8 and 9: 100k entities, two packed components.
pub fn dense_and_sparse(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let count = 100_000;
    if table.wants("tick_commit_dense_100k") {
        let mut ours = world(&path("dense.db"), "jolt", count, false, NORMAL);
        let mut rows = Rows::new(&path("dense-rows.db"), count, 2);
        table.compare(
            "tick_commit_dense_100k, NORMAL",
            [
                ("sandtable", Box::new(|| commit(&mut ours))),
                ("rusqlite rows", Box::new(|| rows.commit(count, 2, 1))),
            ],
        );
    }
    if table.wants("tick_commit_sparse_1pct") {
        let mut sparse = world(&path("sparse.db"), "jolt", count, true, NORMAL);
        let mut dense = world(&path("sparse-dense.db"), "jolt", count, false, NORMAL);
        let mut rows = Rows::new(&path("sparse-rows.db"), count, 2);
        table.compare(
            "tick_commit_sparse_1pct, NORMAL",
            [
                ("sandtable", Box::new(|| commit(&mut sparse))),
                ("sandtable, dense", Box::new(|| commit(&mut dense))),
                ("rusqlite rows", Box::new(|| rows.commit(count, 2, 100))),
            ],
        );
    }
}

/// Row 10: the same dense tick, synced, beside a bare write and sync of as
/// many bytes.
pub fn full(table: &mut Table) {
    if !table.wants("tick_commit_full") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = 100_000;
    let mut ours =
        world(&folder.path().join("full.db"), "jolt", count, false, Durability::EveryTick);
    let mut file = File::create(folder.path().join("bare")).expect("a file");
    let bytes = vec![7_u8; count * 24];
    file.write_all(&bytes).expect("written");
    file.sync_all().expect("synced");
    let figures = table.compare(
        "tick_commit_full",
        [
            ("sandtable, FULL", Box::new(|| commit(&mut ours))),
            (
                "write + fdatasync",
                Box::new(|| {
                    repeat(1, || {
                        file.write_all_at(&bytes, 0).expect("written");
                        file.sync_data().expect("synced");
                    })
                }),
            ),
        ],
    );
    println!("{:<34} p99 {} against {}", "", shown(figures[0].p99), shown(figures[1].p99));
}

/// Row 18: a million positions, moved and committed.
pub fn million(table: &mut Table) {
    if !table.wants("update_positions_1m") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = 1_000_000;
    let mut ours = world(&folder.path().join("million.db"), "drift_flat", count, false, NORMAL);
    let mut rows = Rows::new(&folder.path().join("million-rows.db"), count, 1);
    table.compare(
        "update_positions_1m, NORMAL",
        [
            (
                "sandtable, whole tick",
                Box::new(|| repeat(1, || drop(ours.tick().expect("a tick")))),
            ),
            ("rusqlite rows", Box::new(|| rows.commit(count, 1, 1))),
        ],
    );
}
