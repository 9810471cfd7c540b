//! Which rows a system runs over.

#[cfg(test)]
mod tests;

use std::ops::{BitAnd, BitOr};

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

    /// Whether it says which rows match and nothing else.
    pub fn filters(self) -> bool {
        matches!(self, Access::Has | Access::Lacks | Access::Changed | Access::Added)
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
    /// Terms that hold together and ship nothing; where there are any, those of one
    /// must hold too.
    pub alternatives: Vec<Vec<Term>>,
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
    /// Its terms, and those of its alternatives.
    pub fn all_terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().chain(self.alternatives.iter().flatten())
    }

    /// Whether rows of this archetype can match.
    pub fn matches(&self, archetype: &Archetype) -> bool {
        let mut alternatives = self.alternatives.iter();
        fit(&self.terms, archetype)
            && (self.alternatives.is_empty() || alternatives.any(|terms| fit(terms, archetype)))
    }

    /// Whether no archetype can match both this query and the other.
    pub fn is_disjoint(&self, other: &Query) -> bool {
        let others = other.ways();
        self.ways()
            .iter()
            .all(|one| others.iter().all(|two| excludes(one, two) || excludes(two, one)))
    }

    /// What rows must be to match: all terms of one of these.
    fn ways(&self) -> Vec<Vec<Term>> {
        if self.alternatives.is_empty() {
            return vec![self.terms.clone()];
        }
        self.alternatives.iter().map(|more| [&self.terms[..], more].concat()).collect()
    }

    /// Which rows of one page match, given when the system last ran. The
    /// archetype must match.
    pub fn mask(&self, archetype: &Archetype, page: usize, last_run: Option<Stamp>) -> RowMask {
        let Some(last_run) = last_run else { return RowMask::All };
        let rows = archetype.entities().pages()[page].len();
        let newer = |terms: &[Term]| newer(terms, archetype, page, last_run);
        let one = self.alternatives.iter().filter(|terms| fit(terms, archetype));
        let one =
            one.map(|terms| newer(terms)).reduce(|one, two| Some(merge(one?, &two?, BitOr::bitor)));
        let mask = match (newer(&self.terms), one.flatten()) {
            (Some(all), Some(one)) => merge(all, &one, BitAnd::bitand),
            (Some(mask), None) | (None, Some(mask)) => mask,
            (None, None) => return RowMask::All,
        };
        match mask.iter().map(|bits| bits.count_ones() as usize).sum::<usize>() {
            0 => RowMask::None,
            set if set == rows => RowMask::All,
            _ => RowMask::Some(mask),
        }
    }
}

/// Whether an archetype has what terms ask for, and nothing that they exclude.
fn fit(terms: &[Term], archetype: &Archetype) -> bool {
    terms.iter().all(|term| {
        let has = archetype.find(term.kind).is_some();
        match term.access {
            Access::OptionalRead | Access::OptionalWrite => true,
            Access::Lacks => !has,
            _ => has,
        }
    })
}

/// Whether one of some terms excludes what another of others needs.
fn excludes(one: &[Term], two: &[Term]) -> bool {
    let needs = |term: &Term| {
        !matches!(term.access, Access::Lacks | Access::OptionalRead | Access::OptionalWrite)
    };
    one.iter()
        .filter(|term| term.access == Access::Lacks)
        .any(|lacks| two.iter().any(|term| term.kind == lacks.kind && needs(term)))
}

/// A bit for each row of a page, set where it is newer than a stamp by all terms
/// that ask for that; nothing if none does.
fn newer(terms: &[Term], archetype: &Archetype, page: usize, than: Stamp) -> Option<Vec<u8>> {
    let bits = terms.iter().filter_map(|term| {
        let column = archetype.column(term.kind)?;
        let stamps = match term.access {
            Access::Changed => column.changed.as_ref()?,
            Access::Added => column.added.as_ref()?,
            _ => return None,
        };
        let stamps = &stamps.pages()[page];
        let mut bits = vec![0_u8; stamps.len().div_ceil(8)];
        for (row, stamp) in stamps.iter().enumerate() {
            bits[row / 8] |= u8::from(*stamp > than) << (row % 8);
        }
        Some(bits)
    });
    bits.reduce(|one, two| merge(one, &two, BitAnd::bitand))
}

fn merge(mut one: Vec<u8>, two: &[u8], how: fn(u8, u8) -> u8) -> Vec<u8> {
    one.iter_mut().zip(two).for_each(|(one, two)| *one = how(*one, *two));
    one
}
