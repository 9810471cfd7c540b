//! `mod.toml`: what a mod says of itself to people and to the catalog, before
//! any of its code runs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::{Asks, Error};
use crate::config::LimitOverrides;

/// What a mod's manifest is called.
pub const MANIFEST_FILE: &str = "mod.toml";

/// What a mod says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The mod's id.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// The version of `sandtable:guest` that it was made for.
    pub interface: Version,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Mods that it needs, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<String, Dependency>,
    /// Mods that must not be beside it, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub incompatible: BTreeMap<String, VersionReq>,
    /// What it wants of other mods.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub asks: Asks,
    /// Limits that it needs; those of the world file come before them.
    #[serde(default, skip_serializing_if = "LimitOverrides::is_empty")]
    pub limits: LimitOverrides,
}

/// Which versions of another mod do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dependency {
    /// These, and the mod must be there.
    Needed(VersionReq),
    /// These.
    Detailed {
        /// Which versions do.
        version: VersionReq,
        /// Whether the world may do without.
        #[serde(default)]
        optional: bool,
    },
}

impl Dependency {
    /// Which versions do.
    pub fn version(&self) -> &VersionReq {
        match self {
            Self::Needed(version) | Self::Detailed { version, .. } => version,
        }
    }

    /// Whether the world may do without.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Detailed { optional: true, .. })
    }
}

impl Manifest {
    /// Reads a manifest, if it is there.
    pub fn load(file: &Path) -> Result<Option<Self>, Error> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(Error::Read { path: file.to_path_buf(), cause }),
        };
        match toml::from_str(&text) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                let (line, column) = super::place::line_and_column(&text, offset);
                let what = error.message().replace('\n', "; ");
                Err(Error::World { file: file.to_path_buf(), line, column, what })
            }
        }
    }
}
