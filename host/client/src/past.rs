//! What the server answers of the past: what happened, when, why and by whom.

use serde::Deserialize;
use serde_json::Value as Json;

use super::answers::{Row, Typed};
use super::names::{At, Entity};

/// What a component was from a tick on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct HistoryRow {
    /// The tick that changed it.
    pub tick: u64,
    /// What became of it.
    pub action: String,
    /// The mod that did.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
    /// Where in the tick: in the run of the system, or by its commands.
    pub step: Option<String>,
    /// The fields by their names, as they were then.
    #[serde(flatten)]
    pub values: Row,
}

/// Who changed a component, and from what to what.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct BlameRow {
    /// The tick that changed it.
    pub tick: u64,
    /// What became of it.
    pub action: String,
    /// The mod that did.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
    /// Where in the tick: in the run of the system, or by its commands.
    pub step: Option<String>,
    /// What it was; a component is the JSON text of its fields.
    pub old: Json,
    /// What it became.
    pub new: Json,
}

/// Why a value is what it is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Why {
    /// The tick that this is of.
    pub at: Option<At>,
    /// The entity.
    pub entity: Entity,
    /// What people know it by.
    pub label: Option<String>,
    /// The component.
    pub component: String,
    /// The field of it, if one was asked for.
    pub field: Option<String>,
    /// The system as which it was asked.
    pub seen_by: Option<String>,
    /// The value.
    pub value: Json,
    /// Who set it; nothing where that is longer ago than is kept.
    pub set: Option<Setting>,
    /// The first tick that is kept.
    pub since: Option<u64>,
    /// What the system saw that set it.
    pub read: Vec<Seen>,
    /// How much more it saw.
    pub left_out: u64,
    /// What else there is to say.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Setting {
    /// In which tick.
    pub tick: u64,
    /// The tick with its course.
    pub at: Option<At>,
    /// Where in the tick.
    pub step: String,
    /// What became of it.
    pub action: String,
    /// The mod that did.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
    /// The version of the mod.
    pub version: Option<String>,
    /// What it was.
    pub old: Json,
    /// What it became.
    pub new: Json,
}

/// What a system saw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Seen {
    /// A component, a resource, an event and so on.
    pub what: String,
    /// Its kind.
    pub name: String,
    /// Of which entity.
    pub entity: Option<Entity>,
    /// What people know that by.
    pub label: Option<String>,
    /// Over which relation it was found.
    pub relation: Option<String>,
    /// The value.
    pub value: Json,
    /// Who had set it.
    pub set: Option<SeenSetting>,
}

/// Who had set what a system saw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SeenSetting {
    /// In which tick.
    pub tick: u64,
    /// The mod that did.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
}

/// Something that happened to an entity.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TimelineRow {
    /// In which tick.
    pub tick: u64,
    /// What happened.
    pub action: String,
    /// The kind that it is about.
    pub name: Option<String>,
    /// The other end of an edge.
    pub other: Option<Entity>,
    /// What people know that by.
    pub label: Option<String>,
    /// The value; a component is the JSON text of its fields.
    pub value: Json,
    /// How often, where it went on.
    pub times: Option<u64>,
    /// The mod that did it.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
    /// Where in the tick.
    pub step: Option<String>,
}

/// A change of the world.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// In which tick.
    pub tick: u64,
    /// What happened.
    pub action: String,
    /// To which entity; to none where it is a resource.
    pub entity: Option<Entity>,
    /// What people know that by.
    pub label: Option<String>,
    /// The component, relation or resource.
    pub name: Option<String>,
    /// Where an edge ends.
    pub target: Option<Entity>,
    /// What it was.
    pub old: Json,
    /// What it became.
    pub new: Json,
    /// The mod that did it.
    #[serde(rename = "mod")]
    pub mod_id: Option<String>,
    /// Its system.
    pub system: Option<String>,
    /// Who sent it, where it was done by hand.
    pub sender: Option<String>,
    /// Where in the tick.
    pub step: String,
}

