//! MessagePack, as much of it as the contract uses.
//!
//! Writing cannot fail and reading never panics: what is not as expected
//! becomes a [`Malformed`] that says where and what.

mod reader;
pub mod write;

use core::fmt;

pub use reader::Reader;

/// Bytes from the host that are not what the contract promises.
///
/// It carries a sentence; each level that reads a part adds where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl Malformed {
    /// With a sentence of what was expected and found.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same mistake, seen from the value that contains it.
    #[must_use]
    pub fn inside(mut self, place: &str) -> Self {
        self.0.insert_str(0, ": ");
        self.0.insert_str(0, place);
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Malformed {}
