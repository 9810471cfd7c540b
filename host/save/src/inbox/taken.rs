//! What was taken out of an inbox and not committed yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rusqlite::{Connection, params};

use sandtable_world::ecs::Registry;
use sandtable_world::record::{Given, Input, Request, RequestKey, Resume, SentEdit, TickRecord};

use super::super::error::Fallible;
use super::read;
use super::requests::Part;

/// What was taken out of an inbox and not committed yet, by row.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    inputs: Vec<(i64, Input)>,
    resumes: Vec<(i64, Resume)>,
    edits: Vec<(i64, SentEdit)>,
}

/// The rows that a commit took.
#[derive(Debug)]
pub(crate) struct Consumed {
    inputs: BTreeSet<i64>,
    resumes: BTreeSet<i64>,
    edits: BTreeSet<i64>,
}

impl Taken {
    /// What was sent and not taken before, oldest first.
    pub(crate) fn take(&mut self, connection: &Connection, registry: &Registry) -> Fallible<Given> {
        let inputs = read(connection, registry, last_row(&self.inputs))?;
        let mut select = connection.prepare_cached(
            "SELECT id, mod, sender FROM st_resume_inbox WHERE id > ?1 ORDER BY id",
        )?;
        let resumes = select.query_map([last_row(&self.resumes)], |row| {
            Ok((row.get(0)?, Resume { mod_id: row.get(1)?, sender: row.get(2)? }))
        })?;
        let resumes: Vec<(i64, Resume)> = resumes.collect::<Result<_, _>>()?;
        let mut select = connection.prepare_cached(
            "SELECT id, sender, edit FROM st_edit_inbox WHERE id > ?1 ORDER BY id",
        )?;
        let edits = select.query_map([last_row(&self.edits)], |row| {
            Ok((row.get(0)?, SentEdit { sender: row.get(1)?, edit: row.get(2)? }))
        })?;
        let edits: Vec<(i64, SentEdit)> = edits.collect::<Result<_, _>>()?;
        let requests = match inputs.is_empty() && edits.is_empty() {
            true => Vec::new(),
            false => requests(connection, &inputs, &edits)?,
        };
        let given = Given {
            inputs: inputs.iter().map(|(_, input)| input.clone()).collect(),
            resumes: resumes.iter().map(|(_, resume)| resume.clone()).collect(),
            edits: edits.iter().map(|(_, edit)| edit.clone()).collect(),
            requests,
        };
        self.inputs.extend(inputs);
        self.resumes.extend(resumes);
        self.edits.extend(edits);
        Ok(given)
    }

    /// Deletes what is in the records, and says which rows those were.
    pub(crate) fn delete_recorded(
        &self,
        connection: &Connection,
        records: &[TickRecord],
    ) -> rusqlite::Result<Consumed> {
        let inputs = records.iter().flat_map(|record| &record.inputs);
        let resumes = records.iter().flat_map(|record| &record.resumes);
        let edits = records.iter().flat_map(|record| &record.edits).map(|run| &run.sent);
        let consumed = Consumed {
            inputs: delete(connection, "st_inbox", &self.inputs, inputs)?,
            resumes: delete(connection, "st_resume_inbox", &self.resumes, resumes)?,
            edits: delete(connection, "st_edit_inbox", &self.edits, edits)?,
        };
        let parts = [(Part::Input, &consumed.inputs), (Part::Edit, &consumed.edits)];
        for (part, rows) in parts {
            for row in rows {
                let sql = "DELETE FROM st_inbox_requests WHERE part = ?1 AND id = ?2";
                connection.prepare_cached(sql)?.execute(params![part as i64, row])?;
            }
        }
        Ok(consumed)
    }

    /// Forgets what is committed.
    pub(crate) fn retain_others(&mut self, consumed: &Consumed) {
        self.inputs.retain(|(row, _)| !consumed.inputs.contains(row));
        self.resumes.retain(|(row, _)| !consumed.resumes.contains(row));
        self.edits.retain(|(row, _)| !consumed.edits.contains(row));
    }
}

/// What of inputs and edits was sent at once, by their places.
fn requests(
    connection: &Connection,
    inputs: &[(i64, Input)],
    edits: &[(i64, SentEdit)],
) -> Fallible<Vec<Request>> {
    let mut select = connection.prepare_cached(
        "SELECT part, id, request, sender, key, digest
         FROM st_inbox_requests LEFT JOIN st_requests USING (number) ORDER BY part, id",
    )?;
    let mut rows = select.query([])?;
    let mut requests: BTreeMap<i64, Request> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (part, id, number): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let place = match part == Part::Edit as i64 {
            true => edits.binary_search_by_key(&id, |(row, _)| *row),
            false => inputs.binary_search_by_key(&id, |(row, _)| *row),
        };
        let Ok(place) = place else { continue };
        let sender: Option<String> = row.get(3)?;
        let key: Option<String> = row.get(4)?;
        let digest = row.get::<_, Option<_>>(5)?;
        let request = requests.entry(number).or_insert_with(|| Request {
            id: number as u64,
            sender: sender.unwrap_or_default(),
            key: key.zip(digest).map(|(key, digest)| RequestKey { key, digest }),
            ..Request::default()
        });
        let range = match part == Part::Edit as i64 {
            true => &mut request.edits,
            false => &mut request.inputs,
        };
        *range = match range.len() {
            0 => place..place + 1,
            _ => range.start..place + 1,
        };
    }
    Ok(requests.into_values().collect())
}

fn last_row<T>(taken: &[(i64, T)]) -> i64 {
    taken.iter().map(|(row, _)| *row).max().unwrap_or(0)
}

fn delete<'a, T: PartialEq + 'a>(
    connection: &Connection,
    table: &str,
    taken: &[(i64, T)],
    recorded: impl Iterator<Item = &'a T>,
) -> rusqlite::Result<BTreeSet<i64>> {
    let mut left: VecDeque<&(i64, T)> = taken.iter().collect();
    let mut consumed = BTreeSet::new();
    for item in recorded {
        // Ticks have them in the order in which they were taken.
        if let Some(place) = left.iter().position(|(_, waiting)| waiting == item) {
            consumed.extend(left.remove(place).map(|(row, _)| *row));
        }
    }
    for row in &consumed {
        let sql = format!("DELETE FROM {table} WHERE id = ?1");
        connection.prepare_cached(&sql)?.execute([row])?;
    }
    Ok(consumed)
}
