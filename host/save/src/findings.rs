//! What becomes of damage where it is found: the first refuses a save, or all
//! of it is noted and what is damaged is left out.
//!
//! Opening, checking and repairing a save read it by the same code, and differ
//! only in this.

use rusqlite::{Connection, Params, Row};

use super::error::{Failure, Fallible};

/// Findings that are noted in words; the rest are only counted.
const NOTED_MAX: usize = 1000;

/// What is wrong with a save, as far as it was looked at.
#[derive(Debug)]
pub(super) struct Findings {
    is_strict: bool,
    noted: Vec<String>,
    /// How many more there are.
    more: u64,
}

impl Findings {
    /// The first finding is an error.
    pub(super) fn strict() -> Self {
        Self { is_strict: true, noted: Vec::new(), more: 0 }
    }

    /// Findings are gathered.
    pub(super) fn gathered() -> Self {
        Self { is_strict: false, ..Self::strict() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.noted.len() as u64 + self.more
    }

    /// Notes damage, or gives it back as an error.
    pub(super) fn note(&mut self, failure: Failure) -> Fallible<()> {
        if self.is_strict {
            return Err(failure);
        }
        match self.noted.len() < NOTED_MAX {
            true => self.noted.push(failure.told()),
            false => self.more += 1,
        }
        Ok(())
    }

    /// What was found whole; nothing where damage was noted.
    pub(super) fn whole<T>(&mut self, found: Fallible<T>) -> Fallible<Option<T>> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(failure) => self.note(failure).map(|()| None),
        }
    }

    /// Hands every row of an answer over. Rows that are damaged are left out,
    /// and so is the rest where SQLite cannot go on.
    pub(super) fn each(
        &mut self,
        connection: &Connection,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&mut Self, &Row<'_>) -> Fallible<()>,
    ) -> Fallible<()> {
        let mut select = connection.prepare_cached(sql)?;
        let mut rows = select.query(params)?;
        loop {
            let taken = match rows.next() {
                Ok(None) => return Ok(()),
                Ok(Some(row)) => take(self, row),
                Err(error) => return self.note(error.into()),
            };
            self.whole(taken)?;
        }
    }

    /// A sentence each.
    pub(super) fn into_sentences(self) -> Vec<String> {
        let mut sentences = self.noted;
        if self.more > 0 {
            sentences.push(format!("there are {} findings more", self.more));
        }
        sentences
    }
}
