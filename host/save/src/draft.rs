//! Files that appear under their name only once they are whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::SaveError;
use super::lock::{Lock, beside};
use super::open::file_bytes;

/// Where a file is made that has its name only once it is whole.
pub(super) fn draft_of(path: &Path) -> PathBuf {
    beside(path, ".new")
}

/// Where a copy of a save is made that gets a name beside it. The process that
/// makes it holds the lock of the save, and so does one that removes what a
/// killed process left of such a copy.
pub(super) fn copy_of(path: &Path) -> PathBuf {
    beside(path, ".ahead-new")
}

/// Makes a file that is not there yet: under another name first, its own once
/// `make` has done all of it. The caller holds the lock of that name. What
/// a killed process left of its try is removed.
pub(super) fn create_atomically(
    path: &Path,
    lock: &Lock,
    make: impl FnOnce(&Path) -> Result<(), SaveError>,
) -> Result<(), SaveError> {
    let draft = draft_of(path);
    begin(&draft, path)?;
    make(&draft).and_then(|()| end(&draft, path, lock)).inspect_err(|_| remove(&draft))
}

/// Makes room for a draft of a file that is not there yet.
pub(super) fn begin(draft: &Path, path: &Path) -> Result<(), SaveError> {
    if path.exists() {
        return Err(SaveError::Exists { path: path.to_owned() });
    }
    remove(draft);
    // The log of a save that was removed would be replayed into this one.
    remove_logs(path);
    Ok(())
}

/// Gives a draft its name. What is left of it in a log would be lost.
pub(super) fn end(draft: &Path, path: &Path, _: &Lock) -> Result<(), SaveError> {
    let failed = |cause| SaveError::Io { path: path.to_owned(), doing: "made", cause };
    if file_bytes(&beside(draft, "-wal")) > 0 {
        return Err(failed(std::io::Error::other("its log could not be taken over")));
    }
    remove_logs(draft);
    std::fs::rename(draft, path).map_err(failed)?;
    sync_folder(path);
    Ok(())
}

/// Removes a file and what can lie beside it.
pub(super) fn remove(path: &Path) {
    for own in ["", ".lock"] {
        let _ = std::fs::remove_file(beside(path, own));
    }
    remove_logs(path);
}

pub(super) fn remove_logs(path: &Path) {
    for leftover in ["-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(path, leftover));
    }
}

/// Makes a rename last through a power failure, where folders can be synced.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    let _ = folder.and_then(|folder| folder.sync_all());
}
