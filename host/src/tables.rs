//! Tables: SQL of mods, inside the save and inside the tick.
//!
//! | part | what it does |
//! |---|---|
//! | [`Database`] | the one connection, and the transaction that a tick is |
//! | [`Session`] | the statements of one system run, with their quotas |
//! | `gate` | whose statement is at work, and what it may: the authorizer |
//! | `value` | parameters and rows, between MessagePack and SQLite |
//! | `digest` | follows each change of a row, for the state hash |
//! | `migration` | the only way to CREATE, ALTER and DROP |
//! | `form` | what tables in a save may be |
//! | `memory` | how much memory SQLite has |
//!
//! # What a mod may
//!
//! One SELECT, INSERT, UPDATE or DELETE at a time, on tables `<mod>__<table>` of
//! its own or granted ones, with functions that give the same everywhere. The
//! authorizer is set once and reads whose statement it is from the gate: setting
//! it again would expire every prepared statement. Statements are cached under
//! their mod's name, because a statement once prepared is not authorised again.
//! The word ROLLBACK is refused wherever it stands, for SQLite tells nobody of
//! conflict clauses, and one of them undoes the whole tick.
//!
//! # What decides
//!
//! Statements, rows, bytes and the size of tables are counted the same way on
//! every machine, and passing a quota is a fault. Steps of SQLite's machine,
//! memory and time are not: they only guard. Where one of them stops a statement,
//! or SQLite can answer only by undoing the transaction, that is a [`Halt`]: the
//! tick is done again without the mod.
//!
//! Deliberately absent: wasm, and what a tick does besides.
//!
//! [`Halt`]: crate::guest::Halt

mod database;
mod digest;
mod form;
mod gate;
mod memory;
mod migration;
mod session;
mod value;

pub use database::{Database, Guard, Undone, names};
pub use digest::of as state;
pub use form::check;
pub use migration::{Migration, Ran, TableError, pending, ran};
pub use session::{Answer, Session, Stop};

#[cfg(test)]
mod tests;

/// The mod that owns a table: names are `<mod>__<table>`, and mods' ids have no
/// underscore.
pub fn owner(table: &str) -> Option<&str> {
    table.split_once("__").map(|(owner, _)| owner).filter(|owner| crate::catalog::is_mod_id(owner))
}
