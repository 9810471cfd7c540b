//! What a save says of itself at a glance, for lists of many: nothing is restored, and
//! nothing that it says is held against anything.

use std::path::{Path, PathBuf};

use sandtable_world::record::Digest;

use super::connect;
use super::draft::remove_logs;
use super::error::{Failure, SaveError};
use super::head::Head;
use super::lock::Lock;

/// What a save says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The tick that it stands at.
    pub tick: u64,
    /// The state hash of its world.
    pub state: Digest,
    /// The chain hash of all ticks up to it.
    pub chain: Digest,
}

/// Looks at a save. One that is closed is read without a trace beside it.
///
/// # Errors
///
/// It is no save, cut short, of a newer format, or cannot be read. What else may be
/// wrong with it shows where it is opened.
pub fn glance(path: &Path) -> Result<Glance, SaveError> {
    let path = connect::find(path)?;
    let connection = connect::glancing(&path)?;
    connect::recognise(&connection, &path)?;
    let failed = |error: rusqlite::Error| Failure::from(error).of(&path, "read");
    let (Head { tick, state, chain, .. }, _) = Head::read(&connection).map_err(failed)?;
    Ok(Glance { tick: tick.unsigned_abs(), state, chain })
}

/// Deletes a save that no process has open.
///
/// # Errors
///
/// There is none, a process has it open, or the system does not let it go.
pub fn delete(path: &Path) -> Result<(), SaveError> {
    let path: PathBuf = connect::find(path)?;
    let _lock = Lock::take(&path)?;
    let failed = |cause| SaveError::Io { path: path.clone(), doing: "deleted", cause };
    std::fs::remove_file(&path).map_err(failed)?;
    remove_logs(&path);
    Ok(())
}
