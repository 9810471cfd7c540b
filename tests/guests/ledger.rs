//! Keeps a table, and misbehaves when it is told to.

use sandtable_sdk::prelude::*;

#[derive(Input, Clone)]
struct Order {
    what: String,
}

#[derive(Component, Clone)]
struct Told {
    #[component(was = "words")]
    lines: Vec<String>,
    #[component(default = 7)]
    loudness: u8,
}

impl Default for Told {
    fn default() -> Self {
        Self { lines: Vec::new(), loudness: 1 }
    }
}

const INSERT: &str = "INSERT INTO ledger__entries (tick, place, what) VALUES (?1, ?2, ?3)";
const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";

#[system]
fn book(
    orders: EventReader<Order>,
    mut told: ResMut<Told>,
    mut tables: Tables,
    tick: Tick,
) -> Result<(), TableError> {
    tables.execute_many(INSERT, (0..3).map(|place| (tick.number(), place, "kept")))?;
    for order in &orders {
        match order.what.as_str() {
            "fail" => tables.execute(INSERT, (tick.number(), 0, "twice"))?,
            "forgive" => tables.execute(INSERT, (tick.number(), 0, "twice")).unwrap_or(0),
            "panic" => panic!("told to"),
            "read for ever" => tables
                .query::<(i64,)>(&format!("{ENDLESS} SELECT count(*) FROM n"), ())?
                .len() as u64,
            "write for ever" => {
                let sql =
                    format!("INSERT INTO ledger__entries {ENDLESS} SELECT x, -1, '', '' FROM n");
                tables.execute(&sql, ())?
            }
            sql if sql.starts_with("SELECT") => match tables.query::<(i64,)>(sql, ()) {
                Ok(rows) => {
                    told.lines.extend(rows.iter().map(|row| row.0.to_string()));
                    0
                }
                Err(error) => {
                    told.lines.push(error.to_string());
                    0
                }
            },
            sql => match tables.execute(sql, ()) {
                Ok(changed) => changed,
                Err(error) => {
                    told.lines.push(error.to_string());
                    0
                }
            },
        };
    }
    Ok(())
}

sandtable_sdk::export! {
    id: "ledger",
    systems: [book],
    migrations: ["migrations/0001_ledger.sql", "migrations/0002_author.sql"],
}
