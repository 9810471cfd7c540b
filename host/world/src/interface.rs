//! The contract between host and mods, by version.

/// The versions of the interface that this host runs.
pub const INTERFACE_VERSION: &str = "0.1.0";
