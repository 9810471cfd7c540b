//! Persistence: one world, one SQLite file, one transaction a commit.
mod checkpoint;
mod chunks;
mod connect;
mod encode;
mod error;
mod inbox;
mod lock;
mod log;
mod mods;
mod reader;
mod restore;
mod save;
mod schema;
mod sql;
mod state;

pub use error::SaveError;
pub use inbox::{INBOX_MAX, send};
pub use mods::StoredMod;
pub use reader::{ArchetypeInfo, Info, ModInfo, Reader, query};
pub use save::Save;
pub use sql::Table;

#[cfg(test)]
mod tests;
