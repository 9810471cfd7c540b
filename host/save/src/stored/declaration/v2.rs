//! The second form of a declaration: systems also say in which phase they run,
//! under which conditions, and which alternatives their queries have.

use serde::{Deserialize, Serialize};

use super::v1;
use sandtable_world::declaration as live;

/// The number of this form.
pub const FORMAT: u64 = 2;

/// All that a mod declares.
#[derive(Serialize, Deserialize)]
pub struct Declaration {
    format: u64,
    id: String,
    version: String,
    kinds: Vec<v1::Kind>,
    systems: Vec<System>,
    migrations: Vec<v1::Migration>,
    conversions: Vec<v1::Conversion>,
}

#[derive(Serialize, Deserialize)]
pub struct System {
    #[serde(flatten)]
    first: v1::System,
    phase: u32,
    run_if: Vec<Condition>,
    /// Those of each query, where any has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<Vec<Vec<v1::Term>>>,
}

#[derive(Serialize, Deserialize)]
pub struct Condition {
    kind: u32,
    field: String,
    compares: Comparison,
    value: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

v1::alike! {
    Comparison, live::Comparison:
        Equal = Equal, Unequal = Unequal, Less = Less, AtMost = AtMost, Greater = Greater,
        AtLeast = AtLeast;
}

impl Declaration {
    /// Whether the form before this one lacks words for a declaration.
    pub fn is_needed(live: &live::Declaration) -> bool {
        live.systems.iter().any(|system| {
            system.phase != 0 || !system.run_if.is_empty() || has_alternatives(system)
        })
    }

    /// That of a mod.
    pub fn of(live: &live::Declaration) -> Self {
        Self {
            format: FORMAT,
            id: live.id.clone(),
            version: live.version.clone(),
            kinds: live.kinds.iter().map(v1::Kind::of).collect(),
            systems: live.systems.iter().map(System::of).collect(),
            migrations: live.migrations.iter().map(v1::Migration::of).collect(),
            conversions: live.conversions.iter().map(v1::Conversion::of).collect(),
        }
    }

    /// What it says, in the types of today.
    pub fn upgrade(self) -> live::Declaration {
        live::Declaration {
            id: self.id,
            version: self.version,
            kinds: self.kinds.into_iter().map(v1::Kind::upgrade).collect(),
            systems: self.systems.into_iter().map(System::upgrade).collect(),
            migrations: self.migrations.into_iter().map(v1::Migration::upgrade).collect(),
            conversions: self.conversions.into_iter().map(v1::Conversion::upgrade).collect(),
        }
    }
}

impl System {
    fn of(live: &live::System) -> Self {
        let run_if = live.run_if.iter().map(Condition::of).collect();
        let terms = |terms: &Vec<live::Term>| terms.iter().map(v1::Term::of).collect();
        let of = |query: &live::Query| query.alternatives.iter().map(terms).collect();
        let alternatives = match has_alternatives(live) {
            true => live.queries.iter().map(of).collect(),
            false => Vec::new(),
        };
        Self { first: v1::System::of(live), phase: live.phase, run_if, alternatives }
    }

    fn upgrade(self) -> live::System {
        let run_if = self.run_if.into_iter().map(Condition::upgrade).collect();
        let mut system = live::System { phase: self.phase, run_if, ..self.first.upgrade() };
        let terms = |terms: Vec<v1::Term>| terms.into_iter().map(v1::Term::upgrade).collect();
        for (query, alternatives) in system.queries.iter_mut().zip(self.alternatives) {
            query.alternatives = alternatives.into_iter().map(terms).collect();
        }
        system
    }
}

fn has_alternatives(system: &live::System) -> bool {
    system.queries.iter().any(|query| !query.alternatives.is_empty())
}

impl Condition {
    fn of(live: &live::Condition) -> Self {
        let live::Condition { kind, field, compares, value } = live.clone();
        Self { kind, field, compares: compares.into(), value }
    }

    fn upgrade(self) -> live::Condition {
        let Self { kind, field, compares, value } = self;
        live::Condition { kind, field, compares: compares.into(), value }
    }
}
