//! What follows rows, by name, and what becomes of them.

/// The function that triggers call, and how their own names start.
pub(super) const FOLLOWER: &str = "st_row";
pub(super) const TRIGGERS: &str = "st_follow_";

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Inserted = 1,
    Deleted = 2,
    Left = 3,
    Became = 4,
}

impl Change {
    pub(super) const ALL: [Self; 4] = [Self::Inserted, Self::Deleted, Self::Left, Self::Became];
}
