//! What the server answers, as far as this version of the client knows it: what is new
//! in a later version of the API is passed over, and is in what `raw` gives.
//!
//! Values of the world are JSON: numbers, texts, lists and objects as mods declare them;
//! integers past 2^53, NaN and infinities are texts, which [`number`] reads.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::names::{At, Entity};

/// A row by the names of its columns.
pub type Row = Map<String, Json>;

/// A value as a number: also one that JSON has no number for.
pub fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            digits => digits.parse::<i128>().ok().map(|it| it as f64),
        },
        _ => None,
    }
}

/// Rows, and what there is to say of them as a whole. They can be gone through like a
/// slice.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
#[non_exhaustive]
pub struct Rows<R = Row> {
    /// The rows.
    pub rows: Vec<R>,
    /// The tick that they are of, where they are of one: asked so, they are the same.
    pub at: Option<At>,
    /// The tick that they are of, where its course is not said.
    pub tick: Option<u64>,
    /// Whether there were more, which a limit or the time cut off.
    #[serde(default)]
    pub truncated: bool,
    /// How many there are in all, if that was asked for.
    pub count: Option<u64>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// What else there is to say of them.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl<R> Deref for Rows<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.rows
    }
}

impl<R> IntoIterator for Rows<R> {
    type Item = R;
    type IntoIter = std::vec::IntoIter<R>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, R> IntoIterator for &'a Rows<R> {
    type Item = &'a R;
    type IntoIter = std::slice::Iter<'a, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

/// A world that is served.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Standing {
    /// What it is called.
    pub name: String,
    /// Its last tick.
    pub tick: u64,
    /// The tick that its save stands at.
    pub saved_tick: u64,
    /// The last tick with its course.
    pub at: At,
    /// The state hash.
    pub state: String,
    /// The chain hash.
    pub chain: String,
    /// How many entities there are.
    pub entities: u64,
    /// Seconds of the world in a tick.
    pub dt_seconds: Option<f64>,
    /// How many edges there are.
    pub relations: Option<u64>,
    /// The mods that run.
    #[serde(default)]
    pub mods: Vec<String>,
    /// Those of them that faulted too often to take part.
    #[serde(default)]
    pub suspended: Vec<String>,
    /// What each stage of the last tick took, in milliseconds.
    #[serde(default)]
    pub stages_ms: BTreeMap<String, f64>,
}

/// A world of the server, which may be closed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Listed {
    /// What it is called.
    pub name: String,
    /// Whether it is `closed`, `opening`, `open`, `running` or `broken`; a server of one
    /// world alone may not say.
    pub status: Option<String>,
    /// Its last tick.
    pub tick: Option<u64>,
    /// The tick that its save stands at.
    pub saved_tick: Option<u64>,
    /// The last tick with its course.
    pub at: Option<At>,
    /// The state hash.
    pub state: Option<String>,
    /// The chain hash.
    pub chain: Option<String>,
    /// How many entities there are; of a closed world that is not known.
    pub entities: Option<u64>,
    /// Bytes of its save.
    pub bytes: Option<u64>,
    /// What is wrong with it, if it is broken.
    pub problem: Option<String>,
}

/// How a world goes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Its last tick.
    pub tick: u64,
    /// The tick that its save stands at.
    pub saved_tick: u64,
    /// Ticks that are done and in memory only.
    pub unsaved_ticks: u64,
    /// The first tick that can be asked for.
    pub first_tick: u64,
    /// How fast it goes, if it does.
    pub ticks_per_second: Option<f64>,
    /// How long ago the last tick was.
    pub seconds_since_tick: Option<f64>,
    /// How many entities there are.
    pub entities: u64,
    /// Bytes of the save.
    pub file_bytes: u64,
    /// Bytes of the log beside it.
    pub log_bytes: u64,
    /// What the last ticks took.
    pub tick_ms: Quantiles,
    /// What each stage of the last tick took, in milliseconds.
    pub stages_ms: BTreeMap<String, f64>,
    /// The slowest of the last ticks.
    pub slowest: Vec<Slow>,
    /// Runs that were discarded lately.
    pub faults: Vec<PastFault>,
    /// Mods that faulted too often to take part.
    pub suspended: Vec<String>,
    /// How long the server has run.
    pub uptime_s: u64,
    /// Which Sandtable the server is.
    pub version: String,
}

