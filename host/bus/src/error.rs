//! Why an outbox is not relayed.

use sandtable::save::SaveError;

/// Why an outbox is not relayed. One sentence, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its save cannot be read, or another relay has it.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// There is no connection.
    #[error(transparent)]
    Nats(#[from] sandtable_nats::Error),
    /// The stream tells of a future that the save does not have.
    #[error(
        "there are two futures: message {message} of the stream `{stream}` is row {seq} of this \
         world's outbox, and the save has another there; go on with the save that the stream was made of, or with a \
         branch of this one, which has a stream of its own, or remove the stream"
    )]
    TwoFutures {
        /// The stream.
        stream: String,
        /// The number of the message in it.
        message: u64,
        /// The number of the row.
        seq: u64,
    },
    /// The stream lacks rows that the save does not keep any more.
    #[error(
        "the stream `{stream}` ends with row {has}, and the save keeps its rows from {first} on: \
         what lies between is lost to it; give `keep_rows` in [outbox] a higher number, and remove \
         the stream to have it begun anew with row {first}"
    )]
    Gap {
        /// The stream.
        stream: String,
        /// The last row that it has.
        has: u64,
        /// The first row that the save has.
        first: u64,
    },
    /// The stream has what no relay of this world put there.
    #[error(
        "message {message} of the stream `{stream}` was put there by another program than a relay \
         of this world: let no other publish to {subjects}, and remove the stream to \
         have it begun anew"
    )]
    Foreign {
        /// The stream.
        stream: String,
        /// The number of the message in it.
        message: u64,
        /// What the stream takes.
        subjects: String,
    },
    /// A stream of this name takes something else.
    #[error(
        "there is a stream `{stream}` that does not take {subjects}: remove it, or give the prefix \
         with which it was made"
    )]
    OtherStream {
        /// The stream.
        stream: String,
        /// What it should take.
        subjects: String,
    },
    /// What the stream lost was acknowledged, and where it stands cannot be found out.
    #[error(
        "the stream `{stream}` had {had} messages and has none of this world's left to go on from, \
         and the save does not know how far it was: remove the stream to have it begun anew"
    )]
    Emptied {
        /// The stream.
        stream: String,
        /// The number of the last message that it ever had.
        had: u64,
    },
}

/// Why a relay begins again, as the end of a sentence; or why it does not.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It tries again.
    Again(String),
    /// It tries again. The stream has more than the save, and this row of it as its last.
    Behind {
        why: String,
        /// The row.
        seq: u64,
        /// The number that the stream gave it.
        stream: u64,
    },
    /// It was told to.
    Told,
    /// It cannot go on.
    Stopped(Error),
}

impl From<SaveError> for Ended {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Busy { .. } | SaveError::Full { .. } => Self::Again(error.to_string()),
            error => Self::Stopped(Error::Save(error)),
        }
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}
