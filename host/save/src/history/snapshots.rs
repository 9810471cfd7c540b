//! Snapshots: ticks with a name, which can be gone back to for as long as they
//! are there.
//!
//! A snapshot is a row and nothing else while history reaches back to its tick,
//! so that making one costs nothing. Before history is pruned past it, it gets a
//! keyframe and a copy of the tables of mods.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::super::clock::now_millis;
use super::super::error::{Failure, Fallible, SaveError};
use super::super::findings::Findings;
use super::super::lock::Lock;
use super::super::save::Restored;
use super::super::settings::settings;
use super::super::{connect, mark, schema};
use super::anchor::APART;
use super::frames::compress;
use super::keyframe_rows;
use super::reader::HistoryReader;
use super::recorder::Recorder;
use crate::tables;
use sandtable_world::config::SnapshotSettings;
use sandtable_world::ecs::World;
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Digest;

/// A tick with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// The tick.
    pub tick: u64,
    /// What its maker wanted to remember about it.
    pub note: String,
    /// When it was made.
    pub made_at: SystemTime,
    /// Whether the world made it by itself, as `[snapshots]` says.
    pub is_automatic: bool,
}

/// Characters that a name may have.
const NAME_CHARS_MAX: usize = 64;

/// Names the last committed tick of a save, also while its world runs. Where
/// history is kept that is a row and takes no time; a world that keeps none must
/// not run, and its world and tables are copied. Of a world that keeps one of
/// many ticks, the last of these is named. Gives what was made.
///
/// # Errors
///
/// There is no save at the path, it is damaged, the name is taken or none, the world
/// runs and keeps no history, or the save cannot be written. It is as it was then.
pub fn snapshot(path: &Path, name: &str, note: &str) -> Result<Snapshot, SaveError> {
    let path = &connect::find(path)?;
    let connection = connect::writing(path)?;
    connect::recognise_as_it_is(&connection, path)?;
    let failed = |failure: Failure| failure.of(path, "written");
    schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
    let settings = settings(&connection).map_err(failed)?;
    let every = settings.history.every_ticks.max(1);
    let is_kept = || -> Fallible<bool> {
        let past = HistoryReader::new(&connection);
        let head = past.head()?;
        let whole = settings.history.every_ticks > 0 && settings.history.components.is_empty();
        Ok(whole && past.reaches(head - head % every)?)
    };
    let lock = match is_kept().map_err(failed)? {
        true => None,
        // All of the world is written, and it must not go on meanwhile.
        false => Some(Lock::take(path)?),
    };
    let write = || -> Fallible<()> {
        connection.pragma_update(None, "synchronous", "FULL")?;
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        check_asked(&transaction, name)?;
        let head = HistoryReader::new(&transaction).head()?;
        if lock.is_some() {
            let world = Restored::read(&transaction, &mut Findings::strict())?.world;
            add(&transaction, name, head as i64, note, false)?;
            keep_whole(&transaction, &world)?;
        } else {
            add(&transaction, name, (head - head % every) as i64, note, false)?;
        }
        mark::advance(&transaction)?;
        Ok(transaction.commit()?)
    };
    write().map_err(failed)?;
    let all = list(&connection).map_err(|error| failed(error.into()))?;
    all.into_iter()
        .find(|made| made.name == name)
        .ok_or_else(|| SaveError::Missing { path: path.clone() })
}

/// Every snapshot of a save, by tick.
///
/// # Errors
///
/// There is no save at the path, or it cannot be read.
pub fn snapshots(path: &Path) -> Result<Vec<Snapshot>, SaveError> {
    let path = &connect::find(path)?;
    let connection = connect::reading(path)?;
    connect::recognise_as_it_is(&connection, path)?;
    list(&connection).map_err(|error| Failure::from(error).of(path, "read"))
}

/// The tick that a snapshot names.
///
/// # Errors
///
/// As [`snapshots`], or no snapshot has that name: then the sentence names all there
/// are.
pub fn snapshot_tick(path: &Path, name: &str) -> Result<u64, SaveError> {
    let all = snapshots(path)?;
    let names: Vec<&str> = all.iter().map(|snapshot| snapshot.name.as_str()).collect();
    let what = match names.as_slice() {
        [] => format!("has no snapshot `{name}`, and no other"),
        names => format!("has no snapshot `{name}`; it has {}", names.join(", ")),
    };
    let found = all.iter().find(|snapshot| snapshot.name == name);
    found.map(|snapshot| snapshot.tick).ok_or(SaveError::Cannot { path: path.to_owned(), what })
}

