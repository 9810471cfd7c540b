//! Salvages what is whole of a damaged save into a new one.
//!
//! The save itself is never touched: a copy of it is read row by row into fresh
//! tables, as far as SQLite comes from either end of each. What those hold is
//! restored as it is when a save opens, only that whatever is damaged is left
//! out; the world that is left is written anew. The repair is recorded as a set
//! of mods, so that no reader takes the ticks before it for a way to the world
//! after it.

mod rows;

use std::fs::{File, OpenOptions};
use std::path::Path;

use rusqlite::{Connection, params};

use super::check::{Checked, contents, history, logs, look};
use super::clock::now_millis;
use super::draft::create_atomically;
use super::error::{Failure, Fallible, SaveError, damage};
use super::findings::Findings;
use super::head::{Head, seal, write_head};
use super::lock::{Lock, beside};
use super::log::{self, AllTotals};
use super::mods::{Cause, ModSet};
use super::page_writer::Index;
use super::restore::TICK_MAX;
use super::save::Restored;
use super::{connect, inbox, mark, outbox, schema, settings, state};
use sandtable_world::ecs::World;
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Digest;

/// What a repaired save holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The tick that it stands at.
    pub tick: u64,
    /// The state hash of its world.
    pub hash: Digest,
    /// Entities that are left.
    pub entities: u64,
    /// What was wrong, and so is lost or was put right, in a sentence each.
    pub findings: Vec<String>,
}

/// Salvages what is whole of a save into a file that is not there yet.
///
/// # Errors
///
/// There is nothing to repair or nothing to be salvaged, the save is open in another
/// process, or the target is there already or cannot be written. The save is as it was,
/// and nothing is there under the name of the target.
pub fn repair(path: &Path, target: &Path) -> Result<Repaired, SaveError> {
    let path = connect::find(path)?;
    if target.exists() {
        return Err(SaveError::Exists { path: target.to_owned() });
    }
    // No process writes while it is copied.
    let _held = Lock::take(&path)?;
    let lock = Lock::take(target)?;
    let mut findings = Findings::gathered();
    let mut left = None;
    let copy = beside(target, ".damaged");
    let tidy = || {
        for leftover in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&copy, leftover));
        }
    };
    // The log of another copy, which a killed process left, would be replayed.
    tidy();
    let made = create_atomically(target, &lock, |draft| {
        duplicate(&path, &copy)?;
        // Why it cannot be opened is said of the save, not of its copy.
        let damaged = connect::writing(&copy)
            .and_then(|damaged| connect::recognise_as_it_is(&damaged, &copy).map(|()| damaged))
            .map_err(|error| match connect::reading(&path) {
                Ok(found) => connect::recognise_as_it_is(&found, &path).err().unwrap_or(error),
                Err(error) => error,
            })?;
        let salvaged = salvage(&damaged, draft, &mut findings);
        left = Some(salvaged.map_err(|failure| failure.of(&path, "repaired"))?);
        Ok(())
    });
    tidy();
    made?;
    let findings = findings.into_sentences();
    match left {
        Some((head, entities)) if !findings.is_empty() => {
            Ok(Repaired { tick: head.tick.unsigned_abs(), hash: head.state, entities, findings })
        }
        _ => {
            let _ = std::fs::remove_file(target);
            Err(SaveError::Sound { path })
        }
    }
}

/// Copies a save and its log. A save that is too short gets its length back,
/// without which SQLite does not look at it.
fn duplicate(path: &Path, copy: &Path) -> Result<(), SaveError> {
    let failed = |cause| SaveError::Io { path: path.to_owned(), doing: "copied", cause };
    std::fs::copy(path, copy).map_err(failed)?;
    let log = beside(path, "-wal");
    if log.exists() {
        std::fs::copy(&log, beside(copy, "-wal")).map_err(failed)?;
    }
    if let Err(SaveError::Truncated { found, expected, .. }) =
        connect::reading(path).and_then(|found| connect::recognise_as_it_is(&found, path))
        && expected <= found.saturating_mul(TRUNCATED_MAX)
    {
        let file: File = OpenOptions::new().write(true).open(copy).map_err(failed)?;
        file.set_len(expected).map_err(failed)?;
    }
    Ok(())
}

/// How many times its length a save may once have had: a claim costs nothing.
const TRUNCATED_MAX: u64 = 1 << 10;

/// Gives what the new save stands at, and how many entities are left.
fn salvage(damaged: &Connection, draft: &Path, findings: &mut Findings) -> Fallible<(Head, u64)> {
    let made = connect::creating(draft);
    let mut fresh = made.map_err(|error| Failure::Damage(error.to_string()))?;
    schema::migrate(&mut fresh)?;
    fresh.execute_batch("BEGIN IMMEDIATE")?;
    rows::copy(damaged, &fresh, findings)?;
    let left = mend(&fresh, findings)?;
    let mut again = Findings::gathered();
    look(&fresh, &mut Checked::default(), &mut again)?;
    if let Some(still) = again.into_sentences().first() {
        return damage(format!("it cannot be repaired, because then still {still}"));
    }
    fresh.execute_batch("COMMIT")?;
    fresh.pragma_update(None, "journal_mode", "WAL")?;
    fresh.close().map_err(|(_, error)| error)?;
    Ok(left)
}

