//! What the host knows of users: their tokens, and what was done with them. It is the
//! host's own, in one file that no save has a part of.
//!
//! Servers and the command line open it at the same time. Each request asks whether it
//! was written since, so that what is revoked is refused from the next request on.

mod audit;
mod clock;
mod home;
mod known;
mod token;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sandtable::record::hex;

use known::Known;

pub use audit::{Act, AuditRow, Outcome, Verdict};
pub use home::{VARIABLE, home};
pub use known::Token;
pub use token::TokenText;
pub use tokens::NewToken;

/// The file within the folder.
const FILE: &str = "trust.db";
/// How long another process may write.
const PATIENCE: Duration = Duration::from_secs(5);
/// The file's form.
const FORM: i64 = 1;
/// What tells it from other files of SQLite.
const APPLICATION: i64 = 0x5354_5255;
/// What it has at first.
const SCHEMA: &str = include_str!("trust/schema.sql");
/// Digits of a hash that stands for a user.
const WHO_DIGITS: usize = 16;

/// Why the host's file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is no folder for it.
    #[error("there is no folder for tokens: set {VARIABLE} to one")]
    Homeless,
    /// It is open to other users of the machine.
    #[error("{0} can be read by other users of this machine: `chmod 600` it, and make new tokens")]
    Open(PathBuf),
    /// It cannot be read or written.
    #[error("{path} cannot be {doing}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        cause: String,
    },
    /// It is of a later version, or no such file at all.
    #[error("{0} was not written by this version of sandtable: use the one that wrote it")]
    Other(PathBuf),
    /// A token that cannot be made, found or revoked.
    #[error("{0}")]
    Refused(String),
}

/// The host's file. It is made when something is first written into it.
pub struct Trust {
    path: PathBuf,
    /// By which tokens are looked up, which waits for nothing that is written.
    reads: Mutex<Option<Opened>>,
    /// By which all else is done.
    writes: Mutex<Option<Opened>>,
}

struct Opened {
    connection: Connection,
    /// Which file it is of: another may have been put in its place.
    file: Option<FileId>,
    /// What stands for users is made with it.
    key: [u8; 32],
    /// The file's version when tokens were last read, and those.
    known: Option<(i64, Known)>,
}

impl Trust {
    /// That of a folder.
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join(FILE), reads: Mutex::default(), writes: Mutex::default() }
    }

    /// That of this user of the machine.
    ///
    /// # Errors
    ///
    /// There is no folder for it.
    pub fn own() -> Result<Arc<Self>, TrustError> {
        home().map(|folder| Arc::new(Self::of(&folder))).ok_or(TrustError::Homeless)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stands for a user in logs: a hash that is made with a key of this host.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn who(&self, user: &str) -> Result<String, TrustError> {
        self.write(|opened| Ok(opened.who(user)))
    }

    /// Reads of the file; nothing where there is none.
    fn read<T>(
        &self,
        work: impl FnOnce(&mut Opened) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, TrustError> {
        match self.path.exists() {
            true => self.with(&self.reads, work).map(Some),
            false => Ok(None),
        }
    }

    /// Writes into the file, which is made if there is none.
    fn write<T>(
        &self,
        work: impl FnOnce(&mut Opened) -> rusqlite::Result<T>,
    ) -> Result<T, TrustError> {
        self.with(&self.writes, work)
    }

    fn with<T>(
        &self,
        connection: &Mutex<Option<Opened>>,
        work: impl FnOnce(&mut Opened) -> rusqlite::Result<T>,
    ) -> Result<T, TrustError> {
        let mut opened = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match &mut *opened {
            Some(known) if known.file == file_id(&self.path) => known,
            other => other.insert(self.open()?),
        };
        work(opened).map_err(|cause| self.failed("used", cause))
    }

    fn failed(&self, doing: &'static str, cause: impl ToString) -> TrustError {
        TrustError::File { path: self.path.clone(), doing, cause: cause.to_string() }
    }

    fn open(&self) -> Result<Opened, TrustError> {
        self.make().map_err(|cause| self.failed("made", cause))?;
        if is_open_to_others(&self.path) {
            return Err(TrustError::Open(self.path.clone()));
        }
        let file = file_id(&self.path);
        let opened = || -> rusqlite::Result<Option<Opened>> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            // So that a token is looked up while something is written down.
            connection.pragma_update(None, "journal_mode", "WAL")?;
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let number = |name| transaction.pragma_query_value(None, name, |row| row.get(0));
            let (form, application): (i64, i64) =
                (number("user_version")?, number("application_id")?);
            match (form, application) {
                (0, 0) => {
                    transaction.execute_batch(SCHEMA)?;
                    let mut key = [0; 32];
                    // Without random numbers there is no key, and so no file.
                    getrandom::fill(&mut key)
                        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                    transaction.execute("INSERT INTO secret VALUES (0, ?1)", [key])?;
                    transaction.pragma_update(None, "application_id", APPLICATION)?;
                    transaction.pragma_update(None, "user_version", FORM)?;
                }
                (FORM, APPLICATION) => {}
                _ => return Ok(None),
            }
            let key = transaction.query_row("SELECT key FROM secret", [], |row| row.get(0))?;
            transaction.commit()?;
            Ok(Some(Opened { connection, file, key, known: None }))
        };
        let opened = opened().map_err(|cause| self.failed("opened", cause))?;
        opened.ok_or_else(|| TrustError::Other(self.path.clone()))
    }

    /// Makes the file, which no other user may read, if there is none.
    fn make(&self) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut folders = fs::DirBuilder::new();
        folders.recursive(true);
        let mut file = fs::OpenOptions::new();
        file.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
            folders.mode(0o700);
            file.mode(0o600);
        }
        folders.create(folder)?;
        match file.open(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map(drop),
        }
    }
}

impl Opened {
    fn who(&self, user: &str) -> String {
        hex(blake3::keyed_hash(&self.key, user.as_bytes()).as_bytes())[..WHO_DIGITS].to_owned()
    }
}

/// The device and the number of a file.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

/// Elsewhere a file that is open cannot be moved, removed or replaced.
#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// Whether other users of the machine may read a file.
#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// Elsewhere folders of users are closed to others.
#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
