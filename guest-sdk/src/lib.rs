//! Write Sandtable systems in Rust.
//!
//! A *mod* is a crate that declares components and systems. It compiles to a
//! WebAssembly component; the host calls its systems every tick, with the rows
//! that they ask for.
//!
//! ```
//! use sandtable_sdk::prelude::*;
//!
//! /// Numbers only: *packed*. Rows are read and written where they lie.
//! #[derive(Component, Clone, Copy)]
//! #[repr(C)]
//! struct Position { x: f32, y: f32 }
//!
//! #[derive(Component, Clone, Copy)]
//! #[repr(C)]
//! struct Velocity { x: f32, y: f32 }
//!
//! /// Anything else: *dynamic*.
//! #[derive(Component, Clone)]
//! struct Name { text: String, titles: Vec<String> }
//!
//! /// Seen by other systems from the next tick on.
//! #[derive(Event, Clone)]
//! struct Left { who: Entity }
//!
//! /// Runs every tick, over every entity that has both components.
//! #[system]
//! fn drift(mut bodies: Query<(&mut Position, &Velocity)>, tick: Tick) {
//!     let dt = tick.dt() as f32;
//!     for (position, velocity) in &mut bodies {
//!         position.x += velocity.x * dt;
//!         position.y += velocity.y * dt;
//!     }
//! }
//!
//! /// Runs on every thirtieth tick, after `drift`.
//! #[system(every = 30, after = "drift")]
//! fn leave(
//!     bodies: Query<(Entity, &Position, Option<&Name>), Changed<Position>>,
//!     mut commands: Commands,
//!     mut left: EventWriter<Left>,
//! ) {
//!     for (who, position, name) in &bodies {
//!         if position.x > 1000.0 {
//!             info!("{} leaves", name.map_or("somebody", |name| &name.text));
//!             left.send(Left { who });
//!             commands.despawn(who);
//!         }
//!     }
//! }
//!
//! sandtable_sdk::export! {
//!     id: "motion",
//!     systems: [drift, leave],
//! }
//! ```
//!
//! A system takes any of:
//!
//! | parameter | is |
//! |---|---|
//! | [`Query<D, F>`](Query) | rows with the components `D` that pass the filter `F` |
//! | [`Lookup<&T>`](Lookup) | a component of any entity |
//! | [`Relations<K>`](Relations) | edges between entities |
//! | [`Res<T>`](Res), [`Option<Res<T>>`](Res), [`ResMut<T>`](ResMut) | a component of the world, or the mod's [`Settings`] |
//! | [`EventReader<E>`](EventReader), [`EventWriter<E>`](EventWriter) | messages between systems, and from outside |
//! | [`Commands`] | changes of structure |
//! | [`Rng`] | random numbers that repeat |
//! | [`Tick`] | the time |
//! | [`Tables`] | SQL over the mod's tables in the save |
//! | [`Assets`] | the mod's files |
//!
//! What a system reads is as it was before the system started. Columns and
//! resources that it writes are seen by later systems of the same tick, and
//! commands take effect when the tick ends. If it returns an error or panics,
//! all that it did in this tick is discarded.
//!
//! Nothing stays in memory from one call to the next, not even a `static`: what
//! a mod knows lives in components, resources, relations, events and tables.
//!
//! A system is called for some rows at a time, on many threads, or once: see
//! [`system`](macro@system).
//!
//! # Fast loops
//!
//! `for` over a query is a plain loop over rows. `for_each` on
//! [`Query::iter_mut`] vectorises where rows are single numbers, and
//! [`Query::flat_mut`] does for all packed components of one number type.
//!
//! # Tests
//!
//! The same code compiles natively. `testing::Trial` runs a system over given
//! rows in a plain `cargo test`.
//!
//! # These pages
//!
//! `cargo doc -p sandtable-sdk --open`, in the folder of a mod or of its world,
//! makes these pages and shows them. What a field may hold is said by [`Value`],
//! how components are stored by [`Component`](trait@Component), what a query may
//! ask for by [`QueryData`] and [`QueryFilter`].
//!
//! | feature | brings |
//! |---|---|
//! | `glam` | vectors and quaternions as fields, `sandtable_sdk::glam` |
//! | `sqlite` | tables in native tests, `testing::Sqlite` |

extern crate self as sandtable_sdk;

mod assets;
#[doc(hidden)]
pub mod bindings;
mod blocks;
mod call;
mod codec;
mod column;
mod commands;
mod condition;
mod conversion;
mod declaration;
mod entity;
mod entity_map;
mod event;
mod export;
mod fault;
mod kind;
mod kinds;
pub mod log;
mod lookup;
mod manifest;
mod names;
mod outbox;
mod packed;
mod param;
mod query;
mod relations;
mod resource;
mod rng;
mod sys;
mod system;
mod tables;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod tick;
mod value;
#[cfg(feature = "glam")]
mod vectors;

#[cfg(feature = "glam")]
pub use glam;
pub use rand_core;
pub use sandtable_sdk_macros::{
    Component, Event, Input, Relation, Settings, Value, conversion, export, system,
};

pub use assets::{AssetError, Assets};
pub use codec::{Malformed, Reader};
pub use column::Mut;
pub use commands::{Bundle, Commands, EntityCommands};
pub use conversion::Conversion;
pub use entity::Entity;
pub use event::{Despawned, EventReader, EventWriter, Readable, Removed};
pub use kind::{Component, Event, Input, Kind, Relation};
pub use lookup::{Lookup, LookupData};
pub use packed::Flat;
pub use query::{
    Added, Changed, FlatData, Has, Iter, IterMut, NotSingle, Or, Query, QueryData, QueryFilter,
    Rows, Slices, With, Without,
};
pub use relations::{Edges, Relations};
pub use resource::{Res, ResMut};
pub use rng::{EntityRng, Rng, Uniform};
pub use system::System;
pub use tables::{TableError, Tables};
pub use tick::Tick;
pub use value::Value;

/// What a mod usually needs: `use sandtable_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Added, Assets, Changed, Commands, Component, Despawned, Entity, EntityRng, Event,
        EventReader, EventWriter, Has, Input, Lookup, Mut, Or, Query, Relation, Relations, Removed,
        Res, ResMut, Rng, Settings, TableError, Tables, Tick, Value, With, Without, conversion,
        debug, error, info, log, system, warn,
    };
}

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use bytemuck::{Pod, Zeroable};

    pub use crate::bindings::Guest;
    pub use crate::bindings::sandtable::guest::types::Description;
    pub use crate::codec::{Malformed, Reader, write};
    pub use crate::column::{Copied, Dynamic, Packed};
    pub use crate::condition::{Comparison, Condition, encoded, encoded_number, holds};
    pub use crate::conversion::ConversionEntry;
    pub use crate::declaration::{Reading, Schedule, Span, SystemDeclaration};
    pub use crate::export::{convert, describe, run};
    pub use crate::fault::Fault;
    pub use crate::kind::{
        HasDefault, HasNone, Info, KindEntry, OnDespawn, Probe, Role, Storage, field,
    };
    pub use crate::manifest::{Entry, Manifest};
    pub use crate::packed::{Field, fits, widest};
    pub use crate::system::Viewer;
    pub use crate::value::unknown_variant;
}
