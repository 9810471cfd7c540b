//! What a save keeps of types that belong to other layers, in forms of its own.
//!
//! A form that was ever written is read for ever. So the types that the rest of
//! the program works with may change as they need to: what changes is how the
//! newest form becomes them, and an older form how it becomes the next
//! (`upgrade`). A form is added to, or followed by another; it is never edited.
//!
//! What is written has the oldest form that can say it. The text of what did not
//! change stays the same byte by byte, and sets of mods are compared by it.

mod declaration;
mod finding;
pub(super) mod manifest;
mod question;
pub(super) mod settings;
mod terms;

pub use declaration::{declaration_text, read_declaration};

/// Why what a save keeps cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It is not what any version wrote.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    /// A text in it means nothing.
    #[error("{0}")]
    Unknown(String),
    /// A newer version wrote it.
    #[error("it has form {0}, which this Sandtable does not know: use a newer one")]
    Newer(u64),
    /// A newer version hashed its world.
    #[error(
        "it has a state hash of version {0}, which this Sandtable does not know: use a newer one"
    )]
    HashVersion(String),
}
