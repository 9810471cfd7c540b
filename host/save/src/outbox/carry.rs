//! Rows, as a relay reads them, also while the world of the save runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use sandtable_world::identity::WorldId;
use sandtable_world::record::Digest;

use super::row::{OutboxRow, OutboxStanding, Relayed};
use super::rows;
use crate::connect;
use crate::error::{Failure, Fallible, SaveError};
use crate::file_identity::FileIdentity;
use crate::findings::Findings;
use crate::format::format;
use crate::identity;
use crate::lock::{Lock, beside};
use crate::mark;
use crate::save::begin;
use crate::schema::{self, FORMAT};

/// How long a relay waits for the save to write down how far it is, which is a hint: the
/// world is not to wait for it.
const PATIENCE: Duration = Duration::from_millis(20);

/// Held by the one relay of a save.
#[derive(Debug)]
pub struct RelayLock(#[expect(dead_code, reason = "it is held")] Lock);

impl RelayLock {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// Another relay has it, in this process or another.
    pub fn take(save: &Path) -> Result<Self, SaveError> {
        let path = connect::find(save)?;
        match Lock::take(&beside(&path, ".relay")) {
            Err(SaveError::Locked { pid, .. }) => Err(SaveError::Relayed { path, pid }),
            taken => taken.map(Self),
        }
    }
}

/// How the outbox of a save stands, as it says itself at a glance.
///
/// # Errors
///
/// It is no save, or cannot be read.
pub fn glance(path: &Path) -> Result<OutboxStanding, SaveError> {
    let path = connect::find(path)?;
    let connection = connect::glancing(&path)?;
    if connect::recognise(&connection, &path)? < FORMAT {
        return Ok(OutboxStanding::default());
    }
    rows::standing(&connection).map_err(|failure| failure.of(&path, "read"))
}

/// The outbox of a save, read beside the process that runs its world. It holds nothing
/// up between two calls.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    connection: Connection,
    file_identity: FileIdentity,
    world: WorldId,
}

impl Outbox {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// There is no save at the path, it never had an outbox, it is damaged, or it cannot
    /// be read and written.
    pub fn open(path: &Path) -> Result<Self, SaveError> {
        let path = connect::find(path)?;
        let connection = connect::writing(&path)?;
        connect::recognise(&connection, &path)?;
        let failed = |failure: Failure| failure.of(&path, "read");
        schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
        let read = || -> Fallible<_> {
            let world = match format(&connection)? < FORMAT {
                true => None,
                false => identity::read(&connection)?,
            };
            connection.busy_timeout(PATIENCE)?;
            // What is written here is a hint, and no disk has to be waited for.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            Ok(world)
        };
        let Some(world) = read().map_err(failed)? else {
            let what = "has no outbox, as a version without one ran it last: run it once with \
                        `[outbox]` in its world file or with --outbox";
            return Err(Failure::Told(what.to_owned()).of(&path, "read"));
        };
        let file_identity = FileIdentity::of(&path);
        Ok(Self { path, connection, file_identity, world })
    }

    /// The name of its world.
    pub fn world(&self) -> WorldId {
        self.world
    }

    /// Where the save is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it stands.
    ///
    /// # Errors
    ///
    /// The save is no longer where it was, or cannot be read.
    pub fn standing(&mut self) -> Result<OutboxStanding, SaveError> {
        self.file_identity.check()?;
        rows::standing(&self.connection).map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The rows after one, as many as `rows_max` and no more than about `bytes_max` of
    /// them.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or a row is damaged.
    pub fn after(
        &self,
        seq: u64,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxRow>, SaveError> {
        let read = || -> Fallible<_> {
            let mut select = self.connection.prepare_cached(
                "SELECT seq, tick, kind, entity, format, payload, chain FROM st_outbox
                 WHERE seq > ?1 ORDER BY seq",
            )?;
            let mut found = select.query([as_integer(seq)])?;
            let (mut all, mut bytes) = (Vec::new(), 0);
            while all.len() < rows_max && bytes < bytes_max {
                let Some(row) = found.next()? else { break };
                let row = rows::row(row)?;
                bytes += row.body.len();
                all.push(row);
            }
            Ok(all)
        };
        read().map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The chain of a row; nothing where it is not kept.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn chain(&self, seq: u64) -> Result<Option<Digest>, SaveError> {
        let found = || {
            let sql = "SELECT chain FROM st_outbox WHERE seq = ?1";
            let mut select = self.connection.prepare_cached(sql)?;
            select.query_row([as_integer(seq)], |row| row.get(0)).optional()
        };
        found().map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// Writes down how far a relay came, in a short transaction. Says whether it did: a
    /// world that is writing is not waited for.
    ///
    /// # Errors
    ///
    /// The save cannot be written.
    pub fn note(&self, relayed: Relayed) -> Result<bool, SaveError> {
        let write = || -> rusqlite::Result<()> {
            let transaction = begin(&self.connection)?;
            transaction.execute(
                "INSERT OR REPLACE INTO st_relayed (id, seq, stream) VALUES (1, ?1, ?2)",
                params![as_integer(relayed.seq), as_integer(relayed.stream)],
            )?;
            mark::advance(&transaction)?;
            transaction.commit()
        };
        match write().map_err(|error| Failure::from(error).of(&self.path, "written")) {
            Ok(()) => Ok(true),
            Err(SaveError::Busy { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A number, as SQLite counts.
fn as_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
