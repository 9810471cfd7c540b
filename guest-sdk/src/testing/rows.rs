//! Rows of one archetype, and how they are shipped.

use std::any::TypeId;

use super::Shard;
use crate::Entity;
use crate::bindings::sandtable::guest::types::{self, Access};
use crate::codec::write;
use crate::column::Store;
use crate::kind::{Component, Storage};
use crate::kinds::Kinds;

/// Rows of one archetype: entities and a column for each of their components.
pub struct Rows {
    entities: Vec<Entity>,
    columns: Vec<Column>,
    first: u32,
    mask: Option<Vec<bool>>,
}

/// The values of one component.
struct Column {
    kind: TypeId,
    storage: Storage,
    /// One for each row.
    values: Vec<Vec<u8>>,
}

/// Rows that match a query.
pub(super) struct Matched {
    shard: Shard,
    archetype: u32,
    query: u32,
    /// The term of each column; none for the entities.
    terms: Vec<Option<u32>>,
}

/// A column that a system may write: where it stands, and what it holds.
pub(super) struct Place {
    pub(super) batch: u32,
    pub(super) shard: u32,
    pub(super) column: u32,
    pub(super) archetype: u32,
    pub(super) kind: u32,
}

impl Rows {
    /// One row for each entity.
    pub fn new(entities: impl IntoIterator<Item = Entity>) -> Self {
        Self { entities: entities.into_iter().collect(), columns: Vec::new(), first: 0, mask: None }
    }

    /// With a component; a value for each row.
    ///
    /// # Panics
    ///
    /// If there are more or fewer values than rows.
    #[must_use]
    pub fn with<C: Component>(mut self, values: impl IntoIterator<Item = C>) -> Self {
        let encode = |value: C| {
            let mut bytes = Vec::new();
            C::Store::write(&value, &mut bytes);
            bytes
        };
        let values: Vec<Vec<u8>> = values.into_iter().map(encode).collect();
        assert_eq!(values.len(), self.entities.len(), "one value for each row");
        self.columns.push(Column { kind: TypeId::of::<C>(), storage: C::INFO.storage, values });
        self
    }

    /// Of which only these match, as after `Changed` and `Added`.
    #[must_use]
    pub fn matching(mut self, rows: impl IntoIterator<Item = bool>) -> Self {
        self.mask = Some(rows.into_iter().collect());
        self
    }

    /// Of which the first one has this number within its archetype.
    #[must_use]
    pub fn from_row(mut self, first: u32) -> Self {
        self.first = first;
        self
    }

    /// What a query finds here.
    pub(super) fn matched(
        &self,
        number: u32,
        query: &types::Query,
        archetype: u32,
        kinds: &Kinds,
    ) -> Option<Matched> {
        let mut terms = Vec::new();
        let mut columns = Vec::new();
        let mut table = Vec::new();
        if query.entities {
            terms.push(None);
            columns.push(bytemuck::cast_slice(&self.entities).to_vec());
            table.push((None, Some(size_of::<Entity>())));
        }
        let has = |term: &types::Term| {
            self.column(term.kind, kinds).is_some() != matches!(term.access, Access::Lacks)
        };
        let alternatives = &query.alternatives;
        if !alternatives.is_empty() && !alternatives.iter().any(|terms| terms.iter().all(has)) {
            return None;
        }
        for (place, term) in query.terms.iter().enumerate() {
            let found = self.column(term.kind, kinds);
            match (term.access, found) {
                (Access::Lacks, None)
                | (Access::Has | Access::Changed | Access::Added, Some(_)) => {}
                (Access::OptionalRead | Access::OptionalWrite, None) => {}
                (Access::Lacks, Some(_)) | (_, None) => return None,
                (_, Some(column)) => {
                    let place = place as u32;
                    terms.push(Some(place));
                    columns.push(column.encode());
                    let packed = matches!(column.storage, Storage::Packed);
                    table.push((Some(place), packed.then(|| kinds.info(term.kind).size)));
                }
            }
        }
        let header = self.header(number, archetype, &table);
        Some(Matched { shard: Shard { header, columns }, archetype, query: number, terms })
    }

    /// The value of a component for each entity.
    pub(super) fn values(
        &self,
        kind: u32,
        kinds: &Kinds,
    ) -> impl Iterator<Item = (Entity, Vec<u8>)> {
        let values = self.column(kind, kinds).map(|column| column.values.iter());
        let entities = self.entities.iter().copied();
        entities.zip(values.into_iter().flatten().cloned())
    }

    /// A component's column as it is shipped, and how many rows it has.
    pub(super) fn shipped(&self, component: TypeId) -> Option<(Vec<u8>, usize)> {
        let column = self.columns.iter().find(|column| column.kind == component)?;
        Some((column.encode(), column.values.len()))
    }

    fn column(&self, kind: u32, kinds: &Kinds) -> Option<&Column> {
        let same = |column: &&Column| kinds.find(column.kind) == Some(kind);
        self.columns.iter().find(same)
    }

    fn header(
        &self,
        query: u32,
        archetype: u32,
        table: &[(Option<u32>, Option<usize>)],
    ) -> Vec<u8> {
        let mut out = Vec::new();
        write::array(&mut out, 9);
        write::uint(&mut out, 0);
        write::f64(&mut out, 1.0);
        write::uint(&mut out, 0);
        write::uint(&mut out, query.into());
        write::uint(&mut out, archetype.into());
        write::uint(&mut out, self.first.into());
        write::uint(&mut out, self.entities.len() as u64);
        write::array(&mut out, table.len());
        let optional = |out: &mut Vec<u8>, number: Option<u64>| match number {
            Some(number) => write::uint(out, number),
            None => write::nil(out),
        };
        for (term, size) in table {
            write::array(&mut out, 2);
            optional(&mut out, term.map(u64::from));
            optional(&mut out, size.map(|size| size as u64));
        }
        match &self.mask {
            None => write::nil(&mut out),
            Some(mask) => {
                let mut bits = vec![0; self.entities.len().div_ceil(8)];
                for (row, matches) in mask.iter().enumerate() {
                    bits[row / 8] |= u8::from(*matches) << (row % 8);
                }
                write::bin(&mut out, &bits);
            }
        }
        out
    }
}

impl Column {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if matches!(self.storage, Storage::Dynamic) {
            write::array(&mut out, self.values.len());
        }
        self.values.iter().for_each(|value| out.extend_from_slice(value));
        out
    }
}

/// What the host gives out for a batch.
pub(super) fn shards_of(batch: Vec<Matched>) -> Vec<Shard> {
    batch.into_iter().map(|matched| matched.shard).collect()
}

/// What stands where in a batch.
pub(super) fn columns_of(batch: u32, shards: &[Matched], system: &types::System) -> Vec<Place> {
    let mut places = Vec::new();
    for (shard, matched) in shards.iter().enumerate() {
        let terms = &system.queries[matched.query as usize].terms;
        for (column, term) in matched.terms.iter().enumerate() {
            places.push(Place {
                batch,
                shard: shard as u32,
                column: column as u32,
                archetype: matched.archetype,
                kind: term.map_or(u32::MAX, |term| terms[term as usize].kind),
            });
        }
    }
    places
}
