//! A copy of a save, also while its world runs.
//!
//! It is made of one commit: a reader's transaction holds that one fast, so the
//! copy never starts anew because the world went on, and the writer waits for
//! nothing. The log of the save grows meanwhile.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use sandtable_world::record::Digest;

use super::draft::create_atomically;
use super::error::{Failure, Fallible, SaveError};
use super::findings::Findings;
use super::format::format;
use super::lock::Lock;
use super::reader::Reader;
use super::save::{Pages, Restored, begin, check_pages};
use super::{connect, mark, open, outbox, schema};

/// Pages of SQLite that are copied at once: some MiB.
const PAGES_A_STEP: i32 = 256;
/// How long the disk is left to the writer between two steps.
const PAUSE: Duration = Duration::from_millis(1);

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The tick that it stands at.
    pub tick: u64,
    /// The state hash of that tick, which the copy was found to have.
    pub hash: Digest,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Copies a save as its last commit left it into a file that is not there yet,
/// which appears once it is whole and was checked as a save is when it opens.
///
/// # Errors
///
/// The save cannot be read or is damaged, or the target is there already, is held by
/// another process or cannot be written. Nothing is there under its name then.
pub fn backup(save: &Path, target: &Path) -> Result<BackedUp, SaveError> {
    let lock = Lock::take(target)?;
    let mut made = (0, Digest::default());
    create_atomically(target, &lock, |draft| {
        made = copy(save, draft, Copied::Backup)?;
        Ok(())
    })?;
    let (tick, hash) = made;
    Ok(BackedUp { tick, hash, bytes: open::file_bytes(target) })
}

/// What a copy of a save is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// The same world once more, to be put in its place.
    Backup,
    /// A world of its own, which goes on beside it.
    Branch,
}

/// Copies a save into a new file and checks the copy, which then is told from the
/// save. Gives its tick and hash.
pub(super) fn copy(
    save: &Path,
    target: &Path,
    copied_as: Copied,
) -> Result<(u64, Digest), SaveError> {
    let reader = Reader::open(save)?;
    let mut copy = connect::creating(target)?;
    let failed = |error: rusqlite::Error| Failure::from(error).of(target, "written");
    let copied = Backup::new(&reader.connection, &mut copy)
        .and_then(|backup| backup.run_to_completion(PAGES_A_STEP, PAUSE, None));
    copied.map_err(failed)?;
    // What is wrong with the copy is wrong with the save.
    let checked = check(&copy).map_err(|failure| failure.of(save, "backed up"))?;
    let claimed = || -> rusqlite::Result<()> {
        let transaction = begin(&copy)?;
        // An older format knows neither: it gets both when it is opened to go on.
        if copied_as == Copied::Branch && format(&transaction)? == schema::FORMAT {
            outbox::begin_anew(&transaction)?;
        }
        mark::claim(&transaction)?;
        transaction.commit()?;
        copy.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    claimed().map_err(failed)?;
    copy.close().map_err(|(_, error)| failed(error))?;
    Ok(checked)
}

fn check(copy: &Connection) -> Fallible<(u64, Digest)> {
    let findings = &mut Findings::strict();
    schema::check(copy, findings)?;
    schema::add_missing_tables(copy)?;
    check_pages(copy, Pages::Quick, findings)?;
    let head = Restored::read(copy, findings)?.head;
    Ok((head.tick.unsigned_abs(), head.state))
}
