//! What comes from other processes, inputs and mods to resume: put into the save
//! by the process that sends it, taken by the one that runs the world, and gone
//! with the commit of the tick that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use sandtable_world::ecs::{KindId, Registry, Role, SchemaChange, from_json};
use sandtable_world::record::{Given, Input, Resume, TickRecord};

use super::error::{Failure, Fallible, SaveError, damage};
use super::findings::Findings;
use super::lock::Lock;
use super::restore::{check_value, read_kinds};
use super::{connect, mark, schema};

/// Inputs that can wait in a save.
pub const INBOX_MAX: i64 = 100_000;

/// How the mods of a save stand, as far as it matters to who sends an input.
#[derive(Debug, Default)]
pub struct Standing {
    /// What each declared, by id.
    pub declarations: BTreeMap<String, String>,
    /// Which of them no longer take part.
    pub suspended: BTreeSet<String>,
    /// Systems that have run, by full name.
    pub ran: BTreeSet<String>,
}

impl Standing {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare(
            "SELECT id, declaration FROM st_mods
             WHERE mod_set = (SELECT max(number) FROM st_mod_sets)",
        )?;
        let declarations = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut select = connection.prepare("SELECT name FROM st_systems WHERE last_run > 0")?;
        let ran = select.query_map([], |row| row.get(0))?;
        Ok(Self {
            declarations: declarations.collect::<Result<_, _>>()?,
            suspended: suspended(connection)?,
            ran: ran.collect::<Result<_, _>>()?,
        })
    }
}

/// Ids of mods that no longer take part.
fn suspended(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut select = connection
        .prepare("SELECT id FROM st_mod_states WHERE suspended = 1 AND id NOT GLOB '*/*'")?;
    select.query_map([], |row| row.get(0))?.collect()
}

/// Puts an input into a save, unless there is an objection to it.
///
/// # Errors
///
/// There is no such input, the value is none of its kind, there is an objection, too
/// many inputs wait already, or the save cannot be read or written. Nothing is sent
/// then; but where only the disk failed to sync, it may be found after a crash.
pub fn send(
    path: &Path,
    kind: &str,
    json: &serde_json::Value,
    sender: &str,
    objection: &dyn Fn(&Standing) -> Option<String>,
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
    let standing = Standing::read(&connection).map_err(|error| failed(error.into()))?;
    if let Some(why) = objection(&standing) {
        return Err(wrong(why));
    }
    let written = write(&connection, id, sender, &payload).map_err(|error| failed(error.into()))?;
    if !written {
        return Err(wrong(format!(
            "{INBOX_MAX} inputs are waiting in {} already: run the world first",
            path.display()
        )));
    }
    connection.close().map_err(|(_, error)| failed(error.into()))
}

/// Lets a suspended mod of a save take part again from its next tick on, also
/// while another process runs it, and keeps who asked for it.
///
/// When this returns, it is on disk.
///
/// # Errors
///
/// That the mod is not suspended, or that the save cannot be written.
pub fn resume(path: &Path, mod_id: &str, sender: &str) -> Result<(), SaveError> {
    let path = &connect::find(path)?;
    let mut connection = connect::writing(path)?;
    let failed = |failure: Failure| failure.of(path, "written");
    let found = connect::recognise(&connection, path)?;
    schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
    if found < schema::FORMAT {
        // A version that runs it without this table would never look into it.
        let _lock = Lock::take(path)?;
        schema::migrate(&mut connection).map_err(|error| failed(error.into()))?;
    }
    let suspended = suspended(&connection).map_err(|error| failed(error.into()))?;
    if let Some(what) = objection_to_resume(mod_id, &suspended) {
        return Err(SaveError::Query { what });
    }
    let write = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "synchronous", "FULL")?;
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO st_resume_inbox (mod, sender, sent_at)
             SELECT ?1, ?2, unixepoch('subsec') * 1000
             WHERE NOT EXISTS (SELECT 1 FROM st_resume_inbox WHERE mod = ?1)",
            params![mod_id, sender],
        )?;
        mark::advance(&transaction)?;
        transaction.commit()
    };
    write().map_err(|error| failed(error.into()))?;
    connection.close().map_err(|(_, error)| failed(error.into()))
}

/// Why a mod cannot be resumed, of those that are suspended.
pub fn objection_to_resume(mod_id: &str, suspended: &BTreeSet<String>) -> Option<String> {
    if suspended.contains(mod_id) {
        return None;
    }
    let others: Vec<String> = suspended.iter().map(|id| format!("`{id}`")).collect();
    Some(match others.as_slice() {
        [] => format!("mod `{mod_id}` is not suspended, and no other is"),
        others => format!("mod `{mod_id}` is not suspended; {} is", others.join(", ")),
    })
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
    mark::advance(&transaction)?;
    transaction.commit()?;
    Ok(true)
}

