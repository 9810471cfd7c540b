//! All entities with the same set of component types, as columns.
//!
//! Invariants: kinds ascend and are distinct; every column and the list of
//! entities have the same number of rows. Removing rows fills the holes from
//! the end, last row into first hole, so what remains depends only on which
//! rows went.

use super::{Column, Entity, Kind, KindId, Paged, Registry, Stamp, Values};

/// An archetype's number, stable within a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchetypeId(pub u32);

/// Which stamps a column keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    /// Some system filters on changes.
    pub changed: bool,
    /// Some system filters on additions.
    pub added: bool,
}

/// All entities with the same set of component types.
#[derive(Clone, Debug)]
pub struct Archetype {
    kinds: Vec<KindId>,
    entities: Paged<Entity>,
    columns: Vec<Column>,
}

impl Archetype {
    pub(super) fn new(
        kinds: Vec<KindId>,
        registry: &Registry,
        rows_per_page: usize,
        tracking: impl Fn(KindId) -> Tracking,
    ) -> Self {
        let columns = kinds
            .iter()
            .map(|&kind| {
                let stamps = |tracked: bool| tracked.then(|| Paged::new(1, rows_per_page));
                Column {
                    kind,
                    values: Values::new(registry.get(kind), rows_per_page),
                    changed: stamps(tracking(kind).changed),
                    added: stamps(tracking(kind).added),
                }
            })
            .collect();
        Self { kinds, entities: Paged::new(1, rows_per_page), columns }
    }

    /// From stored parts, which must have the same number of rows.
    pub(super) fn restore(entities: Paged<Entity>, columns: Vec<Column>) -> Self {
        Self { kinds: columns.iter().map(|column| column.kind).collect(), entities, columns }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set of component types, ascending.
    pub fn kinds(&self) -> &[KindId] {
        &self.kinds
    }

    /// The entity of each row.
    pub fn entities(&self) -> &Paged<Entity> {
        &self.entities
    }

    /// One column for each kind, in the same order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where a kind's column is.
    pub fn find(&self, kind: KindId) -> Option<usize> {
        self.kinds.binary_search(&kind).ok()
    }

    /// A kind's column.
    pub fn column(&self, kind: KindId) -> Option<&Column> {
        self.find(kind).map(|at| &self.columns[at])
    }

    /// The entities and the columns, to be put in place from outside: the rows
    /// of all of them must be as many again afterwards.
    pub fn parts_mut(&mut self) -> (&mut Paged<Entity>, &mut [Column]) {
        (&mut self.entities, &mut self.columns)
    }

    pub(super) fn column_mut(&mut self, at: usize) -> &mut Column {
        &mut self.columns[at]
    }

    pub(super) fn push_entities(&mut self, entities: &[Entity]) {
        self.entities.extend(entities);
    }

    /// Removes rows, which ascend and are distinct, and reports each entity
    /// that moved with its new row.
    pub(super) fn remove(&mut self, rows: &[usize], mut moved: impl FnMut(Entity, usize)) {
        let len = self.len() - rows.len();
        let first_beyond = rows.partition_point(|&row| row < len);
        let (holes, gone) = rows.split_at(first_beyond);
        let mut gone = gone.iter().rev().peekable();
        let mut from = self.len();
        let mut moves = Vec::with_capacity(holes.len());
        for &to in holes {
            from -= 1;
            while gone.next_if(|row| **row == from).is_some() {
                from -= 1;
            }
            moves.push((from, to));
            moved(self.entities.row(from)[0], to);
        }
        self.entities.compact(&moves, len);
        for column in &mut self.columns {
            column.compact(&moves, len);
        }
    }

    pub(super) fn track(&mut self, kind: KindId, tracking: Tracking, rows_per_page: usize) {
        let len = self.len();
        let Some(at) = self.find(kind) else { return };
        let column = &mut self.columns[at];
        for (stamps, wanted) in
            [(&mut column.changed, tracking.changed), (&mut column.added, tracking.added)]
        {
            match (&stamps, wanted) {
                (None, true) => {
                    let mut fresh = Paged::new(1, rows_per_page);
                    fresh.grow(len, &[Stamp::NEVER]);
                    *stamps = Some(fresh);
                }
                (Some(_), false) => *stamps = None,
                _ => {}
            }
        }
    }

    /// Bytes of one packed row with all its columns, entity included.
    pub fn row_bytes(&self, registry: &Registry) -> usize {
        let sizes = self.kinds.iter().map(|&kind| {
            let kind: &Kind = registry.get(kind);
            kind.size
        });
        8 + sizes.sum::<usize>()
    }
}
