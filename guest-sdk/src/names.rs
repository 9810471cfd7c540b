//! Which entities a call may soon look up.

use crate::Entity;

/// Entities that the rows and edges at hand name, for lookups ahead of time.
#[derive(Default)]
pub(crate) struct Names {
    /// Whether a parameter will look them up.
    pub(crate) wanted: bool,
    /// The rows' own entities.
    pub(crate) rows: Vec<Entity>,
    /// Those of fields and edges.
    pub(crate) others: Vec<Entity>,
}
