//! The seam between the SDK and the host.
//!
//! On wasm these are the contract's imports. Anywhere else an in-memory host
//! stands in, which the `testing` module drives.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod double;
#[cfg(target_arch = "wasm32")]
mod imports;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use double::{
    asset, asset_names, commands, emit, execute, log, lookup, next, query, related, set_resource,
    write,
};
#[cfg(target_arch = "wasm32")]
pub(crate) use imports::{
    asset, asset_names, commands, emit, execute, log, lookup, next, query, related, set_resource,
    write,
};
