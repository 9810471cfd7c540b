//! Events by which a mod says that something is wrong in its world. A manifest names them, so
//! that people who watch a world are told of all that its mods find, by figures and rules that
//! know no mod.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ecs::{Topic, World};

/// The most findings that a mod may declare.
pub const FINDINGS_MAX: usize = 64;

/// A kind of event that a mod sends where it finds something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFinding {
    /// The event, without its mod.
    pub event: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it means, in a sentence.
    pub about: String,
}

/// How much a finding matters, in the words of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The world is not what it should be.
    Critical,
    /// A person should look at it.
    Warning,
}

impl Severity {
    /// Its name in files and in alerts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }

    /// That of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Critical, Self::Warning].into_iter().find(|it| it.name() == name)
    }
}

/// A finding of a mod that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFinding {
    /// The mod.
    pub mod_id: String,
    /// What it declared.
    pub declared: DeclaredFinding,
}

impl KnownFinding {
    /// The event, by full name.
    pub fn kind(&self) -> String {
        format!("{}/{}", self.mod_id, self.declared.event)
    }

    /// What events of it are in a world; nothing where no mod declares such an event.
    pub fn topic(&self, world: &World) -> Option<Topic> {
        world.registry.find(&self.kind()).map(Topic::Kind)
    }

    /// How often it was found up to the tick of a world, from the first tick on: events of a
    /// kind have numbers without gaps, which are part of the world.
    pub fn count(&self, world: &World) -> u64 {
        self.topic(world).map_or(0, |topic| world.events.last(topic))
    }
}

/// What is wrong with what a mod declares as findings, if anything is: in which key, and the
/// end of a sentence. Whether there is such an event shows where the mod is loaded.
pub fn objection(findings: &[DeclaredFinding]) -> Option<(Vec<String>, String)> {
    if findings.len() > FINDINGS_MAX {
        return Some((Vec::new(), format!("are more than {FINDINGS_MAX}: leave some out")));
    }
    let mut known = BTreeSet::new();
    findings.iter().enumerate().find_map(|(at, DeclaredFinding { event, about, .. })| {
        let (key, what) = if event.contains('/') {
            let what = "names a mod: findings are events of the mod itself, so leave it out";
            ("event", what.to_owned())
        } else if !known.insert(event) {
            ("event", format!("is `{event}` a second time: remove one of the two"))
        } else if about.trim().is_empty() {
            ("about", "is empty: say in a sentence what it means".to_owned())
        } else {
            return None;
        };
        Some((vec![at.to_string(), key.to_owned()], what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_finding_is_told_with_its_key() {
        let finding = |event: &str, about: &str| DeclaredFinding {
            event: event.to_owned(),
            severity: Severity::Warning,
            about: about.to_owned(),
        };
        let told = |findings: &[DeclaredFinding]| {
            objection(findings).map(|(key, what)| format!("{}: {what}", key.join(".")))
        };
        assert_eq!(told(&[finding("Odd", "It is odd."), finding("Even", "It is even.")]), None);
        for (findings, expected) in [
            (vec![finding("a/Odd", "x")], "0.event: names a mod"),
            (vec![finding("Odd", "x"), finding("Odd", "y")], "1.event: is `Odd` a second time"),
            (vec![finding("Odd", " ")], "0.about: is empty"),
            (vec![finding("Odd", "x"); FINDINGS_MAX + 1], ": are more than 64"),
        ] {
            let told = told(&findings).expect("an objection");
            assert!(told.starts_with(expected), "{told}");
        }
        for severity in [Severity::Critical, Severity::Warning] {
            assert_eq!(Severity::of_name(severity.name()), Some(severity));
        }
    }
}
