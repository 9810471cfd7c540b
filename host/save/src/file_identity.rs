//! Whether the files that a save is written to are still those of its name.
//!
//! A file that a person or another process moves, removes or replaces can be
//! written on as long as it is open, and no reader would ever find what is in it.

use std::path::{Path, PathBuf};

use super::SaveError;
use super::lock::beside;

/// The files of a save, as they were when it was opened.
#[derive(Debug)]
pub(super) struct FileIdentity {
    path: PathBuf,
    file: Option<Identity>,
    log: Option<Identity>,
}

impl FileIdentity {
    /// Of a save that was just opened.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), file: identity(path), log: None }
    }

    /// Checks that both are where they were. The log is there from the first
    /// commit on.
    pub fn check(&mut self) -> Result<(), SaveError> {
        let log = beside(&self.path, "-wal");
        let known = self.log.take().or_else(|| identity(&log));
        self.log = known;
        for (path, known) in [(&self.path, self.file), (&log, known)] {
            if known.is_some() && identity(path) != known {
                return Err(SaveError::Gone { path: path.clone() });
            }
        }
        Ok(())
    }
}

/// The device and the number of a file.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

/// Elsewhere a file that is open cannot be moved, removed or replaced.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
