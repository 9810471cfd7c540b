//! Going back in time: a save becomes what it was after an earlier tick, or a
//! branch of it does.
//!
//! Everything later is taken out in one transaction, the world and the tables of
//! mods are put back, and the whole is checked as a save is when it opens,
//! before it is committed: it has the state hash that was recorded for the tick,
//! or stays as it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::tables::{self, Database, TableError};
use sandtable_world::ecs::{Registry, Role, World, from_json};
use sandtable_world::hash::StateHasher;
use sandtable_world::record::{Digest, Input};

use super::backup::Copied;
use super::clock::now_millis;
use super::declarations::Declarations;
use super::error::{Failure, Fallible, SaveError, damage};
use super::findings::Findings;
use super::head::{Head, seal, write_head};
use super::history::{HistoryReader, PastValue, Recorder, Store};
use super::lock::Lock;
use super::log::{self, AllTotals};
use super::mods::ModSet;
use super::page_writer::Index;
use super::save::{Restored, Save, begin};
use super::settings::{self, settings};
use super::shape::Shape;
use super::topics::topic_number;
use super::{backup, connect, draft, inbox, outbox, state};

/// Where a save stands after it was rewound or branched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewound {
    /// The tick at which it stood.
    pub from: u64,
    /// The tick at which it stands.
    pub tick: u64,
    /// The state hash of that tick.
    pub hash: Digest,
    /// Inputs that waited and are gone: the mods of that tick declare them so that
    /// there is no such value.
    pub lost_inputs: u64,
    /// The save that has what was ahead, where that was kept.
    pub ahead: Option<PathBuf>,
}

/// Takes a save back to an earlier tick. What is ahead of it is lost.
///
/// # Errors
///
/// The save is open in another process, its history does not reach back to the tick or
/// leaves components out, or it cannot be read or written. It stands where it stood
/// then.
pub fn rewind(path: &Path, tick: u64) -> Result<Rewound, SaveError> {
    let lock = Lock::take(&connect::find(path)?)?;
    go_back(path, tick, lock, None)
}

/// As [`rewind`], and keeps what is ahead as a save of its own beside this one.
///
/// # Errors
///
/// As [`rewind`], or the copy cannot be made. The copy of what is ahead is removed
/// again where the save stands where it stood.
pub fn rewind_and_keep(path: &Path, tick: u64) -> Result<Rewound, SaveError> {
    let path = &connect::find(path)?;
    // No process goes on with it between the copy and the way back.
    let lock = Lock::take(path)?;
    let before = standing(path)?;
    let ahead = keep_ahead(path, tick, &lock)?;
    let rewound = go_back(path, tick, lock, ahead.clone());
    if rewound.is_err() && standing(path).is_ok_and(|now| now == before) {
        // The save has all of it still.
        ahead.iter().for_each(|ahead| drop(std::fs::remove_file(ahead)));
    }
    rewound
}

fn go_back(
    path: &Path,
    tick: u64,
    lock: Lock,
    ahead: Option<PathBuf>,
) -> Result<Rewound, SaveError> {
    let path = &connect::find(path)?;
    let (save, _, world) = Save::open_locked(path, path, lock)?;
    let from = world.tick();
    let done = save.rewind_to(&world, tick).map_err(|failure| failure.of(path, "rewound"));
    let closed = save.close();
    let (hash, lost_inputs) = done?;
    closed?;
    Ok(Rewound { from, tick, hash, lost_inputs, ahead })
}

/// Copies a save, also while its world runs, and takes the copy back to an
/// earlier tick. The copy appears once it is whole.
///
/// # Errors
///
/// As [`rewind`], or the target is there already or cannot be written. The save is as
/// it was, and nothing is there under the name of the target.
pub fn branch(path: &Path, tick: u64, target: &Path) -> Result<Rewound, SaveError> {
    let lock = Lock::take(target)?;
    let mut rewound = None;
    draft::create_atomically(target, &lock, |draft| {
        backup::copy(path, draft, Copied::Branch)?;
        let of_draft = Lock::take(draft)?;
        rewound = Some(go_back(draft, tick, of_draft, None)?);
        Ok(())
    })?;
    rewound.ok_or_else(|| SaveError::Missing { path: path.to_owned() })
}

