//! What a call gives back: all of it checked, and canonical.

use std::sync::Arc;

use sandtable_world::ecs::{ArchetypeId, Bytes, Command, KindId, Stamp};

/// New values of one page of a column.
pub enum WrittenValues {
    /// Packed rows.
    Packed(Arc<Vec<u8>>),
    /// MessagePack values.
    Dynamic(Arc<Vec<Bytes>>),
}

/// A page of a column that a call changed.
pub struct WrittenColumn {
    /// Of which archetype.
    pub archetype: ArchetypeId,
    /// Which page of it.
    pub page: usize,
    /// Of which column.
    pub kind: KindId,
    /// The new values, checked and canonical.
    pub values: WrittenValues,
    /// The new stamps, where the column keeps them.
    pub changed: Option<Arc<Vec<Stamp>>>,
}

/// An event that a call emitted.
pub struct EmittedEvent {
    /// Its place in the system's order.
    pub at: u64,
    /// Of which kind.
    pub kind: KindId,
    /// Its fields, checked and canonical.
    pub payload: Bytes,
}

/// What a call gave back.
#[derive(Default)]
pub struct Outcome {
    /// Pages whose bytes differ now.
    pub written: Vec<WrittenColumn>,
    /// Resources it set.
    pub resources: Vec<(KindId, Bytes)>,
    /// Commands, in the order they were sent.
    pub commands: Vec<Command>,
    /// Events, in the order they were emitted.
    pub events: Vec<EmittedEvent>,
}
