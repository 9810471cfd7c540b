//! Why a world cannot be opened or go on: every error of this crate that stops a
//! world, in one type.

use crate::catalog::Unresolved;
use crate::ecs::Stamp;
use crate::guest::GuestError;
use crate::migration::MigrationError;
use crate::pack;
use crate::plan::Plan;
use crate::program::ProgramError;
use crate::save::SaveError;
use crate::schedule::ScheduleError;
use crate::settings::{self, SettingsError};
use crate::tables::TableError;
use crate::unsaved::shown_ticks;

/// Why a world could not be opened or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A component cannot be a mod.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The mods do not fit together.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The mods need others than there are.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The settings of a mod do not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The systems cannot be ordered.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The save could not be read or written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The values of the save cannot follow the mods.
    #[error("the mods do not fit: {}", .0.refusals().collect::<Vec<_>>().join("; and "))]
    Incompatible(Box<Plan>),
    /// A pack cannot be used.
    #[error(transparent)]
    Pack(#[from] pack::Error),
    /// The mods are not those that the save last ran with, and that was not
    /// accepted.
    #[error("the mods are not those that the save last ran with: accept them, or give those")]
    OtherMods(Box<Plan>),
    /// The values of the save could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A setting of a new save was changed for an existing one.
    #[error(
        "shard_rows is {found} in the save and {asked} was asked for; it never changes in the life of a save: \
         set it back, or make a new save"
    )]
    ShardRows {
        /// What the save has.
        found: usize,
        /// What was asked for.
        asked: usize,
    },
    /// An input that no mod declares, or that does not fit its declaration.
    #[error("input `{kind}`: {what}")]
    Input {
        /// Which input.
        kind: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// An edit that cannot be sent.
    #[error("the edit is refused: {0}")]
    Edit(String),
    /// A parcel under the key of another.
    #[error(
        "another request was sent under the key `{key}` before: give each a key of its own, and \
         the same key only to the same request"
    )]
    OtherRequest {
        /// The key.
        key: String,
    },
    /// Too much waits for the next tick.
    #[error("{waiting} {what} of {most} at most are waiting: send the others after the next tick")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many wait.
        waiting: usize,
        /// How many may.
        most: usize,
    },
    /// What people should know entities by, or whose they are, is nothing that a mod
    /// declares.
    #[error("{0}")]
    Label(String),
    /// A mod that cannot take part again.
    #[error("{0}")]
    Resume(String),
    /// The tables of mods cannot be made.
    #[error(transparent)]
    Migrations(#[from] TableError),
    /// A mod that ran is nowhere.
    #[error(
        "mod `{mod_id}` ran in this save, and its component {hash} is not in it: put it back with `sandtable embed`"
    )]
    Lost {
        /// Which mod.
        mod_id: String,
        /// The digest of its component.
        hash: String,
    },
    /// The tables of mods could not be read or written.
    #[error("the tables of mods could not be written: {0}; nothing that was committed is lost")]
    Tables(String),
    /// This machine could not make a call.
    #[error(
        "a call of mod `{mod_id}` could not be made, for want of memory or the like: {why}; \
         nothing that was committed is lost: go on when the machine has room, or with fewer \
         `--threads`"
    )]
    Host {
        /// Whose call.
        mod_id: String,
        /// What the machine lacked.
        why: String,
    },
    /// Ticks that were in memory only could not be kept there any longer.
    #[error("{} lost: {why}", shown_ticks(*first, *last))]
    Unsaved {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// Why, and what can be done.
        why: String,
    },
    /// The world has come to the last tick that there is a number for.
    #[error("tick {} is the last one that a world can have", Stamp::TICK_MAX)]
    LastTick,
    /// Code that different compilers made.
    #[error("the mods were compiled by different compilers: compile them together")]
    Compilers,
    /// What a save holds is not the world that was computed.
    #[error(
        "tick {tick} left a world with the hash {computed}, and the save that was closed and \
         opened again has {found}: keep the save and report this, it is a fault of the host or \
         the machine"
    )]
    Reopened {
        /// The last tick.
        tick: u64,
        /// The state hash that was recorded.
        computed: String,
        /// The state hash of the world that came back.
        found: String,
    },
    /// Threads could not be started.
    #[error("threads could not be started: {0}")]
    Threads(String),
}

impl From<settings::Error> for Error {
    fn from(error: settings::Error) -> Self {
        match error {
            settings::Error::Given(error) => error.into(),
            settings::Error::Declared(error) => ProgramError::from(error).into(),
        }
    }
}
