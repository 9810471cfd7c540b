//! What a plan is made from, and what it says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::config::Removed;
use crate::ecs::World;
use crate::record::{Conversions, Input};
use crate::save::StoredMod;
use crate::tables::Ran;

/// What a save has, as far as a plan asks.
pub struct Saved<'a> {
    /// Its world.
    pub world: &'a World,
    /// Its mods.
    pub mods: &'a [StoredMod],
    /// Conversions that were made in it.
    pub applied_conversions: &'a Conversions,
    /// Inputs that wait for a tick.
    pub inputs: &'a [Input],
    /// Migrations of tables that ran in it.
    pub ran: &'a Ran,
    /// What becomes of the tables of mods that are gone.
    pub removed: &'a BTreeMap<String, Removed>,
}

/// What becomes of one mod.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModPlan {
    /// The mod's id.
    pub id: String,
    /// What becomes of it as a whole.
    pub change: ModChange,
    /// The version that it has now, and will have.
    pub versions: (Option<String>, Option<String>),
    /// What differs.
    pub differences: Vec<Difference>,
    /// Why it cannot be, each in a sentence that says what to do.
    pub refusals: Vec<String>,
}

/// What becomes of a mod as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModChange {
    /// It is new to the save, or comes back.
    Added,
    /// It no longer takes part; what it left stays.
    Removed,
    /// It is there in another form.
    Updated,
    /// It stays as it is.
    Same,
}

/// What becomes of a part of a mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "part")]
pub enum Difference {
    /// The component, by its digests.
    Code {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A file that it ships.
    Asset {
        /// Which file.
        name: String,
        /// What becomes of it.
        edit: Edit,
    },
    /// Which versions of another mod it needs.
    Dependency {
        /// Which mod.
        name: String,
        /// Before, if it was asked for.
        from: Option<String>,
        /// After, if it is asked for.
        to: Option<String>,
    },
    /// Something else that `mod.toml` says.
    Manifest,
    /// A system.
    System {
        /// Its name.
        name: String,
        /// What becomes of it.
        edit: Edit,
        /// What differs, where it changed.
        facets: Vec<Facet>,
    },
    /// A kind that the mod owns.
    Kind {
        /// `<mod>/<Name>`.
        name: String,
        /// What its values are used for.
        role: String,
        /// What becomes of it.
        edit: Edit,
        /// How many values the save has.
        values: u64,
        /// The conversions that take them.
        converted: Vec<String>,
        /// How many of them no conversion takes.
        left_over: u64,
        /// What differs besides fields.
        facets: Vec<Facet>,
        /// What becomes of its fields, where it changed.
        fields: Vec<FieldChange>,
    },
    /// A change of its tables that will be made.
    Migration {
        /// Its name.
        name: String,
    },
    /// A conversion that will be made.
    Conversion {
        /// Its name.
        name: String,
    },
    /// A table of a mod that is gone.
    Table {
        /// Its name.
        name: String,
        /// How many rows it has.
        rows: u64,
        /// Whether it will be dropped.
        dropped: bool,
    },
}

/// One thing about a system or kind that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facet {
    /// What it is, such as `every`.
    pub what: &'static str,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
}

/// What becomes of one field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Its name; of one that is removed, the name it had.
    pub name: String,
    /// The name it had, if that is another.
    pub was: Option<String>,
    /// The type it had, if it was there.
    pub from: Option<String>,
    /// The type it has, if it is still there.
    pub to: Option<String>,
    /// What values get that lack it.
    pub default: Option<Json>,
}

/// What became of a part that may be on either side.
pub(super) fn edit<T: PartialEq>(before: Option<T>, now: Option<T>) -> Option<Edit> {
    match (before, now) {
        (None, Some(_)) => Some(Edit::Added),
        (Some(_), None) => Some(Edit::Removed),
        (before, now) => (before != now).then_some(Edit::Changed),
    }
}
