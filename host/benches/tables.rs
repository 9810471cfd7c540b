//! SQL of mods, beside the same SQL in rusqlite.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Statement, params};
use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::config::Durability;

use crate::compare::Table;
use crate::mods;

const ROWS: i64 = 100_000;

fn world(insert: bool) -> Simulation {
    let mut source = mods::guest("clerk", 0);
    if insert {
        source.assets.insert("insert".to_owned(), Vec::new());
    }
    let mut config = mods::config(std::slice::from_ref(&source));
    config.limits.tables_max_bytes = u64::MAX;
    let options = mods::options(1);
    let mut world = Simulation::create(None, config, vec![source], options).expect("a world");
    tick(&mut world);
    world
}

/// The whole tick, the commit with it.
fn tick(world: &mut Simulation) -> Duration {
    let started = Instant::now();
    let record = world.tick().expect("a tick");
    let took = started.elapsed();
    let fault = record.runs.iter().find_map(|run| run.fault.clone());
    assert_eq!(fault, None);
    took
}

struct Native {
    connection: Connection,
    next: i64,
}

impl Native {
    fn new() -> Self {
        let connection = Connection::open_in_memory().expect("memory");
        let sql = include_str!("../../tests/guests/migrations/0001_rows.sql");
        connection.execute_batch(sql).expect("a table");
        let mut native = Self { connection, next: 0 };
        native.insert();
        native
    }

    fn insert(&mut self) -> Duration {
        let started = Instant::now();
        let transaction = self.connection.transaction().expect("a transaction");
        {
            let sql = "INSERT INTO clerk__rows VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare_cached(sql).expect("a statement");
            for id in self.next..self.next + ROWS {
                insert.execute(params![id, id as f64 * 0.5, "a name"]).expect("inserted");
            }
        }
        transaction.commit().expect("committed");
        self.next += ROWS;
        started.elapsed()
    }

    fn query(&mut self) -> Duration {
        let started = Instant::now();
        let sql = "SELECT id, value, name FROM clerk__rows ORDER BY id";
        let mut select = self.connection.prepare_cached(sql).expect("a statement");
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(i64, f64, String)> =
            rows.expect("rows").collect::<Result<_, _>>().expect("rows");
        std::hint::black_box(rows.iter().map(|(_, value, _)| value).sum::<f64>());
        started.elapsed()
    }
}

/// Row 11.
pub fn bulk(table: &mut Table) {
    if table.wants("mod_sql_insert_100k") {
        let (mut ours, mut native) = (world(true), Native::new());
        table.compare(
            "mod_sql_insert_100k",
            [
                ("a mod, one bulk call", Box::new(|| tick(&mut ours))),
                ("rusqlite, row by row", Box::new(|| native.insert())),
            ],
        );
    }
    if table.wants("mod_sql_query_100k") {
        let (mut ours, mut native) = (world(false), Native::new());
        table.compare(
            "mod_sql_query_100k",
            [("a mod", Box::new(|| tick(&mut ours))), ("rusqlite", Box::new(|| native.query()))],
        );
    }
}

/// A world with a save, synced as [`Indexed`] is.
fn saved(path: &Path, source: ModSource, history: bool) -> Simulation {
    let mut config = mods::config(std::slice::from_ref(&source));
    config.limits.tables_max_bytes = u64::MAX;
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    if !history {
        config.history.every_ticks = 0;
    }
    let made = Simulation::create(Some(path), config, vec![source], mods::options(1));
    let mut world = made.expect("the save is made");
    tick(&mut world);
    world
}

/// A table with an index in a file, with the settings of a save.
struct Indexed {
    connection: Connection,
    tick: i64,
}

impl Indexed {
    fn new(path: &Path, tables: &str) -> Self {
        let connection = Connection::open(path).expect("a database");
        let settings = "PRAGMA page_size = 8192; PRAGMA cache_size = -65536;
                        PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
        connection.execute_batch(settings).expect("set");
        connection.execute_batch(tables).expect("tables");
        Self { connection, tick: 0 }
    }

    /// One transaction, in which the rows of a tick go in one by one.
    fn tick(&mut self, sql: &str, rows: impl FnOnce(i64, &mut Statement<'_>)) -> Duration {
        self.tick += 1;
        let started = Instant::now();
        let transaction = self.connection.transaction().expect("a transaction");
        rows(self.tick, &mut transaction.prepare_cached(sql).expect("a statement"));
        transaction.commit().expect("committed");
        started.elapsed()
    }

    fn sell(&mut self) -> Duration {
        self.tick("INSERT INTO clerk__sales VALUES (?1, ?2, ?3, ?4)", |tick, insert| {
            let first = if tick == 1 { 0 } else { 450_000 + (tick - 2) * 10_000 };
            let last = 450_000 + (tick - 1) * 10_000;
            for id in first..last {
                let place = id * 2_654_435_761 % 4096;
                insert.execute(params![id, place, id as f64 * 0.5, "a name"]).expect("inserted");
            }
        })
    }

    fn pay(&mut self) -> Duration {
        self.tick("INSERT INTO town__ledger VALUES (?1, ?2, ?3, ?4, ?5)", |tick, insert| {
            for person in 0..100_000_u32 {
                let turn = (i64::from(person) * 7 + tick) % 64;
                if turn < 10 {
                    let place = person.wrapping_mul(2_654_435_761) % 4096;
                    let gold = 1.0 + turn as f64 / 4.0;
                    let row = params![tick, person, place, gold, "firewood"];
                    insert.execute(row).expect("inserted");
                }
            }
        })
    }
}

/// Rows 21 and 22.
pub fn indexed(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    if table.wants("mod_sql_indexed_450k") {
        let mut source = mods::guest("clerk", 0);
        source.assets.insert("sell".to_owned(), Vec::new());
        let mut ours = saved(&path("indexed.db"), source, false);
        let sql = include_str!("../../tests/guests/migrations/0002_sales.sql");
        let mut native = Indexed::new(&path("indexed-rows.db"), sql);
        native.sell();
        table.compare(
            "mod_sql_indexed_450k, 10k rows",
            [
                ("a mod, one bulk call", Box::new(|| tick(&mut ours))),
                ("rusqlite, row by row", Box::new(|| native.sell())),
            ],
        );
    }
    if table.wants("town") {
        let mut ours = saved(&path("town.db"), mods::guest("town", 100_000), true);
        let mut lean = saved(&path("town-lean.db"), mods::guest("town", 100_000), false);
        let sql = include_str!("../../tests/guests/migrations/0001_town.sql");
        let mut native = Indexed::new(&path("town-rows.db"), sql);
        for _ in 0..30 {
            tick(&mut ours);
            tick(&mut lean);
            native.pay();
        }
        table.compare(
            "town, 100k people, 15,600 rows",
            [
                ("a mod, with history", Box::new(|| tick(&mut ours))),
                ("the same without history", Box::new(|| tick(&mut lean))),
                ("rusqlite, row by row", Box::new(|| native.pay())),
            ],
        );
    }
}
