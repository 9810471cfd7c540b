//! Guests: mods' code in the sandbox.
//!
//! Every call gets a fresh instance from a pool, so a guest's memory holds
//! nothing from one call to the next. A call gets a snapshot of the world, its
//! shards and its limits, and gives back an [`Outcome`] or a [`Fault`]; it
//! never touches the world itself, so calls can run on any thread.
//!
//! Invariants: nothing a guest does can panic the host; every byte that a guest
//! returns has been checked against its kind before it leaves this module.
//!
//! Deliberately absent: the order of systems, SQL, threads.

mod bindings;
mod call;
mod codec;
mod convert;
mod engine;
mod imports;
mod said;
mod shards;
mod wasi;

pub use crate::fault::{Fault, Halt, Verdict};
pub use crate::interface::INTERFACE_VERSION;
pub use crate::record::LogLevel;
pub use bindings::types as declared;
pub use call::{
    Assets, Batch, Call, CallContext, CallReport, EmittedEvent, Outcome, ShardRef, WrittenColumn,
    WrittenValues, rows_of,
};
pub use codec::argument;
pub use engine::{Code, Engine, GuestError, panic_text};
pub use said::{Log, LogLine};

/// The custom section in which an SDK states the version it was made for.
pub const INTERFACE_SECTION: &str = "sandtable:interface";
