//! Packs: a world's mods and settings in one file, to be passed on.
//!
//! A pack is a zip file that is the same to the byte for the same world.
//! `pack.toml` in it has the settings and lists every other entry with its size
//! and BLAKE3 digest: `mods/<id>/component.wasm`, `mods/<id>/mod.toml`, and
//! `mods/<id>/assets/…`. A pack may come from anywhere. It is read into memory
//! once; what was checked, signature included, is what is used, and nothing of
//! it is ever extracted to a disk.
//!
//! | part | what it does |
//! |---|---|
//! | [`write`](fn@write) | a world to a pack |
//! | [`Pack::read`] | a pack to a world, or one sentence that says why not |
//! | [`sign`], [`Keys`] | minisign's signatures beside packs |
//! | [`embed`], [`contents_beside`] | packs that carry what slim saves lack |

mod archive;
mod contents;
mod read;
mod slim;
mod trust;
mod write;

use std::io;
use std::path::PathBuf;

pub use read::Pack;
pub use slim::{contents, contents_beside, embed};
#[cfg(test)]
pub(crate) use trust::signature;
pub use trust::{Keys, public_key, sign, signature_file};
pub use write::write;

/// The most bytes that a pack may have.
pub const PACKED_MAX_BYTES: u64 = 64 << 20;
/// The most bytes that all entries together may have.
pub const UNPACKED_MAX_BYTES: u64 = 256 << 20;
/// The most entries.
pub const ENTRIES_MAX: usize = 4096;
/// How many times its packed bytes an entry may have.
pub const RATIO_MAX: u64 = 100;

/// Why a pack cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{} could not be {doing}: {cause}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// Mods that no pack can carry.
    #[error("the world cannot be packed: {0}")]
    Unfit(String),
    /// A pack that is not what it should be.
    #[error("{} is refused: {what}; get the pack again from its maker", .path.display())]
    Refused {
        /// The pack.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A pack that no trusted key signed.
    #[error("{} is not trusted: {what}", .path.display())]
    Untrusted {
        /// The pack.
        path: PathBuf,
        /// What is wrong with its signature, and the remedy.
        what: String,
    },
    /// A key that is none.
    #[error("the key {what}")]
    Key {
        /// What is wrong with it, and the remedy.
        what: String,
    },
    /// The save that it is for.
    #[error(transparent)]
    Save(#[from] crate::save::SaveError),
}
