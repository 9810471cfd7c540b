//! `sandtable workers`: which workers there are.

use std::time::Duration;

use anyhow::Result;
use rusqlite::types::Value;
use sandtable::guest::Engine;
use sandtable::save::Table;
use sandtable_workers::{Hello, survey};
use serde_json::json;

use super::nats::{NatsArguments, Reached};
use super::screen::answer;
use super::table::{self, Format};

/// How long workers are given to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// List the workers at a NATS server, and what each does
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable workers --nats nats://127.0.0.1:4222
  sandtable workers --nats nats://127.0.0.1:4222 --json")]
pub struct Arguments {
    /// Print a JSON array, an object for each worker
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    nats: NatsArguments,
}

/// Asks, and lists who answers.
pub fn run(arguments: Arguments) -> Result<()> {
    let Reached { network, .. } = arguments.nats.must_reach("workers")?;
    let found = survey(&network, PATIENCE);
    let own = Engine::identity();
    if arguments.json {
        let one = |hello: &Hello| {
            json!({
                "name": hello.name,
                "instance": hello.instance,
                "engine": hello.engine,
                "fits": hello.engine == own,
                "threads": hello.slots,
                "busy": hello.busy,
                "mods": hello.ready.len(),
                "calls": hello.calls,
                "failed": hello.failed,
                "seconds": seconds(hello),
            })
        };
        let all: Vec<_> = found.iter().map(one).collect();
        return Ok(answer(&serde_json::to_string(&all)?)?);
    }
    if found.is_empty() {
        return Ok(answer(&format!(
            "no worker answers at {}: start one with `sandtable worker --nats {}`",
            network.url(),
            network.url()
        ))?);
    }
    const COLUMNS: [&str; 7] = ["worker", "threads", "busy", "mods", "calls", "seconds", "engine"];
    let row = |hello: &Hello| {
        let engine = match hello.engine == own {
            true => "as here",
            false => &hello.engine,
        };
        vec![
            Value::Text(hello.name.clone()),
            Value::Integer(hello.slots.into()),
            Value::Integer(hello.busy.into()),
            Value::Integer(hello.ready.len() as i64),
            Value::Integer(hello.calls as i64),
            Value::Text(format!("{:.1}", seconds(hello))),
            Value::Text(engine.to_owned()),
        ]
    };
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let rows = found.iter().map(row).collect();
    Ok(answer(&table::write(&Table { columns, rows }, Format::Table))?)
}

/// What its calls took, together.
fn seconds(hello: &Hello) -> f64 {
    hello.nanos as f64 / 1e9
}
