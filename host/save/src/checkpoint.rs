//! When the log of SQLite is taken over into the save.
//!
//! Every commit goes to the end of a log beside the save, which readers see
//! through; a checkpoint copies the newest state of each of its pages into the
//! save, and the next commit starts the log again. That is too much for the end
//! of a tick, so a thread of its own does it, with a connection of its own, once
//! the log passes [`LOG_BYTES`]. It keeps no process from writing or reading.
//!
//! While ticks keep coming the thread may never find the log idle, and a reader
//! that stays open holds the log back. Past [`LOG_BYTES_MAX`] the writer
//! therefore finishes the checkpoint itself, which is short after the thread's
//! work. As long as a reader stays open even that frees nothing, and the log
//! grows until the reader is gone, of which the writer warns.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::connect;
use super::mark::Commit;

/// Bytes in the log that are worth a checkpoint.
const LOG_BYTES: u64 = 16 << 20;
/// Bytes that the log may have before the writer finishes a checkpoint.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// How long the writer waits for readers then.
const READERS_TIMEOUT: Duration = Duration::from_millis(20);

/// Asks for checkpoints.
#[derive(Debug)]
pub(super) struct Checkpoints {
    path: PathBuf,
    page_bytes: u64,
    /// Pages in the log after the last commit.
    pages: Arc<AtomicU64>,
    /// Pages in it after the commit before, and which one that was.
    before: u64,
    last: Option<Commit>,
    /// What the save is known to hold without its log.
    held: Option<Commit>,
    /// Past how many bytes the writer tries next.
    bytes_max: u64,
    /// From how many bytes on the writer warns next that a reader holds the log.
    told_from: u64,
    worker: Option<(SyncSender<()>, JoinHandle<()>)>,
    /// Held while a checkpoint is made: SQLite makes one at a time, and who comes
    /// second could not tell that from a reader.
    at_work: Arc<Mutex<()>>,
}

impl Checkpoints {
    /// For the writer's connection to a save. Starts nothing yet: most worlds
    /// are closed before their log is worth it.
    pub(super) fn new(path: &Path, connection: &mut Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU64::new(0));
        let seen = pages.clone();
        connection.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            seen.store(u64::from(pages.unsigned_abs()), Ordering::Relaxed);
            Ok(())
        }))?;
        let page_bytes =
            connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?;
        let (path, page_bytes) = (path.to_owned(), u64::from(page_bytes));
        Ok(Self {
            path,
            page_bytes,
            pages,
            before: 0,
            last: None,
            held: None,
            bytes_max: LOG_BYTES_MAX,
            told_from: LOG_BYTES_MAX,
            worker: None,
            at_work: Arc::default(),
        })
    }

    /// What the save is known to hold without its log.
    pub(super) fn held(&self) -> Option<Commit> {
        self.held
    }

    /// Takes down that the log was empty after a commit.
    pub(super) fn holds(&mut self, commit: Commit) {
        self.held = Some(commit);
    }

    /// Looks at the log after a commit. A checkpoint that fails has lost
    /// nothing: the log is still there, and the next one tries again. Gives the
    /// bytes of a log that a reader keeps from being taken over, the first time
    /// and each time that they have doubled.
    pub(super) fn after_commit(&mut self, connection: &Connection, commit: Commit) -> Option<u64> {
        let pages = self.pages.load(Ordering::Relaxed);
        let before = std::mem::replace(&mut self.before, pages);
        let last = self.last.replace(commit);
        if pages <= before {
            // It began anew, which it does once the save holds all that was in it.
            self.held = last.or(self.held);
        }
        let bytes = pages * self.page_bytes;
        if bytes <= LOG_BYTES {
            (self.bytes_max, self.told_from) = (LOG_BYTES_MAX, LOG_BYTES_MAX);
        } else if bytes <= self.bytes_max {
            self.wake();
        } else {
            // If it is in vain, the log may grow by as much again first.
            self.bytes_max = bytes + LOG_BYTES_MAX;
            let at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
            let is_done = connect::checkpoint(connection, "RESTART", READERS_TIMEOUT);
            drop(at_work);
            if !is_done && bytes >= self.told_from {
                self.told_from = bytes * 2;
                return Some(bytes);
            }
        }
        None
    }

    fn wake(&mut self) {
        if self.worker.is_none() {
            let (path, at_work) = (self.path.clone(), self.at_work.clone());
            let (ask, asked) = sync_channel(1);
            let work = move || {
                let Ok(connection) = connect::writing(&path) else { return };
                while asked.recv().is_ok() {
                    let _at_work = at_work.lock().unwrap_or_else(PoisonError::into_inner);
                    connect::checkpoint(&connection, "PASSIVE", Duration::ZERO);
                }
            };
            let started = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(work);
            self.worker = started.ok().map(|thread| (ask, thread));
        }
        if let Some((ask, _)) = &self.worker
            && let Err(TrySendError::Disconnected(())) = ask.try_send(())
        {
            self.worker = None;
        }
    }

    /// Waits for the thread to be gone.
    pub(super) fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let Some((ask, thread)) = self.worker.take() {
            drop(ask);
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_holds_the_log_is_told_each_time_that_it_doubles() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.db");
        let mut writer = Connection::open(&path).expect("made");
        writer
            .execute_batch(
                "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
                 PRAGMA wal_autocheckpoint = 0; CREATE TABLE of_bytes (x BLOB)",
            )
            .expect("written");
        let mut checkpoints = Checkpoints::new(&path, &mut writer).expect("listens");
        let mut grow = |writer: &Connection| {
            let insert = "INSERT INTO of_bytes VALUES (zeroblob(36 << 20))";
            writer.execute_batch(insert).expect("written");
            checkpoints.after_commit(writer, Commit::default())
        };
        let reader = Connection::open(&path).expect("opened");
        reader.execute_batch("BEGIN; SELECT count(*) FROM of_bytes").expect("reads");
        let told: Vec<u64> = (0..8).filter_map(|_| grow(&writer)).collect();
        let [first, second] = told.as_slice() else { panic!("{told:?}") };
        assert!(*first > LOG_BYTES_MAX && *second >= first * 2, "{told:?}");
        drop(reader);
        let told: Vec<u64> = (0..3).filter_map(|_| grow(&writer)).collect();
        assert!(told.is_empty(), "no reader holds it: {told:?}");
    }
}
