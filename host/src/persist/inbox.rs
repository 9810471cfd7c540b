//! Inputs from other processes: put into the save by whoever sends them, taken
//! by whoever runs the world, and gone with the commit of the tick that has
//! them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::ecs::{KindId, Recast, Registry, Role, from_json};
use crate::record::{Input, TickRecord};

use super::error::{Failure, Outcome, SaveError, damage};
use super::findings::Findings;
use super::restore::{check_value, read_kinds};
use super::{connect, schema};

/// Inputs that can wait in a save.
pub const INBOX_MAX: i64 = 100_000;

/// Gives a save an input for its next tick, also while another process runs it:
/// the input's full name, its fields as JSON, and who sends it.
///
/// When this returns, the input is on disk.
pub fn send(
    path: &Path,
    kind: &str,
    json: &serde_json::Value,
    sender: &str,
) -> Result<(), SaveError> {
    let path = &connect::find(path)?;
    let connection = connect::writing(path)?;
    connect::recognise_as_it_is(&connection, path)?;
    let failed = |failure: Failure| failure.of(path, "written");
    schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
    let registry = read_kinds(&connection).map_err(failed)?;
    let wrong = |what: String| SaveError::Input { kind: kind.to_owned(), what };
    let id = find(&registry, kind).map_err(wrong)?;
    let payload = from_json(registry.get(id), json)
        .map_err(|problem| wrong(format!("{problem}; its fields are {}", listed(&registry, id))))?;
    let written = write(&connection, id, sender, &payload).map_err(|error| failed(error.into()))?;
    if !written {
        return Err(wrong(format!(
            "{INBOX_MAX} inputs are waiting in {} already: run the world first",
            path.display()
        )));
    }
    connection.close().map_err(|(_, error)| failed(error.into()))
}

fn find(registry: &Registry, kind: &str) -> Result<KindId, String> {
    let input = |id: &KindId| registry.get(*id).role == Role::Input;
    if let Some(id) = registry.find(kind).filter(input) {
        return Ok(id);
    }
    let known: Vec<String> = registry
        .iter()
        .filter(|(id, _)| input(id))
        .map(|(id, kind)| format!("`{}` with {}", kind.name, listed(registry, id)))
        .collect();
    Err(match known.as_slice() {
        [] => "no mod of this world declares an input".to_owned(),
        known => format!("{}; there is {}", registry.why_no_input(kind), known.join(", and ")),
    })
}

fn listed(registry: &Registry, id: KindId) -> String {
    let fields = registry.get(id).fields.iter();
    let fields: Vec<String> =
        fields.map(|field| format!("`{}` ({})", field.name, field.ty)).collect();
    if fields.is_empty() { "no fields".to_owned() } else { fields.join(", ") }
}

fn write(
    connection: &Connection,
    kind: KindId,
    sender: &str,
    payload: &[u8],
) -> rusqlite::Result<bool> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let waiting: i64 =
        transaction.query_row("SELECT count(*) FROM st_inbox", [], |row| row.get(0))?;
    if waiting >= INBOX_MAX {
        return Ok(false);
    }
    transaction.execute(
        "INSERT INTO st_inbox (kind, sender, payload, sent_at)
         VALUES (?1, ?2, ?3, unixepoch('subsec') * 1000)",
        params![kind.0, sender, payload],
    )?;
    transaction.commit()?;
    Ok(true)
}

/// What waits after a row, oldest first, with its row.
pub(super) fn read(
    connection: &Connection,
    registry: &Registry,
    after: i64,
) -> Outcome<Vec<(i64, Input)>> {
    gather(connection, registry, after, &mut Findings::strict())
}

/// As [`read`], and leaves out what is damaged, where that is no error.
pub(super) fn gather(
    connection: &Connection,
    registry: &Registry,
    after: i64,
    findings: &mut Findings,
) -> Outcome<Vec<(i64, Input)>> {
    let mut inputs = Vec::new();
    let select = "SELECT id, kind, sender, payload FROM st_inbox WHERE id > ?1 ORDER BY id";
    findings.each(connection, select, [after], |_, row| {
        let (number, payload): (u32, Vec<u8>) = (row.get(1)?, row.get(3)?);
        let known = registry.iter().nth(number as usize);
        let Some((kind, declared)) = known.filter(|(_, kind)| kind.role == Role::Input) else {
            return damage(format!("its inbox has an input of kind {number}, which is none"));
        };
        check_value(declared, &payload)?;
        let input = Input { kind, sender: row.get(2)?, payload: payload.into() };
        inputs.push((row.get(0)?, input));
        Ok(())
    })?;
    Ok(inputs)
}

/// Brings waiting inputs along with kinds that are declared anew.
pub(super) fn recast(
    connection: &Connection,
    waiting: &[(i64, Input)],
    recasts: &BTreeMap<KindId, Recast>,
) -> Outcome<()> {
    for (row, input) in waiting {
        let Some(recast) = recasts.get(&input.kind) else { continue };
        let Some(payload) = recast.value(&input.payload) else {
            return damage(format!(
                "a waiting input `{}` has no value in its new declaration: run a tick first",
                recast.new.name
            ));
        };
        let mut update =
            connection.prepare_cached("UPDATE st_inbox SET payload = ?2 WHERE id = ?1")?;
        update.execute(params![row, payload])?;
    }
    Ok(())
}

/// Deletes those of the taken inputs that are in the records, and says which.
pub(super) fn delete_recorded(
    connection: &Connection,
    taken: &[(i64, Input)],
    records: &[TickRecord],
) -> rusqlite::Result<Vec<i64>> {
    let mut left: Vec<&(i64, Input)> = taken.iter().collect();
    let mut consumed = Vec::new();
    for input in records.iter().flat_map(|record| &record.inputs) {
        if let Some(place) = left.iter().position(|(_, waiting)| waiting == input) {
            consumed.push(left.remove(place).0);
        }
    }
    for row in &consumed {
        let mut delete = connection.prepare_cached("DELETE FROM st_inbox WHERE id = ?1")?;
        delete.execute([row])?;
    }
    Ok(consumed)
}
