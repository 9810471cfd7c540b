//! What is done to a save that does not run: less history, and less room.

use std::path::Path;

use sandtable_world::config::HistorySettings;

use super::error::{Failure, Fallible, SaveError};
use super::save::{Save, begin};
use super::{connect, log, mark, mods, open};

/// What pruning left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The first tick that can be gone back to; nothing without history.
    pub first_tick: Option<u64>,
    /// Groups of ticks that went.
    pub groups: u64,
    /// Bytes of history before and after.
    pub bytes: (u64, u64),
}

/// Drops history and logs of ticks before the last so many, and the mods that
/// only those ran with. History goes in groups of ticks, so that a few more may
/// stay. The file keeps its size until it is compacted, and new ticks use the
/// room.
///
/// # Errors
///
/// The save is open in another process, or cannot be read or written. Nothing is
/// dropped then.
pub fn prune(path: &Path, ticks: u64) -> Result<Pruned, SaveError> {
    let (mut save, config, world) = Save::open(path)?;
    let settings = HistorySettings { ticks: ticks.max(1), ..config.history };
    let pruned = save.prune(world.tick(), &settings).map_err(|failure| failure.of(path, "pruned"));
    let closed = save.close();
    let pruned = pruned?;
    closed?;
    Ok(pruned)
}

/// Gives the disk back what a save does not use. Gives its bytes before and
/// after.
///
/// # Errors
///
/// The save is open in another process, or cannot be read or written. It has its
/// contents then as before.
pub fn compact(path: &Path) -> Result<(u64, u64), SaveError> {
    let path = &connect::find(path)?;
    let before = open::file_bytes(path);
    let (save, ..) = Save::open(path)?;
    let compacted = save.compact().map_err(|failure| failure.of(path, "compacted"));
    let closed = save.close();
    compacted?;
    closed?;
    Ok((before, open::file_bytes(path)))
}

impl Save {
    fn prune(&mut self, tick: u64, settings: &HistorySettings) -> Fallible<Pruned> {
        let before = self.history.bytes();
        let connection = self.database.lock();
        let transaction = begin(&connection)?;
        let changes = self.history.write(&transaction, &[], &self.committed, settings)?;
        let groups = changes.dropped() as u64;
        let first = self.history.first_tick_after(&changes);
        log::prune(&transaction, tick, settings.ticks, first, None)?;
        mods::forget(&transaction)?;
        mark::advance(&transaction)?;
        transaction.commit()?;
        drop(connection);
        self.history.apply(changes);
        let first_tick = self.history.first_tick().map(i64::unsigned_abs);
        Ok(Pruned { first_tick, groups, bytes: (before, self.history.bytes()) })
    }

    fn compact(&self) -> Fallible<()> {
        let database = self.database();
        let connection = database.lock();
        let transaction = begin(&connection)?;
        mods::forget(&transaction)?;
        transaction.execute(
            "DELETE FROM st_blobs WHERE digest NOT IN (
                 SELECT component FROM st_mods UNION SELECT blob FROM st_assets)",
            [],
        )?;
        mark::advance(&transaction)?;
        transaction.commit()?;
        // The copy that it makes must not have to fit into memory.
        connection.pragma_update(None, "temp_store", "FILE")?;
        let compacted = connection.execute_batch("VACUUM").map_err(Failure::from);
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        compacted
    }
}
