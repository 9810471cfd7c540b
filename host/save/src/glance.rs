//! What a save says of itself at a glance, for lists of many: nothing is restored, and
//! nothing that it says is held against anything.

use std::io::Read;
use std::path::{Path, PathBuf};

use sandtable_world::record::Digest;

use super::connect;
use super::draft::remove_logs;
use super::error::{Failure, SaveError};
use super::format::APPLICATION_ID;
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

/// Deletes a save that no process has open; of one that a symbolic link leads to, the
/// link alone. A save may be damaged, as long as it can be told for one.
///
/// # Errors
///
/// There is none, it is no save, a process has it open, or the system does not let it go.
pub fn delete(path: &Path) -> Result<(), SaveError> {
    let save: PathBuf = connect::find(path)?;
    let failed = |doing, cause| SaveError::Io { path: save.clone(), doing, cause };
    let says = application_id(&save).map_err(|cause| failed("read", cause))?;
    match says {
        None => return Err(SaveError::NotSqlite { path: save }),
        Some(id) if id == APPLICATION_ID => {}
        Some(_) => return Err(SaveError::OtherApplication { path: save }),
    }
    let _lock = Lock::take(&save)?;
    if path.is_symlink() {
        return std::fs::remove_file(path).map_err(|cause| failed("deleted", cause));
    }
    std::fs::remove_file(&save).map_err(|cause| failed("deleted", cause))?;
    remove_logs(&save);
    Ok(())
}

/// Which application wrote a file of SQLite, by its first bytes alone; nothing of another
/// file. <https://www.sqlite.org/fileformat2.html#the_database_header>
fn application_id(path: &Path) -> std::io::Result<Option<i64>> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(72).read_to_end(&mut head)?;
    let id = head.get(68..72).and_then(|bytes| bytes.first_chunk::<4>());
    Ok(id.filter(|_| head.starts_with(MAGIC)).map(|bytes| i32::from_be_bytes(*bytes).into()))
}
