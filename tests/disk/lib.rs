//! A disk that fails when it is told to, and forgets what was not synced.
//!
//! It lies below SQLite, as the default VFS of the process, and wraps the one of
//! the operating system. Whatever lies outside of a watched folder passes
//! through, so tests beside each other do not meet. What a program does past
//! SQLite is seen as far as it shows in the folder's listing; that it synced the
//! folder itself has to be said.
#![cfg(unix)]

mod fault;
mod power;
mod tape;
mod vfs;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

pub use fault::{Fault, Kind};
pub use power::Power;
pub use tape::Event;

use fault::Plan;
use sandtable_vfs::Reply;
use tape::Tape;
use vfs::Call;

/// A folder whose files SQLite reads and writes through this disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    plan: Plan,
    tape: Option<Tape>,
}

/// The watched folders of this process.
static WATCHED: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());

impl Disk {
    /// Watches a folder. Files that are open already are not seen.
    pub fn watch(folder: &Path) -> Arc<Self> {
        vfs::lay();
        let disk = Arc::new(Self { folder: folder.to_owned(), inner: Mutex::default() });
        let mut watched = locked(&WATCHED);
        watched.retain(|disk| disk.strong_count() > 0);
        watched.push(Arc::downgrade(&disk));
        disk
    }

    /// Lets calls fail from now on, and counts from zero.
    pub fn arm(&self, fault: Fault) {
        self.inner().plan = Plan::of(fault);
    }

    /// Lets no more calls fail; says how many did.
    pub fn disarm(&self) -> u64 {
        std::mem::take(&mut self.inner().plan).failed
    }

    /// Writes down from now on what happens to the files.
    pub fn record(&self) {
        let mut inner = self.inner();
        let mut tape = Tape::default();
        tape.look(&self.folder);
        tape.push(Event::FolderSynced);
        inner.tape = Some(tape);
    }

    /// Notes that something was reached.
    pub fn mark(&self, number: u64) {
        self.note(Event::Mark(number));
    }

    /// Notes that the folder was synced past SQLite.
    pub fn folder_was_synced(&self) {
        self.note(Event::FolderSynced);
    }

    /// What happened since [`Disk::record`].
    pub fn recorded(&self) -> Vec<Event> {
        self.inner().tape.take().map(Tape::events).unwrap_or_default()
    }

    fn note(&self, event: Event) {
        if let Some(tape) = &mut self.inner().tape {
            tape.look(&self.folder);
            tape.push(event);
        }
    }

    /// Lets a call pass, or fail with a code.
    fn passes(&self, call: Call) -> Reply {
        self.inner().plan.fails(call).map_or(Ok(()), Err)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }
}

/// The disk that watches a file's folder.
fn watching(file: &Path) -> Option<Arc<Disk>> {
    let of = |disk: &Arc<Disk>| file.parent() == Some(disk.folder.as_path());
    locked(&WATCHED).iter().filter_map(Weak::upgrade).find(of)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
