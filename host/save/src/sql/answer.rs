//! What a question is answered with.

use rusqlite::types::Value;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its rows, each with a value for each column.
    pub rows: Vec<Vec<Value>>,
}
