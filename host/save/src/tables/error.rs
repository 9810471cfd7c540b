//! Why tables cannot be made.

use rusqlite::Error;

/// Why a mod's tables cannot be made. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A name or the order of names is wrong.
    #[error(
        "mod `{mod_id}` declares migration `{name}`{what}: name migrations like `0001_ledger`, in ascending order"
    )]
    Name {
        /// Which mod.
        mod_id: String,
        /// Which migration.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// One that ran is another now.
    #[error(
        "migration `{name}` of mod `{mod_id}` ran in this save and was altered since: restore it, and put the change into a new migration"
    )]
    Altered {
        /// Which mod.
        mod_id: String,
        /// Which migration.
        name: String,
    },
    /// One that ran is not there.
    #[error(
        "migration `{name}` of mod `{mod_id}` ran in this save, but this version of the mod does not have it: use the version that the save was made with, or a newer one"
    )]
    Unknown {
        /// Which mod.
        mod_id: String,
        /// Which migration.
        name: String,
    },
    /// It was refused or failed.
    #[error("migration `{name}` of mod `{mod_id}` {what}; nothing of it was kept")]
    Failed {
        /// Which mod.
        mod_id: String,
        /// Which migration.
        name: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A table that is there is not of the form that it must have.
    #[error("table `{table}` {what}")]
    Form {
        /// Which table.
        table: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The save could not be read or written.
    #[error("the tables of mods could not be made: {0}")]
    Sqlite(#[from] Error),
}
