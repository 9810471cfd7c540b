//! A mod as bytes.

use std::collections::BTreeMap;

use crate::manifest::Manifest;

/// One mod, ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModSource {
    /// The id under which the world knows it.
    pub id: String,
    /// The wasm component.
    pub component: Vec<u8>,
    /// The files it ships with, by name; `/` separates folders.
    pub assets: BTreeMap<String, Vec<u8>>,
    /// What its `mod.toml` says, if it has one.
    pub manifest: Option<Manifest>,
    /// Where it came from, for people.
    pub source: String,
}
