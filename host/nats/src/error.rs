//! Why there is no connection.

use std::io;
use std::path::PathBuf;

/// Why there is no connection. One sentence, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Which server is not said.
    #[error("no NATS server is named: give --nats, as in `--nats nats://127.0.0.1:4222`")]
    NoServer,
    /// The address of a server is none.
    #[error("`{url}` is no address of a NATS server: give one such as `nats://127.0.0.1:4222`")]
    Address {
        /// What was given.
        url: String,
    },
    /// A setting that cannot be.
    #[error("`nats.{key}` {what}")]
    Setting {
        /// Its key.
        key: &'static str,
        /// The end of a sentence about it.
        what: String,
    },
    /// A file that is named cannot be read.
    #[error("{}, which `nats.{key}` names, cannot be read: {cause}", path.display())]
    File {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file that is named does not hold what it should.
    #[error("{}, which `nats.{key}` names, holds no {expected}: give another file", path.display())]
    Contents {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// The thread for the network could not be started.
    #[error("the thread for the network could not be started: {0}")]
    Thread(io::Error),
    /// No server answers.
    #[error("no NATS server answers at {url}: {why}")]
    NoAnswer {
        /// Where it was looked for.
        url: String,
        /// What was found instead.
        why: String,
    },
}
