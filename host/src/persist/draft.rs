//! Files that appear under their name only once they are whole.

use std::fs::File;
use std::path::Path;

use super::SaveError;
use super::lock::{Lock, beside};

/// Makes a file that is not there yet: under another name first, its own once
/// `make` has done all of it. Whoever does so holds the lock of that name. What
/// a killed process left of its try is removed.
pub(super) fn appear(
    path: &Path,
    _: &Lock,
    make: impl FnOnce(&Path) -> Result<(), SaveError>,
) -> Result<(), SaveError> {
    if path.exists() {
        return Err(SaveError::Exists { path: path.to_owned() });
    }
    let draft = beside(path, ".new");
    // The log of a save that was removed would be replayed into this one.
    remove_beside(path);
    let made = make(&draft).and_then(|()| {
        std::fs::rename(&draft, path).map_err(|cause| SaveError::Io {
            path: path.to_owned(),
            doing: "made",
            cause,
        })
    });
    match made {
        Ok(()) => sync_folder(path),
        Err(_) => remove_beside(path),
    }
    made
}

/// Removes what can lie beside a file that is not there.
pub(super) fn remove_beside(path: &Path) {
    for leftover in ["-wal", "-shm", ".new", ".new-journal", ".new-wal", ".new-shm"] {
        let _ = std::fs::remove_file(beside(path, leftover));
    }
}

/// Makes a rename last through a power failure, where folders can be synced.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    let _ = folder.and_then(|folder| folder.sync_all());
}