/// Keeps what is ahead of a tick as a save of its own beside this one, and gives
/// its name; nothing where nothing is. A copy that a process made which was
/// killed before it went back is as good as another.
fn keep_ahead(path: &Path, of: u64, lock: &Lock) -> Result<Option<PathBuf>, SaveError> {
    let (tick, sealed) = standing(path)?;
    if of > tick {
        return Ok(None);
    }
    let named = |count: u32| {
        let more = if count == 1 { String::new() } else { format!("-{count}") };
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-ahead-{tick}{more}.db"));
        path.with_file_name(name)
    };
    for target in (1..).map(named) {
        if !target.exists() {
            let draft = draft::copy_of(path);
            draft::begin(&draft, &target)?;
            let kept = backup::copy(path, &draft, Copied::Branch);
            let kept = kept.and_then(|_| draft::end(&draft, &target, lock));
            kept.inspect_err(|_| draft::remove(&draft))?;
            return Ok(Some(target));
        }
        if standing(&target).is_ok_and(|(_, other)| other == sealed) {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// The tick at which a save stands, and its seal, which no other commit has.
fn standing(path: &Path) -> Result<(u64, Digest), SaveError> {
    let connection = connect::reading(path)?;
    connect::recognise_as_it_is(&connection, path)?;
    let read = || -> Fallible<_> {
        let sql = "SELECT substr(seal, 1, 32) FROM main.st_world";
        Ok((
            HistoryReader::new(&connection).head()?,
            connection.query_row(sql, [], |row| row.get(0))?,
        ))
    };
    read().map_err(|failure| failure.of(path, "read"))
}

impl Save {
    fn rewind_to(&self, now: &World, tick: u64) -> Fallible<(Digest, u64)> {
        if tick > now.tick() {
            let head = now.tick();
            return told(format!(
                "stands at tick {head}, and {tick} is ahead of it: run it instead"
            ));
        }
        let database = self.database();
        let then = Then::read(&database, tick)?;
        let (mut world, copied) = {
            let connection = database.lock();
            let past = HistoryReader::new(&connection);
            let (mut world, omitted) = past.world(tick)?;
            if !omitted.is_empty() {
                return told(
                    "keeps the history of some components only, as `components` in [history] \
                     asks, so that no earlier world is whole"
                        .to_owned(),
                );
            }
            let tables = past.tables(tick, tick == 0)?;
            world.tables = Arc::new(tables.tables()?);
            (world, tables::copy(&tables.lock())?)
        };
        let state = StateHasher::default().digest(&world);
        if then.state.is_some_and(|recorded| recorded != state) {
            return damage(format!("its history leads to another world than tick {tick} left"));
        }
        database.restore(&copied).map_err(|error| match error {
            TableError::Sqlite(error) => Failure::Sqlite(error),
            error => Failure::Damage(error.to_string()),
        })?;
        world.tables = Arc::new(database.tables()?);
        let rewound = self.write_past(&database, now, &world, &then, state);
        if rewound.is_err() {
            database.undo_all();
        }
        rewound
    }

    fn write_past(
        &self,
        database: &Database,
        now: &World,
        world: &World,
        then: &Then,
        state: Digest,
    ) -> Fallible<(Digest, u64)> {
        let connection = database.lock();
        let transaction = begin(&connection)?;
        let waiting = waiting(&transaction, &now.registry, &world.registry)?;
        forget_later(&transaction, then)?;
        // Unread events come back as they were before any mod declared them anew.
        for (topic, _, unread) in world.events.iter() {
            let mut update = transaction.prepare(
                "UPDATE st_events SET payload = ?4 WHERE tick = ?1 AND topic = ?2 AND number = ?3",
            )?;
            for event in unread {
                let (tick, number) = (event.tick as i64, event.number as i64);
                update.execute(params![tick, topic_number(topic), number, event.payload])?;
            }
        }
        let mut lost_inputs = 0;
        for (row, payload) in waiting {
            let sql = "UPDATE st_inbox SET payload = ?2 WHERE id = ?1";
            if let Some(payload) = payload {
                transaction.execute(sql, params![row, payload])?;
            } else {
                lost_inputs += 1;
                transaction.execute("DELETE FROM st_inbox WHERE id = ?1", [row])?;
            }
        }
        let nothing = World::new(world.rows_per_page());
        state::write(&transaction, &nothing, world)?;
        Index::default().write(&transaction, &nothing, world)?;
        let totals = AllTotals::new();
        log::write(&transaction, &[], &nothing, world, &totals, now_millis())?;
        outbox::rewound(&transaction, now.tick(), world.tick())?;
        let head = Head {
            tick: then.tick,
            first_free: i64::from(world.entities.first_free()),
            committed_at: now_millis(),
            state,
            chain: then.chain,
        };
        let text = settings::last(&transaction)?;
        let mods = ModSet::read(&transaction)?;
        write_head(&transaction, &head, &seal(&head, &text, &world.registry, &mods), None)?;
        let recorder = Recorder::new(&settings(&transaction)?.history, &world.registry);
        let store = Store::read(&transaction)?;
        if recorder.is_on() && !store.reaches(then.tick) {
            store.write_whole(&transaction, world, false, &recorder)?;
        }
        if Restored::read(&transaction, &mut Findings::strict())?.head.state != state {
            return damage("it is not what it was");
        }
        transaction.commit()?;
        Ok((state, lost_inputs))
    }
}

/// The inputs that wait, by row, as other kinds have them than those of now;
/// nothing for one that they do not have.
fn waiting(
    connection: &Connection,
    now: &Registry,
    then: &Registry,
) -> Fallible<Vec<(i64, Option<Vec<u8>>)>> {
    if now == then {
        return Ok(Vec::new());
    }
    let declarations = Declarations::read(connection)?;
    let as_then = |(row, input): (i64, Input)| {
        let declared = now.get(input.kind).clone();
        let kind = then.known(input.kind).filter(|kind| kind.role == Role::Input);
        let payload = kind.and_then(|kind| {
            if kind.difference(&declared).is_none() {
                return Some(input.payload.to_vec());
            }
            let shape = Shape::new(kind.clone(), declarations.of(kind));
            let mut json = shape.json(&PastValue { kind: declared, bytes: input.payload });
            let fields = json.as_object_mut()?;
            fields.retain(|name, _| kind.fields.iter().any(|field| field.name == *name));
            from_json(kind, &json).ok()
        });
        (row, payload)
    };
    Ok(inbox::read(connection, now, 0)?.into_iter().map(as_then).collect())
}

/// What is known of the tick that is gone back to.
struct Then {
    tick: i64,
    /// Its recorded hash; none for the start of a world.
    state: Option<Digest>,
    chain: Digest,
    /// The last set of mods that ran in it, and the last settings.
    mods: i64,
    settings: i64,
}

impl Then {
    fn read(database: &Database, tick: u64) -> Fallible<Self> {
        let connection = database.lock();
        let tick = tick as i64;
        let hashes: Option<(Digest, Digest)> = connection
            .query_row("SELECT state, chain FROM st_ticks WHERE tick = ?1", [tick], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if tick > 0 && hashes.is_none() {
            return told(format!(
                "has no record of tick {tick}: it is older than what [history] keeps"
            ));
        }
        let last = |table: &str| -> Fallible<i64> {
            let sql = format!(
                "SELECT ifnull(max(number) FILTER (WHERE since < max(?1, 1)), min(number))
                 FROM {table}"
            );
            Ok(connection.query_row(&sql, [tick], |row| row.get(0))?)
        };
        Ok(Self {
            tick,
            state: hashes.map(|(state, _)| state),
            chain: hashes.map_or([0; 32], |(_, chain)| chain),
            mods: last("st_mod_sets")?,
            settings: last("st_settings")?,
        })
    }
}

fn told<T>(what: String) -> Fallible<T> {
    Err(Failure::Told(what))
}

/// Takes out whatever came after a tick, and the world as it is now.
fn forget_later(connection: &Connection, then: &Then) -> Fallible<()> {
    connection.execute(
        "UPDATE st_totals SET (runs, calls, rows, commands, stale, events, guest_ns, faults) = (
             SELECT st_totals.runs - count(*), st_totals.calls - ifnull(sum(later.calls), 0),
                    st_totals.rows - ifnull(sum(later.rows), 0),
                    st_totals.commands - ifnull(sum(later.commands), 0),
                    st_totals.stale - ifnull(sum(later.stale), 0),
                    st_totals.events - ifnull(sum(later.events), 0),
                    st_totals.guest_ns - ifnull(sum(later.guest_ns), 0),
                    st_totals.faults - (SELECT count(*) FROM st_faults
                                        WHERE system = st_totals.system AND tick > ?1)
             FROM st_runs AS later WHERE later.system = st_totals.system AND later.tick > ?1)",
        [then.tick],
    )?;
    for table in [
        "st_ticks",
        "st_inputs",
        "st_resumes",
        "st_edits",
        "st_requests",
        "st_runs",
        "st_faults",
        "st_exclusions",
        "st_halts",
        "st_suspensions",
        "st_set_aside",
        "st_events",
        "st_logs",
        "st_snapshots",
        "st_table_copies",
    ] {
        connection.execute(&format!("DELETE FROM {table} WHERE tick > ?1"), [then.tick])?;
    }
    // What other mods took over after the tick is later, too; at the start of a
    // world that is how it was made.
    for table in ["st_migrations", "st_conversions"] {
        let sql = format!("DELETE FROM {table} WHERE tick > 0 AND tick >= ?1");
        connection.execute(&sql, [then.tick])?;
    }
    for table in ["st_mods", "st_assets", "st_recasts"] {
        connection.execute(&format!("DELETE FROM {table} WHERE mod_set > ?1"), [then.mods])?;
    }
    connection.execute("DELETE FROM st_mod_sets WHERE number > ?1", [then.mods])?;
    connection.execute("DELETE FROM st_settings WHERE number > ?1", [then.settings])?;
    connection.execute("DELETE FROM st_deltas WHERE id >= (?1 + 1) << 16", [then.tick])?;
    connection.execute(
        "DELETE FROM st_keyframes WHERE tick > ?1 OR (tick = ?1 AND adopted = 1 AND tick > 0)",
        [then.tick],
    )?;
    connection.execute(
        "DELETE FROM st_keyframe_frames WHERE id >> 16 NOT IN (SELECT number FROM st_keyframes)",
        [],
    )?;
    for table in ["st_kinds", "st_fields"].iter().chain(state::OF_WORLD) {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}
