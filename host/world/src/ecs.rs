//! The world: entities, their components in archetypes, relations between
//! them, resources, and the events that systems have not read yet.
//!
//! The host holds bytes and schemas, never a guest's types, so nothing in here
//! needs `unsafe`. Everything that can be large sits behind shared pages that
//! are copied when written, so cloning a [`World`] costs a few pointers a page:
//! a tick that must be undone is undone by putting the clone from before it
//! back, and what changed is found by comparing addresses of pages
//! ([`World::changed_pages`]).
//!
//! Deliberately absent: wasm, SQL, threads, clocks. Nothing in here can fail
//! for a reason outside its arguments.

mod archetype;
mod bytes;
mod check;
mod column;
mod command;
mod entities;
mod entity;
mod event;
mod float;
mod json;
mod kind;
mod lineage;
mod page;
mod paged;
mod part;
mod query;
mod relation;
mod schema_change;
mod stamp;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod types;
mod value;
mod world;

pub use archetype::{Archetype, ArchetypeId};
pub use bytes::Bytes;
pub use check::{
    CheckedColumn, check_column, check_dynamic_column, check_packed_column, check_stored_rows,
    check_stored_value,
};
pub use column::{Column, Values};
pub use command::{Applied, Command, Edit, Spawned, in_order};
pub use entities::{Entities, Slot};
pub use entity::Entity;
pub use event::EventBlock;
pub use event::{Event, Events, Topic};
pub use json::{
    Plain, field_from_json, field_to_json, from_json, integer_to_json, plain, plain_field,
    plain_packed, real_to_json, real_to_text, stored_from_json, to_json,
};
pub use kind::{Field, Kind, KindId, OnDespawn, Registry, Role, Storage};
pub use lineage::{Lineage, Source};
pub(crate) use page::{Array, ArrayPair};
pub use page::{ChangedPage, Page, PageKey, Part};
pub use paged::Paged;
pub use query::{Access, Query, RowMask, Term};
pub use relation::Relations;
pub use schema_change::{Converted, FieldHistory, FieldOrigin, SchemaChange};
pub use stamp::Stamp;
pub use table::TableState;
pub use types::Type;
pub use value::{
    Problem, Remap, canonical_copy, canonical_field, canonical_packed, canonical_value,
};
pub use value::{read_array, read_bin, write_array};
pub use world::{HashVersion, ModState, SystemState, World, apart};
