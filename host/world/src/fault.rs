//! How a call can fail, and whose failure it is.
//!
//! A [`Fault`] is the mod's: what its system run produced is discarded and the
//! tick goes on. A [`Halt`] cannot be confined to the run: the whole tick is
//! undone and done again without the mod.

use crate::ecs::Entities;

/// A mod broke its contract or a limit. Decided the same way on every machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest trapped.
    #[error("it trapped: {0}")]
    Trap(String),
    /// The fuel of the call was used up.
    #[error("it used up its {0} units of fuel (limit `fuel`)")]
    OutOfFuel(u64),
    /// The memory of the call was used up.
    #[error("it asked for more than {0} bytes of memory (limit `memory_max_bytes`)")]
    OutOfMemory(u64),
    /// The guest said that it failed.
    #[error("it failed: {0}")]
    Failed(String),
    /// What the guest returned does not have the form it must have.
    #[error("it returned something malformed: {0}")]
    Malformed(String),
    /// The guest did what it had not declared.
    #[error("it did what it has not declared: {0}")]
    Undeclared(String),
    /// The guest named an entity that never existed.
    #[error("it named entity {0}, which never existed")]
    NoSuchEntity(crate::ecs::Entity),
    /// The guest produced more than a limit allows.
    #[error("it produced more than {most} {what} in a call (limit `{limit}`)")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit's name in the world file.
        limit: &'static str,
        /// Its value.
        most: u64,
    },
}

/// What cannot be confined to a run. No two machines need agree on it, so that
/// it is logged as input of the tick.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The operator's emergency stop, after so many milliseconds.
    #[error("a call took longer than {0} ms on the wall (limit `wall_clock_max_millis`)")]
    Clock(u64),
    /// A statement that a guard stopped, or that only undoing the tick answered.
    #[error("{0}")]
    Statement(String),
    /// Commands that would make more entities than there are names for.
    #[error(
        "its commands make more entities than a world can have, which is {}",
        Entities::ALIVE_MAX
    )]
    Entities,
    /// Not the mod's: the save cannot be written.
    #[error("{0}")]
    Save(String),
    /// Not the mod's: this machine cannot make the call.
    #[error("{0}")]
    Host(String),
}

/// Why a call gave no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Verdict {
    /// The mod's failure.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What cannot be confined.
    #[error(transparent)]
    Halt(#[from] Halt),
}
