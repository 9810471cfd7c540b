//! A tick that is to be done.

use crate::record::{Exclusion, Given, TickRecord};

/// A tick that is to be done: what it is given, and which mods it is done
/// without.
#[derive(Clone, Debug, Default)]
pub struct PendingTick {
    /// What came from outside for it.
    pub given: Given,
    /// Mods that take no part in it.
    pub exclusions: Vec<Exclusion>,
}

impl PendingTick {
    /// A tick with all mods.
    pub fn new(given: Given) -> Self {
        Self { given, exclusions: Vec::new() }
    }

    /// A tick that was done, as one that is to be done as it was.
    pub fn again(mut done: TickRecord) -> Self {
        let exclusions = std::mem::take(&mut done.exclusions);
        Self { given: done.given(), exclusions }
    }
}
