//! The lock that makes a process the one writer of a save.
//!
//! It is the operating system's lock on a file beside the save, so it ends with
//! the process, however that ends; a lock file that a killed process left is
//! locked by no process. It is not on the save itself: SQLite's own locks there
//! would be dropped when the handle is closed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::SaveError;

/// Held by the one writer of a save.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: Option<File>,
}

impl Lock {
    /// Takes the lock of a save.
    pub(super) fn take(save: &Path) -> Result<Self, SaveError> {
        let path = beside(save, ".lock");
        let io = |doing| {
            let path = path.clone();
            move |cause| SaveError::Io { path, doing, cause }
        };
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(io("opened"))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(SaveError::Locked {
                        path: save.to_owned(),
                        pid: read_pid(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(io("locked")(source)),
            }
            if !is_still_there(&file, &path) {
                // Its owner removed it after we opened it; another writer may
                // have the next one.
                continue;
            }
            file.set_len(0).map_err(io("written"))?;
            write!(file, "{}", std::process::id()).map_err(io("written"))?;
            return Ok(Self { path, file: Some(file) });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held, so that no other writer can have taken it
        // meanwhile. A lock file that stays is harmless.
        let _ = std::fs::remove_file(&self.path);
        drop(self.file.take());
    }
}

/// A file beside a save: its name with something after it.
pub(super) fn beside(save: &Path, suffix: &str) -> PathBuf {
    let mut name = save.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Elsewhere a file that is open cannot be removed and made anew.
#[cfg(not(unix))]
fn is_still_there(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_had_once_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let save = folder.path().join("world.db");
        let held = Lock::take(&save).expect("free");
        let refused = Lock::take(&save).expect_err("held");
        let expected = format!("is open in another process (pid {})", std::process::id());
        assert!(refused.to_string().contains(&expected), "{refused}");
        drop(held);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        Lock::take(&save).expect("free again");
    }

    #[test]
    fn a_lock_file_left_by_a_killed_process_is_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let save = folder.path().join("world.db");
        std::fs::write(folder.path().join("world.db.lock"), "4242").expect("written");
        Lock::take(&save).expect("free");
    }
}
