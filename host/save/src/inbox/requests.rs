//! What is sent at once, and how it counts once.
//!
//! A request with a key is a row from the moment at which it is in the save: while it
//! waits in the inbox, and after the tick that had it was committed, in one transaction
//! with that. So whether it counts already is known after any crash.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use sandtable_world::ecs::{Entity, Stamp};
use sandtable_world::record::{Digest, Given, Request, TickRecord};

use super::super::clock::now_millis;
use super::super::error::Fallible;
use super::super::mark;

/// Inputs that can wait in a save.
pub const INBOX_MAX: i64 = 100_000;
/// Edits that can wait in a save: so many a tick can do, beside those of its own process.
pub const EDITS_WAITING_MAX: i64 = Stamp::EDITS_MAX as i64 / 2;
/// How long a request is known that counted, in milliseconds.
const KNOWN_FOR: i64 = 24 * 60 * 60 * 1000;
/// How many that are older go with a commit.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// What waits in an inbox, as it is stored.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Input,
    Edit,
}

/// A request that was sent before under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRequest {
    /// Of what was asked.
    pub digest: Digest,
    /// Where it counted; nothing while it waits.
    pub place: Option<RequestPlace>,
}

/// Where a request counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPlace {
    /// The tick that was given it.
    pub tick: u64,
    /// How many inputs it had.
    pub inputs: u64,
    /// What became of its edits: each by its number among those of the tick, with what it
    /// spawned, or why nothing of it was done.
    pub edits: Vec<(u64, Result<Vec<Entity>, String>)>,
}

/// What became of putting something into an inbox.
pub(super) enum Put {
    Done,
    Known(KnownRequest),
    /// The end of no sentence: what waits already.
    Full(String),
}

/// Puts what is given into the inbox, in a transaction of its own.
pub(super) fn put(connection: &Connection, given: &Given, is_plain: bool) -> Fallible<Put> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for Request { sender, key, .. } in &given.requests {
        let Some(key) = key else { continue };
        if let Some(found) = known(&transaction, sender, &key.key)? {
            return Ok(Put::Known(found));
        }
    }
    for (table, what, more, most) in [
        ("st_inbox", "inputs", given.inputs.len(), INBOX_MAX),
        ("st_edit_inbox", "edits", given.edits.len(), EDITS_WAITING_MAX),
    ] {
        if more == 0 {
            continue;
        }
        let sql = format!("SELECT count(*) FROM {table}");
        let waiting: i64 = transaction.query_row(&sql, [], |row| row.get(0))?;
        if waiting + more as i64 > most {
            return Ok(Put::Full(format!("{waiting} {what} of {most} at most are waiting")));
        }
    }
    insert(&transaction, given, is_plain)?;
    mark::advance(&transaction)?;
    transaction.commit()?;
    Ok(Put::Done)
}

/// Puts what a process was given, and what no tick of it had, into the inbox, with the
/// transaction that is open.
pub(crate) fn keep(connection: &Connection, given: &Given) -> Fallible<()> {
    for resume in &given.resumes {
        connection.execute(
            "INSERT INTO st_resume_inbox (mod, sender, sent_at) VALUES (?1, ?2, ?3)",
            params![resume.mod_id, resume.sender, now_millis()],
        )?;
    }
    insert(connection, given, false)
}