/// Takes the name away from a tick, also while the world runs.
///
/// # Errors
///
/// As [`snapshot_tick`], or the save cannot be written. It is as it was then.
pub fn forget_snapshot(path: &Path, name: &str) -> Result<(), SaveError> {
    snapshot_tick(path, name)?;
    let path = &connect::find(path)?;
    let connection = connect::writing(path)?;
    let forget = || -> Fallible<()> {
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        remove(&transaction, name)?;
        mark::advance(&transaction)?;
        Ok(transaction.commit()?)
    };
    forget().map_err(|failure| failure.of(path, "written"))
}

fn list(connection: &Connection) -> rusqlite::Result<Vec<Snapshot>> {
    let mut select = connection.prepare(
        "SELECT name, tick, note, made_at, automatic FROM st_snapshots ORDER BY tick, name",
    )?;
    let snapshots = select.query_map([], |row| {
        let made_at = Duration::from_millis(row.get::<_, i64>(3)?.unsigned_abs());
        Ok(Snapshot {
            name: row.get(0)?,
            tick: row.get::<_, i64>(1)?.unsigned_abs(),
            note: row.get(2)?,
            made_at: SystemTime::UNIX_EPOCH.checked_add(made_at).unwrap_or(SystemTime::UNIX_EPOCH),
            is_automatic: row.get(4)?,
        })
    })?;
    snapshots.collect()
}

/// How the names of automatic snapshots begin.
const AUTOMATIC: &str = "auto-";

/// Checks that a person can give a snapshot this name.
pub(crate) fn check_asked(connection: &Connection, name: &str) -> Fallible<()> {
    if name.starts_with(AUTOMATIC) {
        return Err(Failure::Told(format!(
            "makes snapshots whose names begin with `{AUTOMATIC}` by itself: give another name"
        )));
    }
    check_name(connection, name)
}

/// Checks that a snapshot can have this name.
fn check_name(connection: &Connection, name: &str) -> Fallible<()> {
    let is_name = !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control);
    if !is_name {
        return Err(Failure::Told(format!(
            "takes names of snapshots of 1 to {NAME_CHARS_MAX} letters, and `{name}` is none"
        )));
    }
    let known: Option<i64> = connection
        .query_row("SELECT tick FROM st_snapshots WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Err(Failure::Told(format!(
            "has a snapshot `{name}` already, of tick {known}: give another name, or remove that one"
        )));
    }
    Ok(())
}

/// Names a tick.
pub(crate) fn add(
    connection: &Connection,
    name: &str,
    tick: i64,
    note: &str,
    is_automatic: bool,
) -> Fallible<()> {
    check_name(connection, name)?;
    connection.execute(
        "INSERT INTO st_snapshots (name, tick, note, made_at, automatic)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![name, tick, note, now_millis(), is_automatic],
    )?;
    Ok(())
}

/// Names a tick, unless it has become known meanwhile that it cannot have this
/// name: no commit fails for that.
pub(crate) fn add_or_warn(
    connection: &Connection,
    name: &str,
    tick: i64,
    note: &str,
    is_automatic: bool,
) -> Fallible<()> {
    match add(connection, name, tick, note, is_automatic) {
        Err(Failure::Told(why)) => {
            tracing::warn!("tick {tick} gets no snapshot `{name}`: the save {why}");
            Ok(())
        }
        added => added,
    }
}

/// Gives the snapshots of the tick at which a world stands all that they need.
pub(crate) fn keep_whole(connection: &Connection, world: &World) -> Fallible<()> {
    let recorded: Option<Digest> = connection
        .query_row("SELECT state FROM st_ticks WHERE tick = ?1", [world.tick() as i64], |row| {
            row.get(0)
        })
        .optional()?;
    if recorded.is_some_and(|recorded| recorded != StateHasher::default().digest(world)) {
        return Err(Failure::Told(
            "has taken over other mods since its last tick: run a tick first".to_owned(),
        ));
    }
    let number = keyframe_rows::write_apart(connection, world, &Default::default())?;
    let tick = world.tick() as i64;
    keep_tables(connection, tick, &tables::copy(connection)?)?;
    let sql = "UPDATE st_snapshots SET keyframe = ?2 WHERE tick = ?1";
    connection.execute(sql, params![tick, number])?;
    Ok(())
}

