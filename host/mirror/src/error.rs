//! Why a world is not mirrored.

use std::error::Error as _;

use sandtable_save::SaveError;
use tokio_postgres::error::SqlState;

/// Why a world is not mirrored. One sentence, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its save cannot be read.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The save has no name for its world yet.
    #[error("the world of {path} has no id yet: `sandtable run` gives it one")]
    NoId {
        /// The save.
        path: String,
    },
    /// What names the database does not.
    #[error(
        "the address of PostgreSQL cannot be read: {what}; write it as \
         `postgres://user@host:5432/database`"
    )]
    Address {
        /// What is wrong with it.
        what: String,
    },
    /// A file with certificates holds none.
    #[error("{path} holds no certificates as PEM: {what}")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// It is not there now, and may be there later.
    #[error("PostgreSQL at {address} does not answer: {why}")]
    Away {
        /// Where it is looked for.
        address: String,
        /// Why it is not there.
        why: String,
    },
    /// It does not let us in.
    #[error("PostgreSQL at {address} refuses the user or the password: {why}")]
    Credentials {
        /// Where it is.
        address: String,
        /// What it said.
        why: String,
    },
    /// The way to it cannot be kept from others.
    #[error(
        "the way to PostgreSQL at {address} cannot be encrypted: {why}; name who is trusted to \
         be the server with `--postgres-ca`, or write `?sslmode=disable` behind its address"
    )]
    Encryption {
        /// Where it is.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// Nothing can be written there.
    #[error(
        "PostgreSQL at {address} takes no writes: name the primary server, and a user and a \
         database that are not set to `default_transaction_read_only`"
    )]
    ReadOnly {
        /// Where it is.
        address: String,
    },
    /// There is a schema that no mirror made.
    #[error(
        "the schema {schema} is there and no mirror of Sandtable made it: it stays as it is; give \
         another name with `--schema`"
    )]
    NotOurs {
        /// The schema.
        schema: String,
    },
    /// There is no schema to compare with.
    #[error("there is no schema {schema}: `sandtable mirror <save> --postgres <url>` makes it")]
    NoSchema {
        /// The schema.
        schema: String,
    },
    /// The schema is that of another world.
    #[error(
        "the schema {schema} mirrors another world, {other}: give this one another name with \
         `--schema`"
    )]
    OtherWorld {
        /// The schema.
        schema: String,
        /// The id of that world.
        other: String,
    },
    /// The schema is laid out as another version lays it out.
    #[error(
        "the schema {schema} is of version {found} of the mirror, and this Sandtable has version \
         {ours}: use the one that made it, or remove the schema, or give another name with \
         `--schema`"
    )]
    Version {
        /// The schema.
        schema: String,
        /// Its version.
        found: i32,
        /// That of this program.
        ours: i32,
    },
    /// A name that the mirror needs is taken.
    #[error(
        "the {what} {name} in the schema {schema} is not the mirror's, which needs the name: \
         rename it, and the mirror goes on"
    )]
    Taken {
        /// A table or a column.
        what: &'static str,
        /// What it is called.
        name: String,
        /// In which schema.
        schema: String,
    },
    /// A table of the mirror is not there any more.
    #[error(
        "the {what} {name} of the mirror in the schema {schema} is gone: `--resync` makes it again"
    )]
    Lost {
        /// A table or a column.
        what: &'static str,
        /// What it was called.
        name: String,
        /// In which schema.
        schema: String,
    },
    /// The mirror tells of a future that the save does not have.
    #[error(
        "the schema {schema} stands at tick {tick} of another future than the save, which was \
         rewound or put back: `--resync` writes the mirror anew as the save is"
    )]
    OtherFuture {
        /// The schema.
        schema: String,
        /// Its tick.
        tick: u64,
    },
    /// Another mirror writes there.
    #[error("another mirror writes to the schema {schema}")]
    Busy {
        /// The schema.
        schema: String,
    },
    /// What is to be compared is not of one tick.
    #[error(
        "the mirror stands at tick {mirror} and the save at tick {save}, and {why}: bring it up \
         with `sandtable mirror <save> --postgres <url> --once`, and check then"
    )]
    Apart {
        /// The tick of the mirror.
        mirror: u64,
        /// The tick of the save.
        save: u64,
        /// Why they cannot be compared.
        why: String,
    },
    /// What is to have an index has none to be had.
    #[error("`{asked}` is no column of the mirror with JSON in it: write `table.column`")]
    NoJson {
        /// What was asked for.
        asked: String,
    },
    /// It refused something.
    #[error("PostgreSQL at {address} refuses: {why}")]
    Refused {
        /// Where it is.
        address: String,
        /// What it said.
        why: String,
    },
    /// The thread or the clock of the operating system is not to be had.
    #[error("the connection to PostgreSQL cannot be driven: {0}")]
    Runtime(std::io::Error),
}

impl Error {
    /// Whether it may go by itself, so that it is worth trying again.
    pub fn passes(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Busy { .. } => true,
            Self::Save(error) => matches!(error, SaveError::Busy { .. } | SaveError::Full { .. }),
            _ => false,
        }
    }

    /// What PostgreSQL, or the way to it, said.
    pub(crate) fn of(address: &str, error: &tokio_postgres::Error) -> Self {
        let address = address.to_owned();
        let Some(told) = error.as_db_error() else {
            let mut why = error.to_string();
            let mut cause = error.source();
            while let Some(next) = cause {
                let told = next.to_string();
                if !why.contains(&told) {
                    why = format!("{why}: {told}");
                }
                cause = next.source();
            }
            let says = |words: &[&str]| words.iter().any(|it| why.contains(it));
            return if says(&["invalid peer certificate", "does not support TLS"]) {
                Self::Encryption { address, why }
            } else if says(&["password missing"]) {
                Self::Credentials { address, why }
            } else if says(&[
                "invalid configuration",
                "error serializing",
                "error deserializing",
                "unexpected number of rows",
            ]) {
                Self::Refused { address, why }
            } else {
                Self::Away { address, why }
            };
        };
        let why = match told.detail() {
            Some(detail) => format!("{} ({detail})", told.message()),
            None => told.message().to_owned(),
        };
        let passes = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::DISK_FULL,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        match told.code() {
            code if passes.contains(code) => Self::Away { address, why },
            code if *code == SqlState::INVALID_PASSWORD
                || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Self::Credentials { address, why }
            }
            code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly { address },
            _ => Self::Refused { address, why },
        }
    }
}