/// Makes a whole save of the rows that were salvaged.
fn mend(fresh: &Connection, findings: &mut Findings) -> Fallible<(Head, u64)> {
    mend_head(fresh, findings)?;
    let Restored { world, head, .. } = Restored::read(fresh, findings)?;
    logs::chain(fresh, &head, findings)?;
    for table in state::OF_WORLD {
        fresh.execute(&format!("DELETE FROM main.{table}"), [])?;
    }
    let mut nothing = World::new(world.rows_per_page());
    nothing.registry = world.registry.clone();
    state::write(fresh, &nothing, &world)?;
    Index::default().write(fresh, &nothing, &world)?;
    let recorded = head.state;
    let head = Head {
        first_free: i64::from(world.entities.first_free()),
        committed_at: now_millis(),
        state: StateHasher::default().digest(&world),
        ..head
    };
    mend_history(fresh, head.state == recorded, findings)?;
    log::write(fresh, &[], &nothing, &world, &AllTotals::new(), head.committed_at)?;
    logs::strays(fresh, findings)?;
    for (table, so, _) in logs::STRAY {
        fresh.execute(&format!("DELETE FROM main.{table} WHERE {so}"), [])?;
    }
    for (table, tick, number) in logs::payloads(fresh, &world.registry, findings)? {
        let sql = format!("DELETE FROM main.{table} WHERE tick = ?1 AND number = ?2");
        fresh.execute(&sql, [tick, number])?;
    }
    let sound = inbox::gather(fresh, &world.registry, 0, &mut Findings::gathered())?;
    let sound: Vec<String> = sound.iter().map(|(row, _)| row.to_string()).collect();
    let sql = format!("DELETE FROM st_inbox WHERE id NOT IN ({})", sound.join(", "));
    fresh.execute(&sql, [])?;
    for digest in contents::lost(fresh, findings)?.1 {
        fresh.execute(
            "INSERT INTO st_blobs (digest, bytes, data) VALUES (?1, 0, NULL)
             ON CONFLICT (digest) DO UPDATE SET data = NULL",
            params![digest],
        )?;
    }
    outbox::mend(fresh, findings)?;
    let mods = record(fresh, head.tick)?;
    let text = settings::last(fresh)?;
    write_head(fresh, &head, &seal(&head, &text, &world.registry, &mods), None)?;
    mark::claim(fresh)?;
    Ok((head, u64::from(world.entities.alive())))
}

/// Keeps history where all of it is whole and leads to the world as it is now.
fn mend_history(fresh: &Connection, leads_here: bool, findings: &mut Findings) -> Fallible<()> {
    let mut of_history = Findings::gathered();
    let ticks = history::check(fresh, &mut of_history)?;
    if leads_here && of_history.count() == 0 {
        return Ok(());
    }
    for what in of_history.into_sentences() {
        findings.note(Failure::Damage(what))?;
    }
    if ticks > 0 {
        let what = "its history is left behind: no earlier tick can be gone back to";
        findings.note(Failure::Damage(what.to_owned()))?;
    }
    for table in OF_HISTORY {
        fresh.execute(&format!("DELETE FROM main.{table}"), [])?;
    }
    Ok(())
}

/// The tables of history.
const OF_HISTORY: &[&str] =
    &["st_deltas", "st_keyframes", "st_keyframe_frames", "st_table_copies", "st_snapshots"];

/// Without the row of the world, it stands where its last tick left it.
fn mend_head(fresh: &Connection, findings: &mut Findings) -> Fallible<()> {
    fresh.execute(
        "DELETE FROM st_world WHERE tick NOT BETWEEN 0 AND ?1 OR length(state) <> 32 OR length(chain) <> 32
             OR length(seal) < 32",
        [TICK_MAX],
    )?;
    let made = fresh.execute(
        "INSERT INTO st_world (id, tick, first_free, committed_at, state, chain, seal)
             SELECT 1, tick, 0, committed_at, state, chain, zeroblob(32) FROM st_ticks
             WHERE NOT EXISTS (SELECT 1 FROM st_world) ORDER BY tick DESC LIMIT 1",
        [],
    )?;
    if made > 0 {
        let what = "which tick it stands at is lost: it is taken for the last in its log";
        findings.note(Failure::Damage(what.to_owned()))?;
    }
    Ok(())
}

/// Records the repair as a set of mods, which are those of before.
fn record(fresh: &Connection, tick: i64) -> Fallible<ModSet> {
    fresh.execute(
        "INSERT INTO st_mod_sets (number, since, cause)
             SELECT ifnull(max(number), 0) + 1, ?1, ?2 FROM st_mod_sets",
        params![tick, Cause::Repaired.name()],
    )?;
    fresh.execute_batch(
        "INSERT INTO st_mods
             SELECT mod_set + 1, id, version, component, manifest, source, declaration FROM st_mods
             WHERE mod_set = (SELECT max(number) - 1 FROM st_mod_sets);
         INSERT INTO st_assets
             SELECT mod_set + 1, mod, name, blob FROM st_assets
             WHERE mod_set = (SELECT max(number) - 1 FROM st_mod_sets);",
    )?;
    ModSet::read(fresh)
}
