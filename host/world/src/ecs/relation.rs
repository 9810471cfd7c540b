//! Typed, directed edges between entities, found from either end.
//!
//! Invariants: an edge is there once for its kind and ends; both indices hold
//! the same edges; both ends of every edge are alive.

use std::collections::BTreeMap;

use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet};

use super::{Bytes, Entity, KindId};

/// Every edge of one kind, indexed from both ends.
#[derive(Clone, Debug, Default)]
struct Edges {
    by_from: OrdMap<(Entity, Entity), Bytes>,
    by_to: OrdSet<(Entity, Entity)>,
}

/// Every edge.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    kinds: BTreeMap<KindId, Edges>,
}

impl Relations {
    /// How many edges there are.
    pub fn len(&self) -> usize {
        self.kinds.values().map(|edges| edges.by_from.len()).sum()
    }

    /// Whether there are no edges.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an edge or replaces its data.
    pub fn relate(&mut self, kind: KindId, from: Entity, to: Entity, data: Bytes) {
        let edges = self.kinds.entry(kind).or_default();
        if edges.by_from.get(&(from, to)) != Some(&data) {
            edges.by_from.insert((from, to), data);
            edges.by_to.insert((to, from));
        }
    }

    /// Removes an edge and says whether it was there.
    pub fn unrelate(&mut self, kind: KindId, from: Entity, to: Entity) -> bool {
        let Some(edges) = self.kinds.get_mut(&kind) else { return false };
        edges.by_from.remove(&(from, to)).is_some() && edges.by_to.remove(&(to, from)).is_some()
    }

    /// The other end and the data of each edge that starts here, ascending.
    pub fn outgoing(&self, kind: KindId, from: Entity) -> impl Iterator<Item = (Entity, &Bytes)> {
        self.kinds
            .get(&kind)
            .into_iter()
            .flat_map(move |edges| {
                edges.by_from.range((from, Entity::FIRST)..=(from, Entity::LAST))
            })
            .map(|((_, to), data)| (*to, data))
    }

    /// The other end and the data of each edge that ends here, ascending.
    pub fn incoming(&self, kind: KindId, to: Entity) -> impl Iterator<Item = (Entity, &Bytes)> {
        self.kinds.get(&kind).into_iter().flat_map(move |edges| {
            edges
                .by_to
                .range((to, Entity::FIRST)..=(to, Entity::LAST))
                .filter_map(move |(_, from)| Some((*from, edges.by_from.get(&(*from, to))?)))
        })
    }

    /// The data of an edge, if it is there.
    pub fn get(&self, kind: KindId, from: Entity, to: Entity) -> Option<&Bytes> {
        self.kinds.get(&kind)?.by_from.get(&(from, to))
    }

    /// Every edge: kind, from, to, data; ascending.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, Entity, Entity, &Bytes)> {
        self.kinds.iter().flat_map(|(kind, edges)| {
            edges.by_from.iter().map(|((from, to), data)| (*kind, *from, *to, data))
        })
    }

    /// Every edge of one kind: from, to, data; ascending.
    pub fn of_kind(&self, kind: KindId) -> impl Iterator<Item = (Entity, Entity, &Bytes)> {
        self.kinds
            .get(&kind)
            .into_iter()
            .flat_map(|edges| edges.by_from.iter())
            .map(|((from, to), data)| (*from, *to, data))
    }

    /// The edges of one kind from a place in their order on: from, to, data.
    pub fn of_kind_from(
        &self,
        kind: KindId,
        place: (Entity, Entity),
    ) -> impl Iterator<Item = (Entity, Entity, &Bytes)> {
        let edges = self.kinds.get(&kind).into_iter();
        edges
            .flat_map(move |edges| edges.by_from.range(place..))
            .map(|((from, to), data)| (*from, *to, data))
    }

    /// Replaces the data of every edge of a kind; nothing when one has no
    /// replacement.
    pub(super) fn map_values(
        &mut self,
        kind: KindId,
        mut data: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<()> {
        if let Some(edges) = self.kinds.get_mut(&kind) {
            let change =
                |(ends, old): (&(Entity, Entity), &Bytes)| Some((*ends, Bytes::from(data(old)?)));
            edges.by_from = edges.by_from.iter().map(change).collect::<Option<_>>()?;
        }
        Some(())
    }

    /// Whether two states of one kind are known to be the same without looking
    /// at their edges.
    pub fn is_same(&self, kind: KindId, other: &Self) -> bool {
        match (self.kinds.get(&kind), other.kinds.get(&kind)) {
            (Some(one), Some(two)) => one.by_from.ptr_eq(&two.by_from),
            (None, None) => true,
            _ => false,
        }
    }

    /// What differs from an earlier state: each edge with its data, or nothing
    /// where it is gone.
    pub fn diff<'a>(
        &'a self,
        earlier: &'a Self,
    ) -> impl Iterator<Item = ((KindId, Entity, Entity), Option<&'a Bytes>)> {
        let of = |relations: &'a Self, kind: &KindId| {
            relations.kinds.get(kind).map_or(&*EMPTY, |edges| &edges.by_from)
        };
        let gone = earlier.kinds.keys().filter(|kind| !self.kinds.contains_key(kind));
        self.kinds.keys().chain(gone).flat_map(move |kind| {
            of(earlier, kind).diff(of(self, kind)).map(|item| match item {
                DiffItem::Add((from, to), data) => ((*kind, *from, *to), Some(data)),
                DiffItem::Update { new: ((from, to), data), .. } => {
                    ((*kind, *from, *to), Some(data))
                }
                DiffItem::Remove((from, to), _) => ((*kind, *from, *to), None),
            })
        })
    }
}

static EMPTY: std::sync::LazyLock<OrdMap<(Entity, Entity), Bytes>> =
    std::sync::LazyLock::new(OrdMap::new);
