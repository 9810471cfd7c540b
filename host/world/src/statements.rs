//! What a system's run may ask of its mod's tables: the seam between guests,
//! which know no SQL, and tables, which know no guests.

use crate::fault::Verdict;

/// What a question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultSet {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// A MessagePack array of rows.
    pub rows: Vec<u8>,
}

/// What came of a statement: a value, a sentence for the mod, or the end of the
/// run.
pub type Done<T> = Result<Result<T, String>, Verdict>;

/// The statements of one system run.
pub trait Statements: Send + Sync {
    /// Answers a SELECT, or a change with what it returns, for a MessagePack array
    /// of parameters.
    ///
    /// # Errors
    ///
    /// The run cannot go on: a quota is used up, or the tick must be undone. A
    /// statement that SQLite or the gate refuses is a sentence for the mod, and
    /// left nothing behind.
    fn query(&self, sql: &str, parameters: &[u8]) -> Done<ResultSet>;

    /// Makes one change for each row of a MessagePack array of rows of parameters.
    /// Gives how many rows were changed.
    ///
    /// # Errors
    ///
    /// As [`Statements::query`].
    fn execute(&self, sql: &str, rows: &[u8]) -> Done<u64>;
}
