//! Why a save cannot be made, opened, read or written.
//!
//! Every message is one sentence for a person: it names the file, and says what
//! to do where something can be done.

use std::path::{Path, PathBuf};

use rusqlite::{Error as Sqlite, ErrorCode};

/// Why a save cannot be made, opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// There is already something where a new file should be.
    #[error("{} is already there: give another name, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing there.
    #[error("there is no save at {}", path.display())]
    Missing {
        /// The save.
        path: PathBuf,
    },
    /// The file has more than one name.
    #[error(
        "{} has {names} names (hard links), and each would have a lock and a log of its own: remove \
         the others, or copy it and use the copy",
        path.display()
    )]
    Linked {
        /// The save.
        path: PathBuf,
        /// How many it has.
        names: u64,
    },
    /// The log beside it is that of another.
    #[error(
        "{} and the log beside it, {}, are not of one save, as when a backup was put back after a \
         run was killed: move the log away to go on with this file as it is, or put the save back \
         that the log belongs to",
        path.display(), log.display()
    )]
    OtherLog {
        /// The save.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// Another process has it.
    #[error(
        "{} is open in another process{}: stop that one first, or use `sql`, `info` and `send`, which work meanwhile",
        path.display(), shown_pid(*pid)
    )]
    Locked {
        /// The save.
        path: PathBuf,
        /// The other process, if it could be found out.
        pid: Option<u32>,
    },
    /// Another relay carries its outbox.
    #[error(
        "the outbox of {} is relayed by another process already{}: end that one, or go on without \
         a second",
        path.display(), shown_pid(*pid)
    )]
    Relayed {
        /// The save.
        path: PathBuf,
        /// The other process, if it could be found out.
        pid: Option<u32>,
    },
    /// The file is no SQLite file.
    #[error("{} is not a save: it is no SQLite file", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// A world where a save was expected.
    #[error(
        "{} is a world and no save: `sandtable run {} --save <file>` makes one of it",
        path.display(), path.display()
    )]
    IsWorld {
        /// The world.
        path: PathBuf,
    },
    /// The file is an SQLite file of another program.
    #[error("{} is not a save: it is an SQLite file of another application", path.display())]
    OtherApplication {
        /// The file.
        path: PathBuf,
    },
    /// The save is from a newer version.
    #[error(
        "{} was written by a newer Sandtable (its format is {found}, this one reads up to {known}): update Sandtable to open it",
        path.display()
    )]
    Newer {
        /// The save.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that is known.
        known: i64,
    },
    /// An edit that cannot be sent.
    #[error("the edit is refused: {what}")]
    Edit {
        /// Why, and what to do.
        what: String,
    },
    /// It has not what was asked for.
    #[error("{} {what}", path.display())]
    Cannot {
        /// The save.
        path: PathBuf,
        /// What, and what to do.
        what: String,
    },
    /// The file is shorter than it says.
    #[error(
        "{} is truncated: {found} of its {expected} bytes are there; take it from a backup",
        path.display()
    )]
    Truncated {
        /// The save.
        path: PathBuf,
        /// Bytes that are there.
        found: u64,
        /// Bytes that should be there.
        expected: u64,
    },
    /// What the save holds contradicts itself.
    #[error("{} is damaged: {what}; take it from a backup", path.display())]
    Damaged {
        /// The save.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// There is nothing to repair.
    #[error("{} is sound: there is nothing to repair, and `backup` copies it", path.display())]
    Sound {
        /// The save.
        path: PathBuf,
    },
    /// A slim save, whose mods are elsewhere.
    #[error(
        "{} is slim and lacks its mods {missing}: put a pack that has them beside it, or run it \
         with their world or pack",
        path.display()
    )]
    Slim {
        /// The save.
        path: PathBuf,
        /// Id, version and short digest of each.
        missing: String,
    },
    /// The file may not be written.
    #[error("{} cannot be written: give yourself the right to, or copy it", path.display())]
    ReadOnly {
        /// The save.
        path: PathBuf,
    },
    /// It is no longer where it was.
    #[error(
        "{} was moved, removed or replaced while its world ran: put it back, or take the save from a backup",
        path.display()
    )]
    Gone {
        /// The save or its log.
        path: PathBuf,
    },
    /// The disk has no room.
    #[error(
        "the disk is full: {} could not be written; free some space, nothing that was committed is lost",
        path.display()
    )]
    Full {
        /// The save.
        path: PathBuf,
    },
    /// Another process held the save for too long.
    #[error("{} stayed busy: another process is writing it; try again", path.display())]
    Busy {
        /// The save.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("{} could not be {doing}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
    /// SQLite refused something.
    #[error("{} could not be {doing}: {cause}", path.display())]
    Sqlite {
        /// The save.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite said.
        cause: Sqlite,
    },
    /// An input that no mod declares, or that does not fit its declaration.
    #[error("input `{kind}`: {what}")]
    Input {
        /// Which input.
        kind: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// An answer was to be there by then.
    #[error("{} has more history than could be gone through in time: ask for fewer ticks", path.display())]
    Late {
        /// The save.
        path: PathBuf,
    },
    /// A query that cannot be answered.
    #[error("{what}")]
    Query {
        /// What is wrong, and what would be right.
        what: String,
    },
}

impl SaveError {
    /// Whether it may pass without anything being done to the save itself.
    pub fn is_of_the_disk(&self) -> bool {
        use SaveError::{Busy, Full, Gone, Io, ReadOnly, Sqlite};
        let busy = matches!(self, Busy { .. } | Gone { .. });
        busy || matches!(self, Full { .. } | Io { .. } | ReadOnly { .. } | Sqlite { .. })
    }
}

fn shown_pid(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// Why something below a save failed, before it is said of which file.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite refused something.
    Sqlite(Sqlite),
    /// What is stored contradicts itself.
    Damage(String),
    /// What was asked for is not there; the end of a sentence.
    Told(String),
    /// It took longer than it may.
    Late,
}

impl From<Sqlite> for Failure {
    fn from(error: Sqlite) -> Self {
        Failure::Sqlite(error)
    }
}

/// Of something that reads or writes a save.
pub(super) type Fallible<T> = Result<T, Failure>;

/// Says what is damaged. What was found is often part of it, and can be
/// anything: it is cut short and kept on one line.
pub(super) fn damage<T>(what: impl Into<String>) -> Fallible<T> {
    const CHARS_MAX: usize = 200;
    let what: String = what.into();
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut short: String = what.chars().take(CHARS_MAX).map(plain).collect();
    if short.len() < what.len() {
        short.push('…');
    }
    Err(Failure::Damage(short))
}

impl Failure {
    /// What is wrong, of a file that is known.
    pub(super) fn told(self) -> String {
        match self.of(Path::new(""), "read") {
            SaveError::Damaged { what, .. } | SaveError::Cannot { what, .. } => what,
            SaveError::Sqlite { cause, .. } => format!("SQLite cannot read it: {cause}"),
            other => other.to_string(),
        }
    }

    /// Says of which file, and while what.
    pub(super) fn of(self, path: &Path, doing: &'static str) -> SaveError {
        let path = path.to_owned();
        let source = match self {
            Failure::Damage(what) => return SaveError::Damaged { path, what },
            Failure::Told(what) => return SaveError::Cannot { path, what },
            Failure::Late => return SaveError::Late { path },
            Failure::Sqlite(source) => source,
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => {
                SaveError::Damaged { path, what: "SQLite finds its pages inconsistent".to_owned() }
            }
            Some(ErrorCode::NotADatabase) => SaveError::NotSqlite { path },
            Some(ErrorCode::DiskFull) => SaveError::Full { path },
            Some(ErrorCode::ReadOnly) => SaveError::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SaveError::Busy { path },
            Some(ErrorCode::TooBig) => {
                SaveError::Damaged { path, what: "a value is longer than any save has".to_owned() }
            }
            // A stored value has another type or range than its column.
            None if is_conversion(&source) => SaveError::Damaged { path, what: source.to_string() },
            _ => SaveError::Sqlite { path, doing, cause: source },
        }
    }
}

fn is_conversion(error: &Sqlite) -> bool {
    matches!(
        error,
        Sqlite::FromSqlConversionFailure(..)
            | Sqlite::IntegralValueOutOfRange(..)
            | Sqlite::Utf8Error(..)
            | Sqlite::InvalidColumnType(..)
            | Sqlite::QueryReturnedNoRows
    )
}
