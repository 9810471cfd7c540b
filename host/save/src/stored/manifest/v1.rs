//! The first form of a mod's manifest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::stored::finding::{Finding, findings};
use crate::stored::question::{Question, questions};
use crate::stored::terms::{Asks, LimitOverrides, upgrade_all};
use sandtable_world::manifest as live;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    id: String,
    version: String,
    interface: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    licence: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dependencies: BTreeMap<String, Dependency>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    incompatible: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    asks: Asks,
    #[serde(default, skip_serializing_if = "LimitOverrides::is_empty")]
    limits: LimitOverrides,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    question: Vec<Question>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    finding: Vec<Finding>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    dispensable: BTreeSet<String>,
}

/// As a text, or with more to say of it; it is written with all there is.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Dependency {
    Detailed(Detailed),
    Version(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Detailed {
    version: String,
    #[serde(default)]
    optional: bool,
}

impl Manifest {
    /// That of a mod.
    pub fn of(from: &live::Manifest) -> Self {
        let incompatible = from.incompatible.iter();
        Self {
            id: from.id.clone(),
            version: from.version.to_string(),
            interface: from.interface.to_string(),
            engine: from.engine.clone(),
            main: from.main.clone(),
            description: from.description.clone(),
            authors: from.authors.clone(),
            licence: from.licence.clone(),
            dependencies: from.dependencies.iter().map(Dependency::of).collect(),
            incompatible: incompatible.map(|(id, it)| (id.clone(), it.to_string())).collect(),
            asks: Asks::of(&from.asks),
            limits: LimitOverrides::of(&from.limits),
            question: from.question.iter().map(Question::of).collect(),
            finding: from.finding.iter().map(Finding::of).collect(),
            dispensable: from.dispensable.clone(),
        }
    }

    /// What it says, in the types of today.
    pub fn upgrade(self) -> Result<live::Manifest, String> {
        let version = |text: String| text.parse().map_err(|why| format!("version {text:?}: {why}"));
        Ok(live::Manifest {
            id: self.id,
            version: version(self.version)?,
            interface: version(self.interface)?,
            engine: self.engine,
            main: self.main,
            description: self.description,
            authors: self.authors,
            licence: self.licence,
            dependencies: upgrade_all(self.dependencies, Dependency::upgrade)?,
            incompatible: upgrade_all(self.incompatible, |text| range(&text))?,
            asks: self.asks.upgrade()?,
            limits: self.limits.upgrade(),
            question: questions(self.question).map_err(|error| error.to_string())?,
            finding: findings(self.finding)?,
            dispensable: self.dispensable,
        })
    }
}

impl Dependency {
    fn of((id, from): (&String, &live::Dependency)) -> (String, Self) {
        let live::Dependency { version, optional } = from;
        let detailed = Detailed { version: version.to_string(), optional: *optional };
        (id.clone(), Self::Detailed(detailed))
    }

    fn upgrade(self) -> Result<live::Dependency, String> {
        let (version, optional) = match self {
            Self::Detailed(Detailed { version, optional }) => (version, optional),
            Self::Version(version) => (version, false),
        };
        Ok(live::Dependency { version: range(&version)?, optional })
    }
}

fn range(text: &str) -> Result<semver::VersionReq, String> {
    text.parse().map_err(|why| format!("range of versions {text:?}: {why}"))
}
