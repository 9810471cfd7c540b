//! Why declarations cannot be written.

/// Why declarations cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Nothing bears that name.
    #[error("there is no kind `{wanted}`: give a mod, or one of its kinds; there are {known}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Two mods call different kinds alike.
    #[error("`{one}` and `{other}` have one name in Rust: write them into files of their own")]
    Twice {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// What another language made.
    #[error("`{kind}` cannot be declared in Rust: {why}")]
    Foreign {
        /// Which kind.
        kind: String,
        /// What Rust has no words for.
        why: String,
    },
}
