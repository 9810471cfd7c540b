//! Why a call fails.

use std::fmt;

use crate::codec::Malformed;

/// Why a call fails, as the people who run the world read it.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    /// With a sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The sentence.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Malformed> for Fault {
    fn from(error: Malformed) -> Self {
        Self(format!("the host's data does not fit: {error}"))
    }
}
