//! The archetypes of a save, and its pages before they are put together.

use std::collections::{BTreeMap, BTreeSet};

use sandtable_world::ecs::{KindId, PageKey, Registry, Role};

use super::super::encode::Read;
use super::super::error::{Fallible, damage};
use super::checks::kind_of;

/// An archetype's kinds, ascending, and for each which stamps it keeps.
pub(crate) struct Shape {
    pub kinds: Vec<KindId>,
    pub tracked: Vec<u8>,
    /// Kinds of which no values are kept: their rows are blank.
    pub omitted: BTreeSet<u32>,
}

impl Shape {
    /// An archetype of these kinds, which must be components and ascend.
    pub(crate) fn new(
        id: u32,
        registry: &Registry,
        kinds: impl Iterator<Item = u32>,
        tracked: Vec<u8>,
    ) -> Fallible<Self> {
        let kinds: Vec<KindId> =
            kinds.map(|kind| kind_of(registry, kind, Role::Component)).collect::<Fallible<_>>()?;
        if kinds.windows(2).any(|pair| pair[0] >= pair[1]) || tracked.len() != kinds.len() {
            return damage(format!("archetype {id} is none"));
        }
        Ok(Self { kinds, tracked, omitted: BTreeSet::new() })
    }
}

/// Archetypes by number.
pub(crate) type Shapes = BTreeMap<u32, Shape>;

/// The bits of a tracked byte.
pub(crate) const TRACKED_CHANGED: u8 = 1;
pub(crate) const TRACKED_ADDED: u8 = 2;

/// Pages that were read and not yet taken.
pub(crate) type Pages = BTreeMap<PageKey, Read>;