/// What ticks took, in milliseconds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// Half of them took less.
    pub p50: Option<f64>,
    /// All but one in 20.
    pub p95: Option<f64>,
    /// All but one in 100.
    pub p99: Option<f64>,
    /// The slowest.
    pub max: Option<f64>,
    /// How many ticks that is.
    pub of: u64,
}

/// What one tick took.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Slow {
    /// The tick.
    pub tick: u64,
    /// In milliseconds.
    pub ms: f64,
}

/// A run that was discarded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PastFault {
    /// In which tick.
    pub tick: u64,
    /// Of which system.
    pub system: String,
    /// Why.
    pub fault: String,
}

/// A chart that the world file names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// The SELECT that gives its points.
    pub sql: String,
}

/// A question that the world file or a mod brings along.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct NamedQuestion {
    /// What it is asked by.
    pub name: String,
    /// What it answers, in a sentence.
    pub about: String,
    /// What it takes.
    pub parameters: Vec<QuestionParameter>,
    /// The SELECT that answers it; who sees a part of the world is not told.
    pub sql: Option<String>,
    /// How its answer is best shown, if it says that: as what, and what its columns mean.
    #[serde(default)]
    pub show: Option<Json>,
}

/// What is to be known of some entities within so many tokens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Context {
    /// The tick that it is of.
    pub at: At,
    /// What they are: a component a row.
    pub state: Vec<Row>,
    /// How they stand to each other, and to others.
    pub relations: Vec<Relation>,
    /// What happened, the weightiest first.
    pub events: Vec<Cited>,
    /// Why something is not told.
    pub notes: Vec<String>,
    /// How much of each list did not fit.
    pub left_out: BTreeMap<String, u64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Cited {
    /// What tells of it: an event, a change, or a row of a question.
    pub cite: String,
    /// What happened.
    pub text: String,
}

/// What a question takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct QuestionParameter {
    /// What it is called.
    pub name: String,
    /// `text`, `integer`, `number`, `boolean` or `entity`.
    #[serde(rename = "type")]
    pub takes: String,
    /// What it is, in a sentence.
    pub about: String,
    /// What stands for it where nothing is given; else something must be.
    #[serde(default)]
    pub default: Option<Json>,
    /// Of which kinds the subject may be that it takes, if it takes one.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Of which clock the time is that it takes, if it takes one.
    #[serde(default)]
    pub clock: Option<String>,
}

/// A kind of value that mods declare.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct KindRow {
    /// Its name, as `economy/Economy`.
    pub name: String,
    /// What it is: a component, a relation, an event and so on.
    pub role: String,
    /// `packed`, or `dynamic`.
    pub storage: String,
    /// Its fields.
    pub fields: Vec<Typed>,
}

/// A name with a type.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Typed {
    /// What it is called.
    pub name: String,
    /// The type, in the words of mods or of SQL.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A resource and its value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Resource {
    /// Its kind.
    pub name: String,
    /// What it is.
    pub value: Json,
}

/// An entity in a list.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EntityRow {
    /// The entity.
    pub entity: Entity,
    /// What people know it by.
    pub label: Option<String>,
    /// What was selected: components and fields by their names. What it lacks is null.
    #[serde(flatten)]
    pub values: Row,
}

impl EntityRow {
    /// A field that was selected, as a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        number(self.values.get(name)?)
    }
}

/// An edge in a list.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Relation {
    /// The relation.
    pub kind: String,
    /// Where it begins.
    pub source: Entity,
    /// What people know that by.
    pub source_label: Option<String>,
    /// Where it ends.
    pub target: Entity,
    /// What people know that by.
    pub target_label: Option<String>,
    /// What it carries.
    pub data: Json,
}

/// The entities around one, and the edges among them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Graph {
    /// The tick that this is of.
    pub at: At,
    /// The entities, the one in the middle among them.
    pub nodes: Vec<Node>,
    /// The edges among them.
    pub edges: Vec<Link>,
    /// Whether there were more.
    pub truncated: bool,
}

/// An entity of a graph.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Node {
    /// The entity.
    pub entity: Entity,
    /// What people know it by.
    pub label: Option<String>,
    /// How many steps it is away.
    pub depth: u64,
    /// How many edges it has, also to entities that are not in the graph.
    pub edges: u64,
}

/// An edge of a graph.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Link {
    /// The relation.
    pub kind: String,
    /// Where it begins.
    pub source: Entity,
    /// Where it ends.
    pub target: Entity,
}
