//! What a mod says of itself, as `mod.toml`, packs and saves have it.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};
use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::LimitOverrides;
use crate::finding::{DeclaredFinding, KnownFinding};
use crate::grants::Asks;
use crate::interface::INTERFACE_VERSION;
use crate::question::NamedQuestion;

/// What a mod says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The mod's id.
    pub id: String,
    /// Its version.
    #[serde(deserialize_with = "version")]
    pub version: Version,
    /// The version of `sandtable:guest` that it was made for.
    #[serde(deserialize_with = "version")]
    pub interface: Version,
    /// The engine that runs its text, for a mod that is no code of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The file in which its text begins; only with an engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// Mods that it builds on, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<String, Dependency>,
    /// Versions of mods that must not be beside it, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "ranges")]
    pub incompatible: BTreeMap<String, VersionReq>,
    /// What it wants of other mods.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub asks: Asks,
    /// Limits that it needs. They may be below those of the world; above them
    /// only as far as the world file says so for this mod.
    #[serde(default, skip_serializing_if = "LimitOverrides::is_empty")]
    pub limits: LimitOverrides,
    /// Questions that it brings along, which are asked by `<mod>/<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub question: Vec<NamedQuestion>,
    /// Its events that say that something is wrong, which people who watch are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finding: Vec<DeclaredFinding>,
    /// Systems without which it goes on: one that faults too often in a row is suspended
    /// alone, and the others run on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dispensable: BTreeSet<String>,
}

/// Which versions of another mod do: `"1.2"`, or `{ version = "1.2", optional =
/// true }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Which versions do.
    pub version: VersionReq,
    /// Whether the world may do without.
    pub optional: bool,
}

impl Manifest {
    /// That of a mod for this host, which asks for nothing.
    pub fn new(id: &str, version: Version) -> Self {
        Self {
            id: id.to_owned(),
            version,
            interface: INTERFACE_VERSION.parse().unwrap_or_else(|_| Version::new(0, 0, 0)),
            engine: None,
            main: None,
            description: String::new(),
            authors: Vec::new(),
            licence: String::new(),
            dependencies: BTreeMap::new(),
            incompatible: BTreeMap::new(),
            asks: Asks::default(),
            limits: LimitOverrides::default(),
            question: Vec::new(),
            finding: Vec::new(),
            dispensable: BTreeSet::new(),
        }
    }

    /// What it declares as findings.
    pub fn findings(&self) -> impl Iterator<Item = KnownFinding> {
        let known = |declared: &DeclaredFinding| KnownFinding {
            mod_id: self.id.clone(),
            declared: declared.clone(),
        };
        self.finding.iter().map(known)
    }
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|why| {
        D::Error::custom(format!("is {text:?}, which is no version ({why}): write it like `1.2.3`"))
    })
}

fn range<E: serde::de::Error>(text: &str) -> Result<VersionReq, E> {
    text.parse().map_err(|why| {
        E::custom(format!(
            "is {text:?}, which is no range of versions ({why}): write it like `1.2` or `>=1.2, <3`"
        ))
    })
}

/// A range of versions where nothing else can be.
struct Versions(VersionReq);

impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        range(&String::deserialize(from)?).map(Self)
    }
}

fn ranges<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, VersionReq>, D::Error> {
    let ranges = BTreeMap::<String, Versions>::deserialize(from)?;
    Ok(ranges.into_iter().map(|(id, Versions(range))| (id, range)).collect())
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Detailed {
            version: Versions,
            #[serde(default)]
            optional: bool,
        }

        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Dependency;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a range of versions like `\"1.2\"`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Dependency, E> {
                Ok(Dependency { version: range(text)?, optional: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Dependency, A::Error> {
                let detailed = Detailed::deserialize(MapAccessDeserializer::new(map))?;
                let Versions(version) = detailed.version;
                Ok(Dependency { version, optional: detailed.optional })
            }
        }

        from.deserialize_any(Either)
    }
}