/// What waits after a row, oldest first, with its row.
pub(super) fn read(
    connection: &Connection,
    registry: &Registry,
    after: i64,
) -> Fallible<Vec<(i64, Input)>> {
    gather(connection, registry, after, &mut Findings::strict())
}

/// As [`read`], and leaves out what is damaged, where that is no error.
pub(super) fn gather(
    connection: &Connection,
    registry: &Registry,
    after: i64,
    findings: &mut Findings,
) -> Fallible<Vec<(i64, Input)>> {
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
pub(super) fn change_schema(
    connection: &Connection,
    waiting: &[(i64, Input)],
    schema_changes: &BTreeMap<KindId, SchemaChange>,
) -> Fallible<()> {
    for (row, input) in waiting {
        let Some(change) = schema_changes.get(&input.kind) else { continue };
        let Some(payload) = change.value(&input.payload) else {
            return damage(format!(
                "a waiting input `{}` has no value in its new declaration: run a tick first",
                change.new.name
            ));
        };
        let mut update =
            connection.prepare_cached("UPDATE st_inbox SET payload = ?2 WHERE id = ?1")?;
        update.execute(params![row, payload])?;
    }
    Ok(())
}

/// What was taken out of an inbox and not committed yet, by row.
#[derive(Debug, Default)]
pub(super) struct Taken {
    inputs: Vec<(i64, Input)>,
    resumes: Vec<(i64, Resume)>,
}

/// The rows that a commit took.
#[derive(Debug)]
pub(super) struct Consumed {
    inputs: Vec<i64>,
    resumes: Vec<i64>,
}

impl Taken {
    /// What was sent and not taken before, oldest first.
    pub(super) fn take(&mut self, connection: &Connection, registry: &Registry) -> Fallible<Given> {
        let inputs = read(connection, registry, last_row(&self.inputs))?;
        let mut select = connection.prepare_cached(
            "SELECT id, mod, sender FROM st_resume_inbox WHERE id > ?1 ORDER BY id",
        )?;
        let resumes = select.query_map([last_row(&self.resumes)], |row| {
            Ok((row.get(0)?, Resume { mod_id: row.get(1)?, sender: row.get(2)? }))
        })?;
        let resumes: Vec<(i64, Resume)> = resumes.collect::<Result<_, _>>()?;
        let given = Given {
            inputs: inputs.iter().map(|(_, input)| input.clone()).collect(),
            resumes: resumes.iter().map(|(_, resume)| resume.clone()).collect(),
        };
        self.inputs.extend(inputs);
        self.resumes.extend(resumes);
        Ok(given)
    }

    /// Deletes what is in the records, and says which rows those were.
    pub(super) fn delete_recorded(
        &self,
        connection: &Connection,
        records: &[TickRecord],
    ) -> rusqlite::Result<Consumed> {
        let inputs = records.iter().flat_map(|record| &record.inputs);
        let resumes = records.iter().flat_map(|record| &record.resumes);
        Ok(Consumed {
            inputs: delete(connection, "st_inbox", &self.inputs, inputs)?,
            resumes: delete(connection, "st_resume_inbox", &self.resumes, resumes)?,
        })
    }

    /// Forgets what is committed.
    pub(super) fn retain_others(&mut self, consumed: &Consumed) {
        self.inputs.retain(|(row, _)| !consumed.inputs.contains(row));
        self.resumes.retain(|(row, _)| !consumed.resumes.contains(row));
    }
}

fn last_row<T>(taken: &[(i64, T)]) -> i64 {
    taken.iter().map(|(row, _)| *row).max().unwrap_or(0)
}

fn delete<'a, T: PartialEq + 'a>(
    connection: &Connection,
    table: &str,
    taken: &[(i64, T)],
    recorded: impl Iterator<Item = &'a T>,
) -> rusqlite::Result<Vec<i64>> {
    let mut left: Vec<&(i64, T)> = taken.iter().collect();
    let mut consumed = Vec::new();
    for item in recorded {
        if let Some(place) = left.iter().position(|(_, waiting)| waiting == item) {
            consumed.push(left.remove(place).0);
        }
    }
    for row in &consumed {
        let sql = format!("DELETE FROM {table} WHERE id = ?1");
        connection.prepare_cached(&sql)?.execute([row])?;
    }
    Ok(consumed)
}
