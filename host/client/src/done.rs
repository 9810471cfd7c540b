//! What became of what was sent to a world.

use serde::Deserialize;
use serde_json::Value as Json;

use super::names::{At, Entity};

/// What became of something that was sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// `done` where a tick had it, else `waits`.
    pub state: String,
    /// Whether what waits is in the save.
    pub in_save: Option<bool>,
    /// Whether it was sent before, under the same key.
    #[serde(default)]
    pub known: bool,
    /// The tick that had it.
    pub tick: Option<u64>,
    /// The tick with its course.
    pub at: Option<At>,
    /// How many inputs it was.
    pub inputs: Option<u64>,
    /// Which edit of the tick it was, by its number, with which it can be undone.
    pub edit: Option<u64>,
    /// The entities that an edit spawned.
    #[serde(default)]
    pub spawned: Vec<Entity>,
    /// What the systems that read the inputs emitted in the same tick.
    #[serde(default)]
    pub events: Vec<Caused>,
}

impl Sent {
    /// Whether a tick had it.
    pub fn is_done(&self) -> bool {
        self.state == "done"
    }
}

/// An event that followed from an input.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Caused {
    /// In which tick.
    pub tick: u64,
    /// Its kind.
    pub name: String,
    /// What it carries.
    pub value: Json,
}

/// What became of many inputs that were sent line by line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Accepted {
    /// How many are in the save.
    pub accepted: u64,
    /// How many of these had been sent before, under the same key.
    #[serde(default)]
    pub known: u64,
    /// The last tick that had some of them, as far as that is known.
    pub tick: Option<u64>,
}

/// Whether a world runs, and how fast.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// Whether it stands still.
    pub paused: bool,
    /// How many ticks a second it should do; 0 for as many as possible.
    pub hz: f64,
    /// Ticks that it is still to do before it stands still.
    pub steps: u64,
    /// Its last tick.
    pub tick: u64,
    /// The tick that its save stands at.
    pub saved_tick: u64,
    /// How late the next tick is.
    pub lag_seconds: f64,
    /// Of how many seconds ticks were left out, because they were too late.
    pub left_out_seconds: f64,
}

/// What would be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Forked {
    /// From which tick it went on.
    pub at: Option<At>,
    /// The same by its number.
    pub from: u64,
    /// The last tick of both worlds.
    pub to: u64,
    /// The last tick that the save has, up to which the unchanged world is what happened.
    pub recorded: u64,
    /// Why it ended before all ticks were done, if it did.
    pub cut: Option<String>,
    /// What became of each edit.
    pub edits: Vec<ForkedEdit>,
    /// What was watched.
    pub series: Vec<ForkedSeries>,
    /// What became other first, in order.
    pub first: Vec<FirstDifference>,
    /// How much is other at the end, what most is first.
    pub summary: Vec<ForkedCount>,
    /// Events of mods in the first ticks that only one of the two worlds has, in order.
    #[serde(default)]
    pub events: Vec<ForkedEvent>,
    /// How many more of those there are.
    #[serde(default)]
    pub events_more: u64,
    /// The last tick whose events were compared: events of later ones are not told.
    #[serde(default)]
    pub events_to: u64,
    /// How many runs of systems were discarded in each world.
    pub faults: ForkedFaults,
}

/// What became of an edit of a fork.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ForkedEdit {
    /// The entities that it spawned.
    pub spawned: Vec<Entity>,
    /// Why nothing of it was done, if that is so.
    pub refused: Option<String>,
}

/// Values of what was watched, in both worlds at the same ticks.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ForkedSeries {
    /// What it is called.
    pub title: String,
    /// The ticks.
    pub ticks: Vec<u64>,
    /// The values without the changes.
    pub truth: Vec<Json>,
    /// The values with them.
    pub changed: Vec<Json>,
}

/// What became other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FirstDifference {
    /// In which tick.
    pub tick: u64,
    /// Of which entity.
    pub entity: Option<Entity>,
    /// What people know that by.
    pub label: Option<String>,
    /// The component, relation or resource.
    pub name: Option<String>,
    /// The field of it.
    pub field: Option<String>,
    /// The value without the changes.
    #[serde(default)]
    pub truth: Json,
    /// The value with them.
    #[serde(default)]
    pub changed: Json,
    /// The system that set it.
    pub system: Option<String>,
    /// Whether an edit of the fork set it.
    #[serde(default)]
    pub by_hand: bool,
}

/// An event that one of the two worlds of a fork has and the other lacks.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ForkedEvent {
    /// In which tick.
    pub tick: u64,
    /// Its kind.
    pub name: String,
    /// Its value.
    pub value: Json,
    /// The system that emitted it.
    pub system: String,
    /// `changed` where it comes of the changes, `truth` where it no longer comes.
    pub only: String,
}

/// How often something is other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ForkedCount {
    /// What happened.
    pub action: String,
    /// The component, relation or resource.
    pub name: Option<String>,
    /// The field of it.
    pub field: Option<String>,
    /// How often.
    pub count: u64,
}

/// How many runs of systems were discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ForkedFaults {
    /// With the changes.
    pub changed: u64,
    /// Without them.
    pub truth: u64,
}

/// A tick that was given a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Named {
    /// The name.
    pub name: String,
    /// The tick.
    pub tick: u64,
    /// The tick with its course.
    pub at: At,
}

/// Another save that was made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Branched {
    /// What it is called.
    pub name: String,
    /// The tick that it goes on from.
    pub tick: u64,
    /// The state hash there.
    pub state: String,
}

/// A world that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Rewound {
    /// Where it stands now.
    pub tick: u64,
    /// Where it stood before.
    pub from: u64,
    /// Where it stands now, with its course.
    pub at: At,
    /// The save that has what was ahead, by its name.
    pub ahead: Option<String>,
    /// Inputs that waited and could not be kept.
    #[serde(default)]
    pub lost_inputs: Json,
}

/// A world that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Deleted {
    /// What it was called.
    pub deleted: String,
}
