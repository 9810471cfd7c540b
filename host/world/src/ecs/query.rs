//! Which rows a system runs over.

use super::{Archetype, KindId, Stamp};

/// What a query does with one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Ships the column.
    Read,
    /// Ships the column and takes it back.
    Write,
    /// Ships the column where there is one.
    OptionalRead,
    /// Ships the column where there is one, and takes it back.
    OptionalWrite,
    /// The archetype must have it.
    Has,
    /// The archetype must not have it.
    Lacks,
    /// Only rows changed since the system last ran.
    Changed,
    /// Only rows added since the system last ran.
    Added,
}

impl Access {
    /// Whether a column is shipped.
    pub fn ships(self) -> bool {
        matches!(self, Access::Read | Access::Write | Access::OptionalRead | Access::OptionalWrite)
    }

    /// Whether the column may come back.
    pub fn writes(self) -> bool {
        matches!(self, Access::Write | Access::OptionalWrite)
    }

    /// Whether values or stamps of the kind are looked at.
    pub fn reads(self) -> bool {
        self.ships() || matches!(self, Access::Changed | Access::Added)
    }
}

/// One part of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which kind.
    pub kind: KindId,
    /// What is done with it.
    pub access: Access,
}

/// Which rows a system runs over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// In the order in which columns are shipped.
    pub terms: Vec<Term>,
    /// Whether each row's entity is shipped.
    pub entities: bool,
}

/// The rows of a page that match, one bit each, lowest bit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowMask {
    /// None of them.
    None,
    /// All of them.
    All,
    /// Those whose bit is set.
    Some(Vec<u8>),
}

impl Query {
    /// Whether rows of this archetype can match.
    pub fn matches(&self, archetype: &Archetype) -> bool {
        self.terms.iter().all(|term| {
            let has = archetype.find(term.kind).is_some();
            match term.access {
                Access::OptionalRead | Access::OptionalWrite => true,
                Access::Lacks => !has,
                _ => has,
            }
        })
    }

    /// Whether no archetype can match both this query and the other.
    pub fn is_disjoint(&self, other: &Query) -> bool {
        let excludes = |one: &Query, two: &Query| {
            one.terms.iter().any(|lacks| {
                lacks.access == Access::Lacks
                    && two.terms.iter().any(|term| {
                        term.kind == lacks.kind
                            && !matches!(
                                term.access,
                                Access::Lacks | Access::OptionalRead | Access::OptionalWrite
                            )
                    })
            })
        };
        excludes(self, other) || excludes(other, self)
    }

    /// Which rows of one page match, given when the system last ran. The
    /// archetype must match.
    pub fn mask(&self, archetype: &Archetype, page: usize, last_run: Option<Stamp>) -> RowMask {
        let Some(last_run) = last_run else { return RowMask::All };
        let rows = archetype.entities().pages()[page].len();
        let mut mask: Option<Vec<u8>> = None;
        for term in &self.terms {
            let column = archetype.column(term.kind);
            let stamps = match term.access {
                Access::Changed => column.and_then(|column| column.changed.as_ref()),
                Access::Added => column.and_then(|column| column.added.as_ref()),
                _ => continue,
            };
            let Some(stamps) = stamps else { continue };
            let mut bits = vec![0_u8; rows.div_ceil(8)];
            for (row, stamp) in stamps.pages()[page].iter().enumerate() {
                bits[row / 8] |= u8::from(*stamp > last_run) << (row % 8);
            }
            mask = Some(match mask {
                None => bits,
                Some(mask) => mask.iter().zip(bits).map(|(one, two)| one & two).collect(),
            });
        }
        let Some(mask) = mask else { return RowMask::All };
        match mask.iter().map(|bits| bits.count_ones() as usize).sum::<usize>() {
            0 => RowMask::None,
            set if set == rows => RowMask::All,
            _ => RowMask::Some(mask),
        }
    }
}