/// What is other between two ticks; of a summary, how often.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Difference {
    /// What happened.
    pub action: String,
    /// To which entity.
    pub entity: Option<Entity>,
    /// What people know that by.
    pub label: Option<String>,
    /// The component, relation, resource or table.
    pub name: Option<String>,
    /// Where an edge ends.
    pub target: Option<Entity>,
    /// What people know that by.
    pub target_label: Option<String>,
    /// The field, or the key of a row.
    pub field: Option<String>,
    /// What it was.
    #[serde(default)]
    pub old: Json,
    /// What it became.
    #[serde(default)]
    pub new: Json,
    /// How often, in a summary.
    pub count: Option<u64>,
}

/// What a tick did.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TickRow {
    /// Its number.
    pub tick: u64,
    /// Entities that came.
    pub spawned: u64,
    /// Entities that went.
    pub despawned: u64,
    /// Entities that there were then.
    pub entities: u64,
    /// When it was saved, as RFC 3339 has it.
    pub committed_at: Option<String>,
    /// The state hash.
    pub state: Option<String>,
    /// The chain hash.
    pub chain: Option<String>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventRow {
    /// In which tick.
    pub tick: u64,
    /// Which of its tick.
    pub number: u64,
    /// Its kind.
    pub name: String,
    /// The system that sent it; an input comes from none.
    pub system: Option<String>,
    /// The JSON text of its fields.
    pub payload: Option<String>,
}

/// A change by hand.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EditRow {
    /// The tick that had it.
    pub tick: u64,
    /// Its number there.
    pub number: u64,
    /// Who sent it.
    pub sender: Option<String>,
    /// The JSON text of what it does.
    pub edit: Option<String>,
    /// The JSON text of the entities that it spawned.
    pub spawned: Option<String>,
    /// Why nothing of it was done, if that is so.
    pub refused: Option<String>,
}

/// A tick that has a name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// Its number.
    pub tick: u64,
    /// What is to be remembered of it.
    pub note: String,
    /// When it got its name, in milliseconds since 1970.
    pub made_at_ms: Option<u64>,
    /// Whether the world gave it the name by itself.
    #[serde(default)]
    pub automatic: bool,
}

/// What a run of a system did.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SystemRun {
    /// In which tick.
    pub tick: u64,
    /// Which system.
    pub system: String,
    /// In how many calls.
    pub calls: u64,
    /// Over how many rows.
    pub rows: u64,
    /// Commands that it sent.
    pub commands: u64,
    /// Events that it sent.
    pub events: u64,
    /// What its calls took, in milliseconds.
    pub guest_ms: f64,
    /// Why it was discarded, if it was.
    pub fault: Option<String>,
}

/// What a mod logged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LogRow {
    /// In which tick.
    pub tick: u64,
    /// Which mod.
    #[serde(rename = "mod")]
    pub mod_id: String,
    /// Its system.
    pub system: Option<String>,
    /// How grave it is.
    pub level: String,
    /// What it says.
    pub text: String,
}

/// A mod that runs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ModRow {
    /// What it is called.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The digest of its code.
    pub hash: String,
    /// Bytes of its code.
    pub bytes: u64,
    /// 1 where it faulted too often to take part, else 0.
    pub suspended: u64,
    /// Ticks in a row in which it faulted.
    pub faults_in_a_row: u64,
}

/// A system, and what it did so far.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SystemRow {
    /// What it is called, with its mod.
    pub name: String,
    /// The last tick in which it ran.
    pub last_tick: Option<u64>,
    /// How often it ran.
    pub runs: u64,
    /// In how many calls.
    pub calls: u64,
    /// Over how many rows.
    pub rows: u64,
    /// What its calls took, in milliseconds.
    pub guest_ms: f64,
    /// Runs that were discarded.
    pub faults: u64,
}

/// A table that a SELECT can ask for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Typed>,
}
