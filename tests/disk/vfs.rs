//! What SQLite calls, failed or written down.

use std::ffi::{CStr, OsStr, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Once};

use rusqlite::ffi;
use sandtable_vfs::{Below, File, Layer, Opened, Reply};

use crate::tape::{Event, Tape};
use crate::{Disk, watching};

/// A call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Open,
    Delete,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Share,
}

static LAID: Once = Once::new();

/// Lays the disk below everything that this process opens from now on.
pub(crate) fn lay() {
    LAID.call_once(|| {
        sandtable_vfs::over_default::<Watching>("test-disk", true);
    });
}

struct Watching;

impl Layer for Watching {
    type File = Watched;

    fn opening(name: Option<&CStr>) -> Reply {
        name.and_then(of).map_or(Ok(()), |disk| disk.passes(Call::Open))
    }

    fn opened(file: Opened<'_, '_, Watched>) -> Option<Watched> {
        let name = file.name?;
        let disk = of(name)?;
        let journals =
            ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
        let is_new = file.flags & ffi::SQLITE_OPEN_CREATE != 0 && file.flags & journals != 0;
        let name = path(name).file_name()?.to_string_lossy().into_owned();
        let mut watched = Watched { disk, name, number: None, is_new };
        watched.tape(|_, _| {});
        Some(watched)
    }

    fn deleting(name: &CStr) -> Reply {
        of(name).map_or(Ok(()), |disk| disk.passes(Call::Delete))
    }

    fn deleted(name: &CStr, synced: bool) {
        if let Some(disk) = of(name)
            && let Some(tape) = &mut disk.inner().tape
        {
            tape.look(&disk.folder);
            if synced {
                tape.push(Event::FolderSynced);
            }
        }
    }
}

fn path(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}

/// The disk that has a file.
fn of(name: &CStr) -> Option<Arc<Disk>> {
    watching(path(name))
}

/// A file in a watched folder.
struct Watched {
    disk: Arc<Disk>,
    name: String,
    /// On the tape; the name may go to another file.
    number: Option<u64>,
    /// Whether its next sync is also one of the folder.
    is_new: bool,
}

impl Watched {
    fn tape(&mut self, note: impl FnOnce(&mut Tape, u64)) {
        let mut inner = self.disk.inner();
        let Some(tape) = &mut inner.tape else { return };
        tape.look(&self.disk.folder);
        self.number = self.number.or_else(|| tape.number(&self.name));
        if let Some(number) = self.number {
            note(tape, number);
        }
    }
}

impl File for Watched {
    fn reading(&mut self, _: &Below<'_>, _: usize, _: i64) -> Reply {
        self.disk.passes(Call::Read)
    }

    fn sizing(&mut self, _: &Below<'_>) -> Reply {
        self.disk.passes(Call::Size)
    }

    fn write(&mut self, below: &Below<'_>, bytes: &[u8], at: i64) -> Reply {
        let passes = self.disk.passes(Call::Write);
        let bytes = match passes {
            Ok(()) => bytes,
            Err(ffi::SQLITE_FULL) => &bytes[..bytes.len() / 2],
            Err(code) => return Err(code),
        };
        below.write(bytes, at)?;
        self.tape(|tape, file| {
            tape.push(Event::Written { file, at: at as usize, bytes: bytes.to_vec() });
        });
        passes
    }

    fn truncate(&mut self, below: &Below<'_>, length: i64) -> Reply {
        self.disk.passes(Call::Truncate)?;
        below.truncate(length)?;
        self.tape(|tape, file| tape.push(Event::Cut { file, length: length as usize }));
        Ok(())
    }

    /// On this disk a sync is what the tape says; waiting for the one below would
    /// only cost time.
    fn sync(&mut self, _: &Below<'_>, _: c_int) -> Reply {
        if let Err(code) = self.disk.passes(Call::Sync) {
            self.tape(|tape, file| tape.push(Event::NotSynced { file }));
            return Err(code);
        }
        let is_new = std::mem::take(&mut self.is_new);
        self.tape(|tape, file| {
            tape.push(Event::Synced { file });
            if is_new {
                tape.push(Event::FolderSynced);
            }
        });
        Ok(())
    }

    fn sharing(&mut self) -> Reply {
        self.disk.passes(Call::Share)
    }
}
