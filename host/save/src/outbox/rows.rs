//! Rows, as the writer of a save adds and drops them.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use sandtable_world::ecs::Entity;
use sandtable_world::record::{Digest, OutboxFormat, Outgoing, TickRecord};

use super::row::{OutboxRow, OutboxStanding, REWOUND, Relayed, body, format_of, is_kind, link};
use crate::error::{Failure, Fallible, damage};
use crate::findings::Findings;
use crate::identity;

/// The number and the chain of the last row; zeros before the first.
fn last(connection: &Connection) -> rusqlite::Result<(u64, Digest)> {
    let sql = "SELECT seq, chain FROM st_outbox ORDER BY seq DESC LIMIT 1";
    let mut select = connection.prepare_cached(sql)?;
    let last = select.query_row([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)));
    Ok(last.optional()?.unwrap_or_default())
}

/// Adds rows after the last one.
fn append<'a>(
    connection: &Connection,
    outgoing: impl Iterator<Item = (u64, &'a Outgoing)>,
) -> rusqlite::Result<()> {
    let mut outgoing = outgoing.peekable();
    if outgoing.peek().is_none() {
        return Ok(());
    }
    let (mut seq, mut chain) = last(connection)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO st_outbox (seq, tick, kind, entity, format, payload, chain)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (tick, Outgoing { kind, entity, format, body }) in outgoing {
        seq += 1;
        let (kind, body) = (kind.clone(), body.clone());
        let mut row = OutboxRow { seq, tick, kind, entity: *entity, format: *format, body, chain };
        chain = link(&chain, &row);
        row.chain = chain;
        let entity = entity.map(|entity| entity.to_bits() as i64);
        let (seq, tick, format) = (seq as i64, tick as i64, *format as i64);
        insert.execute(params![seq, tick, row.kind, entity, format, row.body, chain])?;
    }
    Ok(())
}

/// Writes what leaves the save of some ticks, and drops rows that were acknowledged, but
/// for the last so many of them.
pub(crate) fn write(
    connection: &Connection,
    records: &[TickRecord],
    keep_rows: u64,
) -> rusqlite::Result<()> {
    let all = records.iter().flat_map(|it| it.outgoing.iter().map(|outgoing| (it.tick, outgoing)));
    if records.iter().all(|record| record.outgoing.is_empty()) {
        return Ok(());
    }
    append(connection, all)?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM st_outbox WHERE seq <=
             (SELECT min(seq, (SELECT max(seq) FROM st_outbox)) FROM st_relayed) - ?1",
    )?;
    // The next row goes on from the last one.
    delete.execute([i64::try_from(keep_rows.max(1)).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// Tells of a way back, where anything ever left the save.
pub(crate) fn rewound(connection: &Connection, from: u64, to: u64) -> rusqlite::Result<()> {
    if last(connection)?.0 == 0 {
        return Ok(());
    }
    let sql = "SELECT format FROM st_outbox ORDER BY seq DESC LIMIT 1";
    let number: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    let format = format_of(number).unwrap_or(OutboxFormat::Json);
    let value = body(format, &json!({ "from": from, "to": to }));
    let told = Outgoing { kind: REWOUND.to_owned(), entity: None, format, body: value };
    append(connection, std::iter::once((to, &told)))
}

/// Makes the outbox of a branch of the one that it was copied with: nothing has left it,
/// and its world has another name.
pub(crate) fn begin_anew(connection: &Connection) -> rusqlite::Result<()> {
    identity::renew(connection)?;
    connection.execute_batch("DELETE FROM main.st_outbox; DELETE FROM main.st_relayed")
}

/// Makes an outbox whole of the rows that were salvaged: where one is missing or altered
/// it begins anew, as that of another world, since no reader could go on from it.
pub(crate) fn mend(connection: &Connection, findings: &mut Findings) -> Fallible<()> {
    let mut own = Findings::gathered();
    check(connection, &mut own)?;
    let found = own.into_sentences();
    if found.is_empty() {
        return Ok(());
    }
    let anew = "its outbox begins anew, under another world id".to_owned();
    for what in found.into_iter().chain([anew]) {
        findings.note(Failure::Damage(what))?;
    }
    Ok(begin_anew(connection)?)
}

/// How it stands.
pub(crate) fn standing(connection: &Connection) -> Fallible<OutboxStanding> {
    let number = |sql: &str| -> rusqlite::Result<u64> {
        let found: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(found.unwrap_or_default().unsigned_abs())
    };
    let sql = "SELECT seq, stream FROM st_relayed";
    let relayed = connection.prepare_cached(sql)?.query_row([], |row| {
        let (seq, stream): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(Relayed { seq: seq.unsigned_abs(), stream: stream.unsigned_abs() })
    });
    Ok(OutboxStanding {
        first: number("SELECT min(seq) FROM st_outbox")?,
        last: number("SELECT max(seq) FROM st_outbox")?,
        relayed: relayed.optional()?,
    })
}

/// Reads a row, which may come from anywhere.
pub(super) fn row(row: &rusqlite::Row<'_>) -> Fallible<OutboxRow> {
    let (seq, tick): (i64, i64) = (row.get(0)?, row.get(1)?);
    let kind: String = row.get(2)?;
    if seq < 1 || tick < 0 || !is_kind(&kind) {
        return damage(format!("row {seq} of its outbox is none"));
    }
    let entity = row.get::<_, Option<i64>>(3)?.map(|bits| Entity::from_bits(bits as u64));
    let (format, body, chain) = (format_of(row.get(4)?)?, row.get(5)?, row.get(6)?);
    let (seq, tick) = (seq.unsigned_abs(), tick.unsigned_abs());
    Ok(OutboxRow { seq, tick, kind, entity, format, body, chain })
}

/// Looks at all rows: whether each is one, and goes on from the one before it. Gives how
/// many there are.
pub(crate) fn check(connection: &Connection, findings: &mut Findings) -> Fallible<u64> {
    let mut before: Option<(u64, Digest)> = None;
    let mut count = 0;
    let select = "SELECT seq, tick, kind, entity, format, payload, chain FROM st_outbox
                  ORDER BY seq";
    findings.each(connection, select, [], |findings, found| {
        count += 1;
        let found = row(found)?;
        if let Some((seq, chain)) = before.replace((found.seq, found.chain))
            && (found.seq != seq + 1 || found.chain != link(&chain, &found))
        {
            let what = format!("row {} of its outbox does not go on from {seq}", found.seq);
            findings.note(Failure::Damage(what))?;
        }
        Ok(())
    })?;
    Ok(count)
}
