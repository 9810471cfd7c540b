//! A world of Sandtable as tables of PostgreSQL, in a schema of its own.
//!
//! A [`Mirror`] follows one save, which another process may run meanwhile. Each step
//! writes the net difference of two worlds, that which the mirror has and that which the
//! save has, with the row that says how far the mirror is, in one transaction. So a
//! mirror that is killed goes on exactly where it was, and readers see whole ticks alone.
//! [`check()`] compares both sides by digests.
//!
//! Deliberately absent: any part in the tick. The save is read beside the process that
//! runs its world, and nothing of it is open while PostgreSQL is waited for.

mod address;
mod catalog;
mod cell;
mod check;
mod connection;
mod digest;
mod error;
mod layout;
mod mirror;
mod moment;
mod rows;
mod schema;
mod shown;
mod store;

pub use check::{Checked, CheckedTable, Difference, check};
pub use error::Error;
pub use mirror::{Mirror, MirrorSettings, Step};
