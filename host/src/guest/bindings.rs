//! What the WIT files generate, without documentation of its own.
#![allow(missing_docs)]

wasmtime::component::bindgen!({
    path: "../wit/since_v0.1.0",
    world: "guest",
    imports: { default: trappable },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});

pub use self::sandtable::guest::{assets, log, lookups, output, tables, types};
