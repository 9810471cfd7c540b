//! Events by which mods say that something is wrong, in the form that manifests keep.

use serde::{Deserialize, Serialize};

use sandtable_world::finding as live;

/// A kind of event that a mod sends where it finds something wrong.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    event: String,
    severity: String,
    about: String,
}

impl Finding {
    /// That of a mod.
    pub fn of(from: &live::DeclaredFinding) -> Self {
        let live::DeclaredFinding { event, severity, about } = from.clone();
        Self { event, severity: severity.name().to_owned(), about }
    }

    fn upgrade(self) -> Result<live::DeclaredFinding, String> {
        let Self { event, severity, about } = self;
        let known = live::Severity::of_name(&severity);
        let severity = known.ok_or_else(|| format!("`{severity}` is no severity of a finding"))?;
        Ok(live::DeclaredFinding { event, severity, about })
    }
}

/// What some of them say, in the types of today.
pub fn findings(stored: Vec<Finding>) -> Result<Vec<live::DeclaredFinding>, String> {
    stored.into_iter().map(Finding::upgrade).collect()
}
