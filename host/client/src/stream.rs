//! What happens in a world, as it happens, and again from where it broke off.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use super::error::{Error, Problem};
use super::line::{Coming, Line};
use super::names::{At, Entity};
use super::operation::Request;
use super::operations::StreamOf;
use super::sse;

/// The header that says which tick was told last.
const LAST: &str = "last-event-id";

/// What is told at once: a tick, what is other in it, and what happened in it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Told {
    /// The tick up to which it is told; [`StreamOf::after`] goes on from there.
    pub at: At,
    /// The tick.
    pub tick: TickTold,
    /// That something before it cannot be told.
    pub gap: Option<Gap>,
    /// What is other, where that was asked for and there was a tick before.
    pub changes: Option<ChangesTold>,
    /// Events, where they were asked for and there are any.
    pub events: Option<EventsTold>,
    /// What a later version of the API tells besides, by its name there.
    pub others: Vec<(String, Json)>,
}

/// A tick.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TickTold {
    /// Its number.
    pub tick: u64,
    /// The tick that was told before it; none where it begins here.
    pub since: Option<u64>,
    /// The tick that the save stands at.
    pub saved_tick: u64,
    /// The state hash.
    pub state: String,
    /// How many entities there are.
    pub entities: u64,
    /// Entities that came in it.
    pub spawned: u64,
    /// Entities that went in it.
    pub despawned: u64,
    /// How many events there were in it; of a tick that was missed this is not said.
    pub events: Option<u64>,
    /// How many inputs there were in it; of a tick that was missed this is not said.
    pub inputs: Option<u64>,
    /// Runs of systems that were discarded in it.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// A run of a system that was discarded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// The system.
    pub system: String,
    /// Why.
    pub fault: String,
}

/// Ticks that cannot be told. Of what is followed since, a copy is to be read anew, as of
/// `at`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// The first tick that is not told.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Where it goes on.
    pub at: At,
    /// Why.
    pub why: GapCause,
}

/// Why ticks cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// They are no longer kept.
    Pruned,
    /// The tick that was told last is of another course of the world.
    Rewound,
    /// They are the past, which the token may not read.
    Denied,
    /// Another cause, by its name in the API.
    Other(String),
}

impl<'de> Deserialize<'de> for GapCause {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Ok(match name.as_str() {
            "pruned" => Self::Pruned,
            "rewound" => Self::Rewound,
            "denied" => Self::Denied,
            _ => Self::Other(name),
        })
    }
}

/// What is other since the tick that was told before. A copy follows the lists in the
/// order in which they stand here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChangesTold {
    /// The tick that was told before.
    pub from: u64,
    /// The tick up to which this goes.
    pub to: u64,
    /// Whether these are several ticks in one.
    pub merged: bool,
    /// Entities that went.
    pub despawned: Vec<Entity>,
    /// Entities that came.
    pub spawned: Vec<Entity>,
    /// Components that were taken away.
    pub removed: Vec<Removed>,
    /// Components that are there now, or are other.
    pub set: Vec<Set>,
    /// Edges that went.
    pub unrelated: Vec<Ends>,
    /// Edges that are there now, or are other.
    pub related: Vec<Related>,
    /// Resources that are other.
    pub resources: Vec<SetResource>,
}

/// A component that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Removed {
    /// From which entity.
    pub entity: Entity,
    /// Which component.
    pub kind: String,
}

/// A component that is there now, or is other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Set {
    /// Of which entity.
    pub entity: Entity,
    /// Which component.
    pub kind: String,
    /// What it is.
    pub value: Json,
}

/// An edge by its ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Ends {
    /// The relation.
    pub kind: String,
    /// Where it begins.
    pub source: Entity,
    /// Where it ends.
    pub target: Entity,
}

/// An edge that is there now, or is other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Related {
    /// Which one.
    #[serde(flatten)]
    pub ends: Ends,
    /// What it carries.
    pub data: Json,
}

/// A resource that is other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SetResource {
    /// Which one.
    pub kind: String,
    /// What it is; null where it is there no more.
    pub value: Json,
}

/// Events since the tick that was told before.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventsTold {
    /// The tick from which on they are all there.
    pub from: u64,
    /// The tick up to which they go.
    pub to: u64,
    /// Whether there were more before `from`.
    pub truncated: bool,
    /// The events.
    pub rows: Vec<EventTold>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventTold {
    /// In which tick.
    pub tick: u64,
    /// Its kind.
    pub name: String,
    /// The system that sent it; an input comes from none.
    pub system: Option<String>,
    /// What it carries.
    pub value: Json,
}

/// What happens, as it happens.
///
/// It connects again whenever the connection breaks, and goes on after the tick that it
/// told last: also when the server was killed and started again, nothing is left out and
/// nothing is told twice, and what can be told no more is told as a [`Gap`]. After an
/// error it is over; [`Stream::last`] says where another one can go on.
#[derive(Debug)]
#[must_use = "nothing is told to what does not listen"]
pub struct Stream {
    line: Line,
    last: Option<At>,
}

impl StreamOf {
    /// From the tick after this one on: what happened since is told first, as far as it
    /// is kept.
    pub fn after(mut self, at: impl Display) -> Self {
        self.0.header(LAST, at);
        self
    }

    /// Listens.
    ///
    /// # Errors
    ///
    /// The server refuses or cannot be reached.
    pub fn open(&self) -> Result<Stream, Error> {
        Ok(Stream { line: Line::open(self.0.clone())?, last: None })
    }
}

impl Stream {
    /// The tick that was told last.
    pub fn last(&self) -> Option<&At> {
        self.last.as_ref()
    }
}

impl Iterator for Stream {
    type Item = Result<Told, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.line.next(told);
        if let Some(Ok(told)) = &next {
            self.line.request.header(LAST, &told.at);
            self.last = Some(told.at.clone());
        }
        next
    }
}

/// What is told next. What has no id of its own is a part of what follows, and is told
/// with it: where the connection breaks between the two, both are told again.
fn told(open: &mut Coming, request: &Request) -> Result<Told, Error> {
    let (mut gap, mut changes, mut events, mut others) = (None, None, None, Vec::new());
    loop {
        let next = sse::next(open).map_err(|error| request.client.unreachable(error))?;
        let Some(event) = next else {
            return Err(request.client.unreachable("the connection was closed"));
        };
        match event.name.as_str() {
            "gap" => gap = Some(read(&event.data, request)?),
            "changes" => changes = Some(read(&event.data, request)?),
            "events" => events = Some(read(&event.data, request)?),
            "problem" => {
                let document: Map<String, Json> = read(&event.data, request)?;
                let status = document.get("status").and_then(Json::as_u64);
                let status = status.and_then(|it| it.try_into().ok()).unwrap_or(500);
                return Err(Problem::of(document, status).into());
            }
            "tick" => {
                let tick = read(&event.data, request)?;
                let at = event.id.unwrap_or_default().parse();
                let at = at.map_err(|error| request.misunderstood(error))?;
                return Ok(Told { at, tick, gap, changes, events, others });
            }
            _ => others.push((event.name, read(&event.data, request)?)),
        }
    }
}

fn read<T: DeserializeOwned>(data: &str, request: &Request) -> Result<T, Error> {
    serde_json::from_str(data).map_err(|error| request.misunderstood(error))
}
