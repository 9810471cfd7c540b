//! Persistence: one world is one SQLite file, and a commit is one transaction.
//!
//! | part | what it does |
//! |---|---|
//! | [`Save`] | the one writer: creates, opens, commits, closes |
//! | [`sandtable::send`](crate::send) | puts an input into a save, also while its world runs |
//! | [`Inquiry`] | answers SQL about a world, of a save or without one |
//! | [`export`] | writes a save as plain rows for other tools |
//! | [`backup`] | copies a save, also while its world runs |
//! | [`check`], [`repair`] | says all that is wrong with a save; salvages what is whole |
//! | [`Reader`], [`query`] | reads a save as a commit left it: what it is, its world, what led to it, answers to SQL |
//!
//! A commit compares the world with the one that was committed last, page by
//! page and by address, and writes only what differs: a page of which few rows
//! changed as a patch, other pages whole (`page_writer`), the rest row by row
//! (`state`, `log`). Opening restores the world and checks all of it against the
//! state hash of its last tick and a seal over what that hash leaves out
//! (`restore`): a save opens as what was committed, or is refused. A save may
//! come from anywhere.
//!
//! # What is promised
//!
//! - A commit is all or nothing, for a killed process, and for a power failure.
//! - With [`Durability::EveryTick`](sandtable_world::config::Durability) what was
//!   committed is on disk when [`Save::commit`] returns (`synchronous = FULL`).
//!   With the settings that sync less often a power failure takes the commits
//!   since the last sync, never a part of one, and a killed process none.
//! - What a commit that failed was to write is not there, or, where it had reached
//!   the disk before the error, all of it is.
//! - One process writes, guarded by a lock (`lock`); any number read, and keep it
//!   from nothing. A reader that stays open lets the log beside the save grow
//!   (`checkpoint` says how that is bounded otherwise).
//! - A closed save is one file. While it is open there are `-wal`, `-shm` and
//!   `.lock` beside it; after a kill they stay until a process opens it. A log that
//!   is not of the save beside it is never replayed (`mark`).
//!
//! # Choices
//!
//! Pages of SQLite have 8 KiB. With 100,000 entities of two packed 12-byte
//! columns on 2 shared cores, in milliseconds a commit (median, `NORMAL` /
//! `FULL`), all columns changed; 1 % of rows at random; nothing but the tick:
//!
//! | page | dense | sparse | idle |
//! |---|---|---|---|
//! | 4 KiB | 2.50 / 4.8 | 0.34 / 0.54 | 0.022 / 0.35 |
//! | 8 KiB | 2.21 / 4.0 | 0.33 / 0.55 | 0.031 / 0.35 |
//! | 16 KiB | 2.01 / 3.6 | 0.34 / 0.65 | 0.045 / 0.40 |
//! | 64 KiB | 1.92 / 3.6 | 0.42 / 0.78 | 0.098 / 0.50 |
//!
//! Whole pages are written by `UPDATE`, which compares and so dirties only the
//! pages of SQLite that differ; the incremental blob interface was 6 % faster
//! where everything differs and no better elsewhere.
//!
//! Deliberately absent: wasm, the network, and any notion of what a tick does.

mod answers;
mod asking;
mod backup;
mod check;
mod checkpoint;
mod clock;
mod connect;
mod declarations;
mod draft;
mod encode;
mod error;
mod export;
mod file_identity;
mod findings;
mod format;
mod gather;
mod glance;
mod head;
mod history;
mod identity;
mod inbox;
mod inquiry;
mod labels;
mod lock;
mod log;
mod logged;
mod mark;
mod mods;
mod open;
pub mod outbox;
mod page_writer;
mod payloads;
mod reader;
mod repair;
mod replay_log;
mod restore;
mod rewind;
mod save;
mod schema;
mod settings;
mod shape;
mod sql;
mod state;
mod stored;
mod table_shape;
pub mod tables;
mod topics;
mod upkeep;

pub use answers::{Answer, Answering, Asked, Changes, ChangesOf, Seen, Setting, Ticks, Why};
pub use asking::{KnownQuestion, Questions, objection_to_select};
pub use backup::{BackedUp, backup};
pub use check::{Checked, check};
pub use connect::{in_memory, is_save};
pub use error::SaveError;
pub use export::{ExportFormat, Exported, export};
pub use format::APPLICATION_ID;
pub use glance::{Glance, delete, glance};
pub use head::Commit;
pub use history::{
    Action, Change, Difference, Filter, Heads, Origin, PastValue, Recorder, Snapshot, StepKind,
    Terms, Worlds, forget_snapshot, snapshot, snapshot_tick, snapshots,
};
pub use history::{compare, differences};
pub use inbox::{EDITS_WAITING_MAX, INBOX_MAX, NO_EDITS};
pub use inbox::{
    KnownRequest, Parcel, RequestPlace, Standing, objection_to_resume, objections, resume, send,
};
pub use inquiry::{Inquiry, Running};
pub use labels::Labels;
pub use logged::{Line, LineId, WantedLines};
pub use mods::{Cause, Contents, LockedMod, RecordedSet, StoredMod};
pub use reader::{ArchetypeInfo, Info, KeptTable, ModInfo, Reader, Sizes, query};
pub use repair::{Repaired, repair};
pub use replay_log::{ReplayLog, Start};
pub use rewind::{Rewound, branch, rewind, rewind_and_keep};
pub use save::{Adoption, Save};
pub use sql::{
    FUNCTIONS, Function, RowNumbers, SelectRows, Table, exact, may_be_number, plain_integer, quoted,
};
pub use sql::{cell_bytes, cell_to_json, distinct_names, is_lasting, table_name};
pub use stored::{StoredError, declaration_text, read_declaration};
pub use table_shape::{ColumnShape, TableShape};
pub use topics::event_told;
pub use upkeep::{Pruned, compact, prune};

#[cfg(test)]
mod tests;
