//! Keeps what a world tells in a database of SQLite: each row of its outbox once, in
//! order.
//!
//! What makes it count once is one transaction, in which a row takes effect and the
//! cursor moves on: killed anywhere, it goes on after the last row that took effect. The
//! stream may deliver a row again, or lose some when its server loses power until the
//! relay brings them back; so each row is held against the cursor.
//!
//! ```sh
//! cargo run -p sandtable-bus --example consumer -- told.db WORLD_ID nats://127.0.0.1:4222
//! ```

use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::stream::Stream;
use async_nats::{HeaderMap, jetstream};
use futures_util::StreamExt;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::{sleep, timeout};

type Failure = Box<dyn std::error::Error>;

const PATIENCE: Duration = Duration::from_millis(500);

/// What was told so far, and the cursor in it.
struct Told {
    world: String,
    database: Connection,
    row: i64,
}

impl Told {
    fn open(path: &str, world: &str) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE IF NOT EXISTS cursors (world TEXT PRIMARY KEY, row INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS told (
                 number INTEGER PRIMARY KEY, row INTEGER, tick INTEGER, kind TEXT,
                 entity TEXT, body BLOB);",
        )?;
        let sql = "SELECT row FROM cursors WHERE world = ?1";
        let row = database.query_row(sql, [world], |found| found.get(0)).optional()?;
        Ok(Self { world: world.to_owned(), database, row: row.unwrap_or(0) })
    }

    /// Lets a row take effect, once, and only as the one after the last.
    fn take(&mut self, headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
        let header = |name: &str| headers.get(name).map(|value| value.as_str());
        let row = number(headers, "ce-sequence")?;
        if row <= self.row {
            return Ok(());
        }
        if row > self.row + 1 {
            return Err(format!("row {row} came where {} is next", self.row + 1).into());
        }
        let tick = number(headers, "ce-tick")?;
        let transaction = self.database.transaction()?;
        // What the row means goes here, in the place of this.
        transaction.execute(
            "INSERT INTO told (row, tick, kind, entity, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![row, tick, header("ce-type"), header("ce-subject"), body],
        )?;
        let sql = "INSERT OR REPLACE INTO cursors VALUES (?1, ?2)";
        transaction.execute(sql, params![self.world, row])?;
        transaction.commit()?;
        self.row = row;
        Ok(())
    }
}

fn number(headers: &HeaderMap, name: &str) -> Result<i64, Failure> {
    let value = headers.get(name).ok_or_else(|| format!("a message has no {name}"))?;
    Ok(value.as_str().parse()?)
}

/// Which row a message of the stream is.
async fn row_of(stream: &Stream, message: u64) -> Result<i64, Failure> {
    number(&stream.get_raw_message(message).await?.headers, "ce-sequence")
}

/// Follows the stream from the cursor on, until it has to be asked again.
async fn follow(context: &jetstream::Context, told: &mut Told, until: i64) -> Result<(), Failure> {
    let stream = context.get_stream(format!("st_{}", told.world)).await?;
    let state = stream.cached_info().state.clone();
    if state.messages == 0 {
        return Err("the stream has nothing yet".into());
    }
    let first = row_of(&stream, state.first_sequence).await?;
    let last = first + (state.last_sequence - state.first_sequence) as i64;
    if told.row + 1 < first {
        let lost = told.row + 1..first;
        return Err(format!("rows {lost:?} are lost: the stream begins with {first}").into());
    }
    if told.row > last {
        return Err(format!("the stream has fallen back to row {last}").into());
    }
    let start_sequence = state.first_sequence + (told.row + 1 - first) as u64;
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
    let ordered = pull::OrderedConfig { deliver_policy, ..pull::OrderedConfig::default() };
    let mut messages = stream.create_consumer(ordered).await?.messages().await?;
    while told.row < until {
        match timeout(PATIENCE, messages.next()).await {
            Ok(Some(message)) => {
                let message = message?;
                let headers = message.headers.as_ref().ok_or("a message has no headers")?;
                told.take(headers, &message.payload)?;
            }
            Ok(None) => return Err("the consumer ended".into()),
            Err(_) => {
                let state = stream.get_info().await?.state;
                if row_of(&stream, state.last_sequence).await? != told.row {
                    return Err("nothing comes, and there is more".into());
                }
            }
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let [path, world, url, rest @ ..] = asked.as_slice() else {
        return Err("give a database, the id of a world, the server, and up to which row".into());
    };
    let until = rest.first().map_or(Ok(i64::MAX), |until| until.parse())?;
    let mut told = Told::open(path, world)?;
    let client = async_nats::ConnectOptions::new().retry_on_initial_connect().connect(url).await?;
    let mut context = jetstream::new(client);
    context.set_timeout(Duration::from_secs(2));
    while told.row < until {
        if let Err(why) = follow(&context, &mut told, until).await {
            eprintln!("after row {}: {why}", told.row);
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}
