//! What the tables that can be asked for are called, and their columns.

/// How texts are compared where nothing else is said.
pub(super) const BINARY: &str = "BINARY";

/// A table that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// What it is called.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// What it is called.
    pub name: String,
    /// The type it is declared with; nothing where it has none.
    pub ty: String,
    /// How its texts are compared.
    pub collation: String,
}
