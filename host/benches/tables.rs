//! SQL of mods, beside the same SQL in rusqlite.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use sandtable::Simulation;

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
