//! Tokens of users, and what was done by them.

use serde::Deserialize;

/// A token that was made, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// Which it is.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The user whose it is, where it shows what that user may see.
    pub user: Option<String>,
    /// What it allows.
    pub grants: Vec<String>,
    /// The token by which it was made.
    pub made_by: Option<String>,
    /// When, in seconds since 1970.
    pub made_at: i64,
    /// Until when it holds.
    pub expires_at: Option<i64>,
    /// `holds`, `expired` or `revoked`.
    pub state: String,
}

/// A token that was just made.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NewToken {
    /// Which it is.
    pub id: String,
    /// All of it, which is told this once.
    pub token: String,
}

/// It is shown without its secret.
impl std::fmt::Debug for NewToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewToken({})", self.id)
    }
}

/// What became of tokens that were to be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Revoked {
    /// How many held until now.
    pub revoked: u64,
}

/// What was done, or refused for lack of a right.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// Its number; the first is 1.
    pub number: i64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Who, as a hash.
    pub who: String,
    /// By which token.
    pub token: String,
    /// What was asked for.
    pub operation: String,
    /// Of which world.
    pub world: Option<String>,
    /// At which tick of it.
    pub tick: Option<i64>,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// The hash of it and all before.
    pub digest: String,
}
