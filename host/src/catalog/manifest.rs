//! `mod.toml`: what a mod says of itself to people and to the catalog, before
//! any of its code runs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use semver::{Version, VersionReq};
use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::toml_text::{self, Complaint, Mistake, at, mistake};
use super::world_file::{MOD_ID, check_memory};
use super::{Asks, Error, is_mod_id};
use crate::config::LimitOverrides;
use crate::guest::INTERFACE_VERSION;

/// What a mod's manifest is called.
pub const MANIFEST_FILE: &str = "mod.toml";

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
            description: String::new(),
            authors: Vec::new(),
            licence: String::new(),
            dependencies: BTreeMap::new(),
            incompatible: BTreeMap::new(),
            asks: Asks::default(),
            limits: LimitOverrides::default(),
        }
    }

    /// Reads the manifest of the mod that the world knows under an id, if it is
    /// there.
    pub fn load(file: &Path, id: &str) -> Result<Option<Self>, Error> {
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&text, id)
                .map(Some)
                .map_err(|complaint| toml_text::error(file, &text, complaint)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Error::Read { path: file.to_path_buf(), cause }),
        }
    }

    /// Reads the text of a manifest.
    pub(crate) fn parse(text: &str, id: &str) -> Result<Self, Complaint> {
        let manifest: Self = toml_text::parse(text)?;
        manifest.check(id).map_err(|mistake| at(text, &mistake))?;
        Ok(manifest)
    }

    /// Checks what the types of the keys do not say.
    fn check(&self, id: &str) -> Result<(), Mistake> {
        if self.id != id {
            let what = format!(
                "is `{}`, but the world file loads the mod as `{id}`: rename one of the two",
                self.id
            );
            return mistake(["id"], what);
        }
        if self.interface.to_string() != INTERFACE_VERSION {
            let what = format!(
                "is {}, but this host runs sandtable:guest {INTERFACE_VERSION}: build the mod \
                 with the SDK of that version, and say so here",
                self.interface
            );
            return mistake(["interface"], what);
        }
        let dependencies = self.dependencies.keys().map(|other| ("dependencies", other));
        let incompatible = self.incompatible.keys().map(|other| ("incompatible", other));
        for (table, other) in dependencies.chain(incompatible) {
            if !is_mod_id(other) {
                return mistake([table, other], MOD_ID);
            }
            if other == id {
                return mistake([table, other], "is the mod itself: remove it");
            }
        }
        if let Some((key, what)) = self.asks.objection(id) {
            return mistake(["asks"].into_iter().chain(key.iter().map(String::as_str)), what);
        }
        check_memory(&["limits"], self.limits.memory_max_bytes)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::place::line_and_column;

    const GOOD: &str = "id = 'economy'\nversion = '1.2.3'\ninterface = '0.1.0'\n";

    fn complaint(text: &str) -> String {
        match Manifest::parse(text, "economy") {
            Ok(_) => "good".to_owned(),
            Err((offset, what)) => {
                let (line, column) = line_and_column(text, offset);
                format!("{line}:{column}: {what}")
            }
        }
    }

    #[test]
    fn a_manifest_survives_the_save_and_a_pack() {
        let text = format!(
            "{GOOD}description = 'Money.'\nauthors = ['A']\nlicence = 'MIT'\n\
             [dependencies]\ngeography = '1.2'\ndiplomacy = {{ version = '>=1, <3', optional = true }}\n\
             [incompatible]\nbarter = '*'\n\
             [asks]\nread = ['geography/*', 'geography:*']\nwrite = ['diplomacy__debts']\n\
             [limits]\nfuel = 7\n"
        );
        let manifest = Manifest::parse(&text, "economy").expect("good");
        assert!(manifest.dependencies["diplomacy"].optional);
        let json = serde_json::to_string(&manifest).expect("JSON");
        assert_eq!(serde_json::from_str::<Manifest>(&json).expect("read"), manifest);
        let toml = toml::to_string(&manifest).expect("TOML");
        assert_eq!(Manifest::parse(&toml, "economy").expect("read"), manifest);
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_remedy() {
        let id = MOD_ID;
        for (text, expected) in [
            (String::new(), "1:1: the key `id` is missing at the top level: add it"),
            (
                GOOD.replace("id = 'economy'\n", ""),
                "1:1: the key `id` is missing at the top level: add it",
            ),
            ("id = [".to_owned(), "1:7: this is not TOML: "),
            (
                format!("{GOOD}verison = 'x'\n"),
                "4:1: there is no key `verison` at the top level; the keys are `id`, ",
            ),
            (
                GOOD.replace("economy", "economics"),
                "1:1: `id` is `economics`, but the world file loads the mod as `economy`: rename one of the two",
            ),
            (
                GOOD.replace("'economy'", "7"),
                "1:6: `id` is the integer `7`, but must be a text in quotes",
            ),
            (
                GOOD.replace("1.2.3", "1.2"),
                "2:11: `version` is \"1.2\", which is no version (unexpected end of input while parsing minor version number): write it like `1.2.3`",
            ),
            (
                GOOD.replace("'1.2.3'", "1.2"),
                "2:11: `version` is the floating point `1.2`, but must be a text in quotes",
            ),
            (
                GOOD.replace("0.1.0", "0.9.0"),
                "3:1: `interface` is 0.9.0, but this host runs sandtable:guest 0.1.0: build the mod with the SDK of that version, and say so here",
            ),
            (
                format!("{GOOD}authors = 'me'\n"),
                "4:11: `authors` is the string \"me\", but must be a list",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = 'new'\n"),
                "5:13: `dependencies.geography` is \"new\", which is no range of versions (",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = 1\n"),
                "5:13: `dependencies.geography` is the integer `1`, but must be a range of versions like `\"1.2\"`",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = {{ optional = true }}\n"),
                "5:13: the key `version` is missing in `dependencies.geography`: add it",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = {{ version = '1', path = 'x' }}\n"),
                "5:30: there is no key `path` in `dependencies.geography`; the keys are `version`, `optional`",
            ),
            (
                format!("{GOOD}[dependencies]\nGeography = '1'\n"),
                &format!("5:1: `dependencies.Geography` {id}"),
            ),
            (
                format!("{GOOD}[dependencies]\neconomy = '1'\n"),
                "5:1: `dependencies.economy` is the mod itself: remove it",
            ),
            (
                format!("{GOOD}[incompatible]\na_b = '1'\n"),
                &format!("5:1: `incompatible.a_b` {id}"),
            ),
            (
                format!("{GOOD}[incompatible]\nbarter = 'x.y'\n"),
                "5:10: `incompatible.barter` is \"x.y\", which is no range of versions (",
            ),
            (
                format!("{GOOD}[asks]\nread = ['geography']\n"),
                "5:8: `asks.read` is \"geography\", which names nothing of a mod: write a kind like ",
            ),
            (
                format!("{GOOD}[asks]\nread = ['a/B', 'economy/Treasury']\n"),
                "5:16: `asks.read[1]` is `economy/Treasury`, but a mod needs no leave for what is its own: remove it",
            ),
            (
                format!("{GOOD}[asks]\nread = ['a/B']\nwrite = ['a/B']\n"),
                "6:10: `asks.write[0]` is `a/B` a second time, and to write includes to read: remove it",
            ),
            (
                format!("{GOOD}[asks]\nreads = ['a/B']\n"),
                "5:1: there is no key `reads` in `asks`; the keys are `read`, `write`",
            ),
            (
                format!("{GOOD}[limits]\nfule = 7\n"),
                "5:1: there is no key `fule` in `limits`; the keys are `fuel`, ",
            ),
            (
                format!("{GOOD}[limits]\nmemory_max_bytes = 0\n"),
                "5:1: `limits.memory_max_bytes` is 0: give a number from 1 to 1073741824, which is 1 GiB",
            ),
        ] {
            let told = complaint(&text);
            assert!(told.starts_with(expected), "for {text}\n  {told}\nsays {expected}");
        }
        assert_eq!(complaint(GOOD), "good");
    }
}