/// Makes the automatic snapshots of ticks that are committed, and removes the
/// oldest where there are too many.
pub(crate) fn rotate(
    connection: &Connection,
    settings: &SnapshotSettings,
    ticks: impl Iterator<Item = u64>,
    world: &World,
    recorder: &Recorder,
) -> Fallible<()> {
    if settings.every_ticks == 0 {
        return Ok(());
    }
    for tick in ticks.filter(|tick| tick.is_multiple_of(settings.every_ticks)) {
        let is_last = tick == world.tick();
        let name = format!("{AUTOMATIC}{tick}");
        if recorder.is_whole(tick) {
            add_or_warn(connection, &name, tick as i64, "", true)?;
        } else if is_last {
            add_or_warn(connection, &name, tick as i64, "", true)?;
            keep_whole(connection, world)?;
        }
    }
    if settings.keep > 0 {
        let mut select = connection.prepare_cached(
            "SELECT name FROM st_snapshots WHERE automatic = 1 ORDER BY tick DESC LIMIT -1 OFFSET ?1",
        )?;
        let names = select.query_map([settings.keep as i64], |row| row.get(0))?;
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        names.iter().try_for_each(|name| remove(connection, name))?;
    }
    Ok(())
}

fn remove(connection: &Connection, name: &str) -> Fallible<()> {
    let sql = "DELETE FROM st_snapshots WHERE name = ?1 RETURNING keyframe";
    let keyframe: Option<i64> = connection.query_row(sql, [name], |row| row.get(0))?;
    if let Some(number) = keyframe {
        let sql = "SELECT EXISTS (SELECT 1 FROM st_snapshots WHERE keyframe = ?1)";
        if !connection.query_row(sql, [number], |row| row.get::<_, bool>(0))? {
            keyframe_rows::delete_keyframe(connection, number)?;
        }
    }
    // A copy of tables is kept for as long as history or a snapshot needs it.
    connection.execute(
        "DELETE FROM st_table_copies
         WHERE tick NOT IN (SELECT tick FROM st_snapshots)
             AND tick < (SELECT ifnull(min(tick), ?2) FROM st_keyframes WHERE number < ?1)",
        [APART, i64::MAX],
    )?;
    Ok(())
}

/// Gives snapshots of ticks before this one what they need to be gone back to
/// without history. One whose tick history has lost goes.
pub(super) fn detach(connection: &Connection, first_tick: i64) -> Fallible<()> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT tick FROM st_snapshots WHERE tick < ?1 AND keyframe IS NULL",
    )?;
    let ticks: Vec<i64> =
        select.query_map([first_tick], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for tick in ticks {
        let past = HistoryReader::new(connection);
        let whole = past.world(tick.unsigned_abs()).and_then(|(world, omitted)| {
            let tables = past.tables(tick.unsigned_abs(), false)?;
            let copied = tables::copy(&tables.lock())?;
            Ok((world, omitted, copied))
        });
        match whole {
            Ok((world, omitted, copied)) => {
                let number = keyframe_rows::write_apart(connection, &world, &omitted)?;
                keep_tables(connection, tick, &copied)?;
                connection.execute(
                    "UPDATE st_snapshots SET keyframe = ?2 WHERE tick = ?1",
                    params![tick, number],
                )?;
            }
            Err(Failure::Sqlite(error)) => return Err(error.into()),
            Err(failure) => {
                let why = failure.told();
                tracing::warn!("the snapshot of tick {tick} is lost: {why}");
                connection.execute("DELETE FROM st_snapshots WHERE tick = ?1", [tick])?;
            }
        }
    }
    Ok(())
}

/// Keeps a copy of the tables of mods as a tick left them.
pub(crate) fn keep_tables(
    connection: &Connection,
    tick: i64,
    copied: &[u8],
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO st_table_copies (tick, data) VALUES (?1, ?2)",
        params![tick, compress(copied)],
    )?;
    Ok(())
}
