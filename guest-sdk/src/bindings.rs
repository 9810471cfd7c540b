//! The contract of `wit/since_v0.2.0`, as Rust.
//!
//! Owns the only place where bindings are generated. The types are used on
//! every target; the imports work on wasm32 alone and are called from `sys`.

#![allow(missing_docs, reason = "the contract documents its items")]
#![allow(unsafe_code, reason = "generated calls across the wasm boundary")]
#![allow(clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit/since_v0.2.0",
    world: "guest",
    pub_export_macro: true,
    export_macro_name: "export_guest",
    additional_derives: [PartialEq],
});
