//! Tokens as the file has them.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::super::rights::Grants;
use super::clock::clock;
use super::token::Digest;

/// What is read of a token.
pub const COLUMNS: &str =
    "id, name, user, grants, digest, made_by, made_at, expires_at, revoked_at";

/// Tokens by id.
pub type Known = HashMap<String, Token>;

/// A token that was made, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which it is.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The user whose it is, where it shows what that user may see.
    pub user: Option<String>,
    /// What it allows.
    pub grants: Grants,
    /// The token by which it was made.
    pub made_by: Option<String>,
    /// When, in seconds since 1970.
    pub made_at: i64,
    /// Until when it holds.
    pub expires_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// What is kept of its secret.
    pub(super) digest: Digest,
}

impl Token {
    /// Whether it opens anything now, and if not, why.
    pub fn state(&self) -> &'static str {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => "revoked",
            (_, Some(end)) if end <= clock() => "expired",
            _ => "holds",
        }
    }

    /// Of a row of [`COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let grants: String = row.get(3)?;
        let grants: Vec<String> = serde_json::from_str(&grants).unwrap_or_default();
        // What is no grant, as in a file of a later version, allows nothing.
        let texts = grants.iter().map(String::as_str);
        let grants = texts.filter_map(|text| Grants::parse([text]).ok()).collect();
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            user: row.get(2)?,
            grants,
            digest: row.get(4)?,
            made_by: row.get(5)?,
            made_at: row.get(6)?,
            expires_at: row.get(7)?,
            revoked_at: row.get(8)?,
        })
    }
}

/// All tokens.
pub fn read(connection: &Connection) -> rusqlite::Result<Known> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM token"))?;
    let all = statement.query_map([], Token::read)?;
    all.map(|token| token.map(|token| (token.id.clone(), token))).collect()
}
