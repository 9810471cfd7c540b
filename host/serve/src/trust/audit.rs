//! What was done, and what was refused for lack of a right. Rows are appended, and each
//! has a hash of itself and the one before: what is altered, or taken from between two
//! others, does not fit.
//!
//! Deliberately absent: payloads, secrets, and names of users.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use sandtable::record::hex;

use super::clock::clock;
use super::{Trust, TrustError};

/// Something that is written down.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The user, or the name of the token.
    pub user: &'a str,
    /// The id of the token.
    pub token: &'a str,
    /// What was asked for.
    pub operation: &'a str,
    /// Of which world.
    pub world: Option<&'a str>,
    /// At which tick of it.
    pub tick: Option<u64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// There was no right to it.
    Refused,
    /// It could not be done.
    Failed,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What came of it.
    pub outcome: String,
    /// The hash of it and all before.
    pub digest: [u8; 32],
}

/// Whether the log is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All rows fit; how many there are, and the hash of the last.
    Whole {
        /// Rows.
        rows: i64,
        /// The hash of the last.
        last: String,
    },
    /// A row does not fit those before it.
    Broken {
        /// The number of the first that does not.
        number: i64,
    },
    /// All rows fit, and none has the hash that one had once.
    Other {
        /// Rows.
        rows: i64,
    },
}

const COLUMNS: &str = "number, at, who, token, operation, world, tick, outcome, digest";

impl AuditRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            at: row.get(1)?,
            who: row.get(2)?,
            token: row.get(3)?,
            operation: row.get(4)?,
            world: row.get(5)?,
            tick: row.get(6)?,
            outcome: row.get(7)?,
            digest: row.get(8)?,
        })
    }

    /// The hash of what it says, after the one before.
    fn digest_after(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("sandtable audit row 1");
        hasher.update(before);
        let mut whole = |number: i64| {
            hasher.update(&number.to_le_bytes());
        };
        whole(self.number);
        whole(self.at);
        whole(self.tick.map_or(0, |tick| tick.wrapping_add(1)));
        let world = self.world.as_deref();
        let texts = [&self.who, &self.token, &self.operation, &self.outcome];
        let texts = texts.map(|text| Some(text.as_str())).into_iter().chain([world]);
        for text in texts {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

impl Trust {
    /// Writes down what was done; gives what stands for the user.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn record(&self, act: Act<'_>) -> Result<String, TrustError> {
        self.write(|opened| {
            let who = opened.who(act.user);
            let transaction =
                opened.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (last, before) = last(&transaction)?;
            let mut row = AuditRow {
                number: last + 1,
                at: clock(),
                who,
                token: act.token.to_owned(),
                operation: act.operation.to_owned(),
                world: act.world.map(str::to_owned),
                tick: act.tick.map(|tick| tick as i64),
                outcome: act.outcome.word().to_owned(),
                digest: before,
            };
            row.digest = row.digest_after(&before);
            transaction
                .prepare_cached(&format!(
                    "INSERT INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                ))?
                .execute(params![
                    row.number,
                    row.at,
                    row.who,
                    row.token,
                    row.operation,
                    row.world,
                    row.tick,
                    row.outcome,
                    row.digest
                ])?;
            transaction.commit()?;
            Ok(row.who)
        })
    }

    /// Rows, the last first: of a user if one is named, so many at most.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn audit(&self, user: Option<&str>, limit: u32) -> Result<Vec<AuditRow>, TrustError> {
        let rows = self.read(|opened| {
            let who = user.map(|user| opened.who(user));
            let sql = format!(
                "SELECT {COLUMNS} FROM audit WHERE ?1 IS NULL OR who = ?1
                 ORDER BY number DESC LIMIT ?2"
            );
            let mut statement = opened.connection.prepare(&sql)?;
            statement.query_map(params![who, limit], AuditRow::read)?.collect()
        })?;
        Ok(rows.unwrap_or_default())
    }

    /// Looks every row over: whether it fits the one before, and whether one has a hash
    /// that was noted elsewhere, which says that none was cut off the end.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn verify_audit(&self, noted: Option<&str>) -> Result<Verdict, TrustError> {
        let verdict = self.read(|opened| {
            let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY number");
            let mut statement = opened.connection.prepare(&sql)?;
            let (mut before, mut rows, mut is_there) = ([0; 32], 0, noted.is_none());
            for row in statement.query_map([], AuditRow::read)? {
                // A row that cannot be read as one was altered, too.
                let Some(row) = row.ok().filter(|row| {
                    row.number == rows + 1 && row.digest == row.digest_after(&before)
                }) else {
                    return Ok(Verdict::Broken { number: rows + 1 });
                };
                (before, rows) = (row.digest, row.number);
                is_there |= noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&hex(&before)));
            }
            Ok(match is_there {
                true => Verdict::Whole { rows, last: hex(&before) },
                false => Verdict::Other { rows },
            })
        })?;
        Ok(verdict.unwrap_or(match noted {
            None => Verdict::Whole { rows: 0, last: hex(&[0; 32]) },
            Some(_) => Verdict::Other { rows: 0 },
        }))
    }
}

/// The number and the hash of the last row.
fn last(connection: &Connection) -> rusqlite::Result<(i64, [u8; 32])> {
    let mut statement = connection
        .prepare_cached("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")?;
    let last = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(last.unwrap_or_default())
}
