//! Tables: SQL of mods, inside the save and inside the tick.
//!
//! | part | what it does |
//! |---|---|
//! | [`Database`] | the one connection, and the transaction that a tick is |
//! | [`Session`] | the statements of one system run, with their quotas |
//! | `gate` | whose statement is at work, and what it may: the authorizer |
//! | `value` | parameters and rows, between MessagePack and SQLite |
//! | `bulk`, `given` | many rows of parameters for one statement |
//! | `copy` | all tables as bytes |
//! | `digest` | follows each change of a row, for the state hash |
//! | `rows` | writes those changes down, for history |
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
//! The word ROLLBACK is refused wherever it stands, for SQLite does not tell the
//! authorizer of conflict clauses, and one of them undoes the whole tick.
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
//! [`Halt`]: sandtable_world::fault::Halt

mod batch;
mod bulk;
mod copy;
mod database;
mod digest;
mod digester;
mod error;
mod follower;
mod form;
mod gate;
mod given;
mod memory;
mod migration;
mod rows;
mod session;
mod value;

pub use copy::copy;
pub use database::{Database, Guard, Undone, names};
pub use digest::of as state;
pub use digest::unfollow;
pub use error::TableError;
pub use form::check;
pub use migration::{Migration, Ran, pending, ran};
pub use rows::{RowChange, read as read_rows, undo as undo_rows};
pub use session::Session;

use sandtable_world::ecs::TableState;

#[cfg(test)]
mod tests;

/// What a run did to one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableChange {
    /// How its contents differ.
    pub state: TableState,
    /// What became of its rows, for [`read_rows`], where that is written down.
    pub rows: Vec<u8>,
}

/// The mod that owns a table: names are `<mod>__<table>`, and mods' ids have no
/// underscore.
pub fn owner(table: &str) -> Option<&str> {
    table
        .split_once("__")
        .map(|(owner, _)| owner)
        .filter(|owner| sandtable_world::names::is_mod_id(owner))
}
