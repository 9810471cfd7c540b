//! The commands of a call, encoded run by run.
//!
//! Equal neighbours share one open run, whose targets and values grow column by
//! column. A different command seals it: the run is encoded behind the ones
//! before it and its vectors are used again.

use std::any::TypeId;

use super::bundle::Bundle;
use super::column::Column;
use crate::Entity;
use crate::call::Call;
use crate::codec::write;
use crate::fault::Fault;
use crate::kind::{Component, Info, Kind, Relation};

/// The commands of a call.
#[derive(Default)]
pub(crate) struct Buffer {
    open: Option<Shape>,
    at: Vec<u64>,
    from: Vec<Entity>,
    to: Vec<Entity>,
    kinds: Vec<u32>,
    columns: Vec<Column>,
    /// The sealed runs.
    sealed: Vec<u8>,
    runs: usize,
    /// How many entities were spawned.
    spawned: u32,
}

/// What neighbours have in common to share a run: the operation, and the type
/// of the bundle or kind.
type Shape = (Operation, TypeId);

/// The operations, as the contract numbers them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Spawn = 0,
    Despawn = 1,
    Insert = 2,
    Remove = 3,
    Relate = 4,
    Unrelate = 5,
}

/// The marker and length of an array whose length comes later.
const LATE_ARRAY: [u8; 5] = [0xdd, 0, 0, 0, 0];

impl Buffer {
    pub(super) fn spawn<B: Bundle>(&mut self, components: B, call: &Call) -> Entity {
        self.join::<B>(Operation::Spawn, call, B::kinds);
        components.append(&mut self.columns);
        let entity = Entity::preliminary(self.spawned);
        self.spawned += 1;
        entity
    }

    pub(super) fn despawn(&mut self, entity: Entity, call: &Call) {
        self.join::<()>(Operation::Despawn, call, |_| ());
        self.from.push(entity);
    }

    pub(super) fn insert<B: Bundle>(&mut self, entity: Entity, components: B, call: &Call) {
        self.join::<B>(Operation::Insert, call, B::kinds);
        self.from.push(entity);
        components.append(&mut self.columns);
    }

    pub(super) fn remove<C: Component>(&mut self, entity: Entity, call: &Call) {
        self.join::<C>(Operation::Remove, call, C::kinds);
        self.from.push(entity);
    }

    pub(super) fn relate<K: Relation>(&mut self, from: Entity, to: Entity, data: K, call: &Call) {
        self.join::<K>(Operation::Relate, call, kind_of::<K>);
        self.from.push(from);
        self.to.push(to);
        if let [column] = self.columns.as_mut_slice() {
            column.append(&data);
        }
    }

    pub(super) fn unrelate<K: Relation>(&mut self, from: Entity, to: Entity, call: &Call) {
        self.join::<K>(Operation::Unrelate, call, kind_of::<K>);
        self.from.push(from);
        self.to.push(to);
    }

    /// All commands as the host takes them, if there are any.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        self.seal();
        if self.runs == 0 {
            return None;
        }
        let mut sealed = std::mem::take(&mut self.sealed);
        sealed[1..5].copy_from_slice(&(self.runs as u32).to_be_bytes());
        self.runs = 0;
        Some(sealed)
    }

    /// Makes a run of this shape the open one, and adds a command to it, whose
    /// targets and values the caller appends.
    #[inline]
    fn join<S: 'static>(
        &mut self,
        operation: Operation,
        call: &Call,
        kinds: fn(&mut dyn FnMut(TypeId, &'static Info)),
    ) {
        let shape = (operation, TypeId::of::<S>());
        if self.open != Some(shape) {
            self.seal();
            self.open = Some(shape);
            self.begin(call, kinds);
        }
        self.at.push(call.cursor.at.get());
    }

    #[inline(never)]
    fn begin(&mut self, call: &Call, kinds: fn(&mut dyn FnMut(TypeId, &'static Info))) {
        let known = call.kinds();
        kinds(&mut |id, info| {
            let Some(kind) = known.find(id) else {
                let name = known.name(info);
                call.fault(Fault::new(format!(
                    "no system mentions {name}: add {} to `kinds` in export!",
                    info.name
                )));
                return;
            };
            if self.kinds.contains(&kind) {
                let name = known.name(info);
                call.fault(Fault::new(format!("{name} is given twice to one entity")));
            }
            self.kinds.push(kind);
            self.columns.push(Column::of(info));
        });
    }

    #[inline(never)]
    fn seal(&mut self) {
        let Some((operation, _)) = self.open.take() else {
            return;
        };
        if self.sealed.is_empty() {
            self.sealed.extend_from_slice(&LATE_ARRAY);
        }
        match operation {
            Operation::Spawn => self.seal_spawn(),
            Operation::Despawn => self.seal_run(operation, None, false),
            Operation::Insert | Operation::Relate => {
                for place in 0..self.kinds.len() {
                    self.seal_run(operation, Some(place), true);
                }
            }
            Operation::Remove | Operation::Unrelate => {
                self.seal_run(operation, Some(0), false);
            }
        }
        self.at.clear();
        self.from.clear();
        self.to.clear();
        self.kinds.clear();
        self.columns.clear();
    }

    fn seal_spawn(&mut self) {
        let out = &mut self.sealed;
        write::array(out, 5);
        write::uint(out, Operation::Spawn as u64);
        write::bin(out, bytemuck::cast_slice(&self.at));
        write::uint(out, self.at.len() as u64);
        write::array(out, self.kinds.len());
        for kind in &self.kinds {
            write::uint(out, u64::from(*kind));
        }
        write::array(out, self.columns.len());
        for column in &self.columns {
            column.encode(out);
        }
        self.runs += 1;
    }

    fn seal_run(&mut self, operation: Operation, kind: Option<usize>, values: bool) {
        let related = matches!(operation, Operation::Relate | Operation::Unrelate);
        let kind = kind.and_then(|place| Some((self.kinds.get(place)?, self.columns.get(place)?)));
        let out = &mut self.sealed;
        let length = 3 + usize::from(related) + usize::from(kind.is_some()) + usize::from(values);
        write::array(out, length);
        write::uint(out, operation as u64);
        write::bin(out, bytemuck::cast_slice(&self.at));
        write::bin(out, bytemuck::cast_slice(&self.from));
        if related {
            write::bin(out, bytemuck::cast_slice(&self.to));
        }
        if let Some((kind, column)) = kind {
            write::uint(out, u64::from(*kind));
            if values {
                column.encode(out);
            }
        }
        self.runs += 1;
    }
}

fn kind_of<K: Kind>(add: &mut dyn FnMut(TypeId, &'static Info)) {
    add(TypeId::of::<K>(), const { &K::INFO });
}
