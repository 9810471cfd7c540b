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

pub mod away;
mod call;
pub mod calls;
mod codec;
mod context;
mod convert;
mod engine;
mod functions;
mod imports;
mod outcome;
mod said;
mod shards;
mod state;
mod verdict;
mod versions;
mod wasi;

pub use call::{Call, CallReport};
pub use codec::argument;
pub use context::{Assets, Batch, CallContext, ShardRef, rows_of};
pub use engine::{Code, Engine, GuestError, contained, panic_text};
pub use outcome::{EmittedEvent, Outcome, WrittenColumn, WrittenValues};
pub use said::{Log, LogLine};
pub use sandtable_world::fault::{Fault, Halt, Verdict};
pub use sandtable_world::interface::{INTERFACE_SECTION, INTERFACE_VERSION};
pub use sandtable_world::record::LogLevel;