fn insert(connection: &Connection, given: &Given, is_plain: bool) -> Fallible<()> {
    let sent_at = now_millis();
    let mut rows = (Vec::new(), Vec::new());
    for input in &given.inputs {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_inbox (kind, sender, payload, sent_at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        insert.execute(params![input.kind.0, input.sender, input.payload, sent_at])?;
        rows.0.push(connection.last_insert_rowid());
    }
    for sent in &given.edits {
        let mut insert = connection.prepare_cached(
            "INSERT INTO st_edit_inbox (sender, edit, sent_at) VALUES (?1, ?2, ?3)",
        )?;
        insert.execute(params![sent.sender, sent.edit, sent_at])?;
        rows.1.push(connection.last_insert_rowid());
    }
    if is_plain {
        return Ok(());
    }
    for request in &given.requests {
        let number = match &request.key {
            Some(_) => {
                write_one(connection, request, None, sent_at)?;
                Some(connection.last_insert_rowid())
            }
            None => None,
        };
        // One of another process has a number of its own by its row.
        let id = match (request.id, number) {
            (0, Some(number)) => -number,
            (id, _) => id as i64,
        };
        let parts = [
            (Part::Input, &rows.0[request.inputs.clone()]),
            (Part::Edit, &rows.1[request.edits.clone()]),
        ];
        for (part, rows) in parts {
            for row in rows {
                let mut insert = connection.prepare_cached(
                    "INSERT INTO st_inbox_requests (part, id, request, number)
                     VALUES (?1, ?2, ?3, ?4)",
                )?;
                insert.execute(params![part as i64, row, id, number])?;
            }
        }
    }
    Ok(())
}

/// Writes which requests with a key some ticks were given, and forgets some that are
/// long known.
pub(crate) fn write(
    connection: &Connection,
    records: &[TickRecord],
    now: i64,
) -> rusqlite::Result<()> {
    for record in records {
        for request in record.requests.iter().filter(|it| it.key.is_some()) {
            write_one(connection, request, Some(record.tick), now)?;
        }
    }
    let mut delete = connection.prepare_cached(
        "DELETE FROM st_requests WHERE tick IS NOT NULL AND sent_at < ?1
             AND number IN (SELECT number FROM st_requests ORDER BY number LIMIT ?2)",
    )?;
    delete.execute([now.saturating_sub(KNOWN_FOR), FORGOTTEN_AT_ONCE])?;
    Ok(())
}

fn write_one(
    connection: &Connection,
    request: &Request,
    tick: Option<u64>,
    sent_at: i64,
) -> rusqlite::Result<()> {
    let Request { sender, key: Some(key), inputs, edits, .. } = request else { return Ok(()) };
    let mut upsert = connection.prepare_cached(
        "INSERT INTO st_requests
             (sender, key, digest, sent_at, tick, first_input, inputs, first_edit, edits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (sender, key) DO UPDATE SET
             tick = ?5, first_input = ?6, inputs = ?7, first_edit = ?8, edits = ?9",
    )?;
    upsert.execute(params![
        sender,
        key.key,
        key.digest,
        sent_at,
        tick.map(|tick| tick as i64),
        inputs.start as i64,
        inputs.len() as i64,
        edits.start as i64,
        edits.len() as i64
    ])?;
    Ok(())
}

/// What is known of the request of a sender under a key.
pub(crate) fn known(
    connection: &Connection,
    sender: &str,
    key: &str,
) -> Fallible<Option<KnownRequest>> {
    let mut select = connection.prepare_cached(
        "SELECT digest, tick, inputs, first_edit, edits FROM st_requests
         WHERE sender = ?1 AND key = ?2",
    )?;
    let found = select.query_row([sender, key], |row| {
        let numbers: (Option<i64>, i64, i64, i64) =
            (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((row.get(0)?, numbers))
    });
    let Some((digest, (tick, inputs, first, count))) = found.optional()? else { return Ok(None) };
    let Some(tick) = tick else { return Ok(Some(KnownRequest { digest, place: None })) };
    let mut select = connection.prepare_cached(
        "SELECT number, spawned, refused FROM st_edits
         WHERE tick = ?1 AND number >= ?2 AND number < ?2 + ?3 ORDER BY number",
    )?;
    let edits = select.query_map([tick, first, count], |row| {
        let (number, spawned): (i64, String) = (row.get(0)?, row.get(1)?);
        let refused: Option<String> = row.get(2)?;
        Ok((number.unsigned_abs(), refused.map_or_else(|| Ok(entities(&spawned)), Err)))
    })?;
    let edits = edits.collect::<Result<_, _>>()?;
    let place = RequestPlace { tick: tick.unsigned_abs(), inputs: inputs.unsigned_abs(), edits };
    Ok(Some(KnownRequest { digest, place: Some(place) }))
}

/// Entities as `st_edits` has them.
fn entities(text: &str) -> Vec<Entity> {
    let texts: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    texts.iter().filter_map(|text| Entity::parse(text)).collect()
}
