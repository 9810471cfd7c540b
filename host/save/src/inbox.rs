//! What comes from other processes, inputs and mods to resume: put into the save
//! by the process that sends it, taken by the one that runs the world, and gone
//! with the commit of the tick that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use sandtable_world::ecs::{Bytes, KindId, Registry, Role, SchemaChange, from_json};
use sandtable_world::edit::Edit;
use sandtable_world::record::{Given, Input, Request, RequestKey, SentEdit};

use super::error::{Failure, Fallible, SaveError, damage};
use super::findings::Findings;
use super::format::format;
use super::lock::Lock;
use super::restore::{check_value, read_kinds};
use super::settings::settings;
use super::{connect, mark, schema};

mod requests;
mod taken;

use requests::Put;
pub use requests::{EDITS_WAITING_MAX, INBOX_MAX, KnownRequest, RequestPlace};
pub(super) use requests::{keep, known, write};
pub(super) use taken::Taken;

/// Why a world takes no edits.
pub const NO_EDITS: &str = "the world does not grant edits: say `edit = true` under [api] in its \
                            world file, and take that over with `--accept-mods` or `sandtable dev`";

/// How the mods of a save stand, as far as it matters to who sends an input.
#[derive(Debug, Default)]
pub struct Standing {
    /// What each declared, by id.
    pub declarations: BTreeMap<String, String>,
    /// Which of them no longer take part, and which of their systems.
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

/// Ids of mods that no longer take part, and full names of systems whose mods go on
/// without them.
fn suspended(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut select = connection.prepare(
        "SELECT replace(id, ':', '/') FROM st_mod_states
                  WHERE suspended = 1 AND id NOT GLOB '*/*'",
    )?;
    select.query_map([], |row| row.get(0))?.collect()
}

/// What is sent to a world at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// Who sends it; free text.
    pub sender: String,
    /// By which it counts once, if it has one.
    pub key: Option<RequestKey>,
    /// Inputs by their full names, with their fields as JSON.
    pub inputs: Vec<(String, serde_json::Value)>,
    /// Changes by hand.
    pub edits: Vec<Edit>,
}

/// Puts what is sent into a save, all of it or nothing, also while another process runs
/// its world. Gives what is known of it, where it was sent before under its key.
///
/// When this returns, it is on disk.
///
/// # Errors
///
/// There is no such input, a value is none of its kind, `objection` has one to an input of
/// this name, the world does not grant edits, another request has the same key, too much
/// waits already, or the save cannot be read or written. Nothing is sent then; but where
/// only the disk failed to sync, it may be found after a crash.
pub fn send(
    path: &Path,
    parcel: &Parcel,
    objection: &dyn Fn(&str, &Standing) -> Option<String>,
) -> Result<Option<KnownRequest>, SaveError> {
    let path = &connect::find(path)?;
    let mut connection = connect::writing(path)?;
    let failed = |failure: Failure| failure.of(path, "written");
    connect::recognise_as_it_is(&connection, path)?;
    schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
    let is_plain = parcel.key.is_none() && parcel.edits.is_empty();
    let found = format(&connection).map_err(|error| failed(error.into()))?;
    if !is_plain && found < schema::FORMAT {
        // A version that runs it without these tables would never look into them.
        let _lock = Lock::take(path)?;
        schema::migrate(&mut connection).map_err(|error| failed(error.into()))?;
    }
    let standing = Standing::read(&connection).map_err(|error| failed(error.into()))?;
    let given = given(&connection, path, parcel, &standing, objection)?;
    let put = requests::put(&connection, &given, is_plain).map_err(failed)?;
    let known = match put {
        Put::Done => None,
        Put::Known(known) => Some(known),
        Put::Full(what) => {
            let what = format!("{what} in {} already: run the world first", path.display());
            return Err(match parcel.inputs.first() {
                Some((kind, _)) => SaveError::Input { kind: kind.clone(), what },
                None => SaveError::Edit { what },
            });
        }
    };
    connection.close().map_err(|(_, error)| failed(error.into()))?;
    Ok(known)
}

/// Which of these inputs could not be sent, by place, and why. Nothing is sent.
///
/// # Errors
///
/// The save cannot be read.
pub fn objections(
    path: &Path,
    inputs: &[(String, serde_json::Value)],
    objection: &dyn Fn(&str, &Standing) -> Option<String>,
) -> Result<Vec<(usize, String)>, SaveError> {
    let path = &connect::find(path)?;
    let connection = connect::reading(path)?;
    let failed = |failure: Failure| failure.of(path, "read");
    connect::recognise_as_it_is(&connection, path)?;
    let standing = Standing::read(&connection).map_err(|error| failed(error.into()))?;
    let registry = read_kinds(&connection).map_err(failed)?;
    let objects = |(at, input)| {
        let why = read_input(&registry, input, &standing, objection).err()?;
        Some((at, format!("`{}`: {why}", input.0)))
    };
    Ok(inputs.iter().enumerate().filter_map(objects).collect())
}

/// An input in the form that ticks take, or why it could not be sent.
fn read_input(
    registry: &Registry,
    (name, json): &(String, serde_json::Value),
    standing: &Standing,
    objection: &dyn Fn(&str, &Standing) -> Option<String>,
) -> Result<(KindId, Bytes), String> {
    let kind = find(registry, name)?;
    let payload = from_json(registry.get(kind), json)
        .map_err(|problem| format!("{problem}; its fields are {}", listed(registry, kind)))?;
    match objection(name, standing) {
        Some(why) => Err(why),
        None => Ok((kind, payload.into())),
    }
}

/// What a parcel gives a world, in the form that ticks take.
fn given(
    connection: &Connection,
    path: &Path,
    parcel: &Parcel,
    standing: &Standing,
    objection: &dyn Fn(&str, &Standing) -> Option<String>,
) -> Result<Given, SaveError> {
    let failed = |failure: Failure| failure.of(path, "read");
    let Parcel { sender, key, inputs, edits } = parcel;
    let registry = read_kinds(connection).map_err(failed)?;
    let mut given = Given::default();
    for input in inputs {
        let wrong = |what: String| SaveError::Input { kind: input.0.clone(), what };
        let (kind, payload) = read_input(&registry, input, standing, objection).map_err(wrong)?;
        given.inputs.push(Input { kind, sender: sender.clone(), payload });
    }
    if !edits.is_empty() && !settings(connection).map_err(failed)?.api.edit {
        return Err(SaveError::Edit { what: NO_EDITS.to_owned() });
    }
    let sent = |edit: &Edit| SentEdit { sender: sender.clone(), edit: edit.text() };
    given.edits.extend(edits.iter().map(sent));
    given.requests.push(Request {
        id: 0,
        sender: sender.clone(),
        key: key.clone(),
        inputs: 0..given.inputs.len(),
        edits: 0..given.edits.len(),
    });
    Ok(given)
}

/// Lets a suspended mod of a save, or a system that is suspended alone, take part again
/// from its next tick on, also while another process runs it, and keeps who asked for it.
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

/// Why a mod or a system cannot be resumed, of those that are suspended.
pub fn objection_to_resume(name: &str, suspended: &BTreeSet<String>) -> Option<String> {
    if suspended.contains(name) {
        return None;
    }
    let what = if name.contains('/') { "system" } else { "mod" };
    let others: Vec<String> = suspended.iter().map(|id| format!("`{id}`")).collect();
    Some(match others.as_slice() {
        [] => format!("{what} `{name}` is not suspended, and no other is"),
        others => format!("{what} `{name}` is not suspended; {} is", others.join(", ")),
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
