//! What one tick did, as persistence and people see it.
//!
//! The world's new contents are not in here: those are the difference between
//! two [`World`]s.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::ecs::{Bytes, Entity, Event, KindId, Topic, World};

/// A 32-byte BLAKE3 digest.
pub type Digest = [u8; 32];

/// Writes a digest as 64 hexadecimal digits.
pub fn hex(digest: &Digest) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

/// The names of conversions that a save has behind it: mod, conversion.
pub type Conversions = BTreeSet<(String, String)>;

/// Something that came from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which input.
    pub kind: KindId,
    /// Who sent it; free text.
    pub sender: String,
    /// A MessagePack value of the kind.
    pub payload: Bytes,
}

/// A suspended mod that is to take part again: something else that comes from
/// outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The mod's id.
    pub mod_id: String,
    /// Who asked for it; free text.
    pub sender: String,
}

/// A change of the world by hand, as it came from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEdit {
    /// Who sent it; free text.
    pub sender: String,
    /// The [`Edit`](crate::edit::Edit) as JSON.
    pub edit: String,
}

/// What a tick did with an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRun {
    /// What was sent, and by whom.
    pub sent: SentEdit,
    /// Entities that it spawned, in order.
    pub spawned: Vec<Entity>,
    /// Why nothing of it was done, if nothing was.
    pub refused: Option<String>,
}

/// What was sent at once, which one tick is given whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// By which the process that took it knows it; zero where it does not.
    pub id: u64,
    /// Who sent it; free text.
    pub sender: String,
    /// By which it counts once, if the sender gave a key.
    pub key: Option<RequestKey>,
    /// Its inputs, by their places among all.
    pub inputs: Range<usize>,
    /// Its edits, by their places among all.
    pub edits: Range<usize>,
}

/// By which a request counts once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// What the sender calls it; another sender's key of the same name is another.
    pub key: String,
    /// A digest of what was asked, so that another request under its key is told from it.
    pub digest: Digest,
}

/// What came from outside for one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Inputs, in order.
    pub inputs: Vec<Input>,
    /// Mods that take part again from this tick on.
    pub resumes: Vec<Resume>,
    /// Changes by hand, in order.
    pub edits: Vec<SentEdit>,
    /// What of that was sent at once, where it matters.
    pub requests: Vec<Request>,
}

impl Given {
    /// Adds what came later.
    pub fn append(&mut self, mut later: Given) {
        let (inputs, edits) = (self.inputs.len(), self.edits.len());
        let moved = |range: Range<usize>, by: usize| range.start + by..range.end + by;
        self.requests.extend(later.requests.into_iter().map(|request| Request {
            inputs: moved(request.inputs, inputs),
            edits: moved(request.edits, edits),
            ..request
        }));
        self.inputs.append(&mut later.inputs);
        self.resumes.append(&mut later.resumes);
        self.edits.append(&mut later.edits);
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        let Self { inputs, resumes, edits, requests } = self;
        inputs.is_empty() && resumes.is_empty() && edits.is_empty() && requests.is_empty()
    }
}

/// An input or event that a system will never read, though it is there to read
/// such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// What it is about.
    pub topic: Topic,
    /// The event.
    pub event: Event,
    /// The system, by full name, which always faulted at it; empty where there
    /// was no system to read an input.
    pub system: String,
}

/// An event that a system emitted, or a removal or despawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// What it is about.
    pub topic: Topic,
    /// Its number in its topic.
    pub number: u64,
    /// Who emitted it, by full name; empty for inputs, removals and despawns.
    pub system: String,
    /// A MessagePack value.
    pub payload: Bytes,
}

/// A mod left out of a tick, because the tick could not be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The mod's id.
    pub mod_id: String,
    /// The system with which it could not be done, by full name; empty in a save
    /// that did not know.
    pub system: String,
    /// Why, in a sentence.
    pub cause: String,
}

/// One system's run in one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemRun {
    /// Its full name, `<mod>/<system>`.
    pub system: String,
    /// Guest calls made.
    pub calls: u64,
    /// Of those, made elsewhere. A save keeps the sum alone.
    pub away: u64,
    /// Rows shipped.
    pub rows: u64,
    /// Commands sent.
    pub commands: u64,
    /// Commands that did nothing because an entity was no longer alive.
    pub stale: u64,
    /// Events emitted.
    pub events: u64,
    /// Time in guests, in nanoseconds, summed over threads.
    pub guest_ns: u64,
    /// Why all of it was discarded, if it was.
    pub fault: Option<String>,
}

/// One step of a tick: an edit, the run of a system, or its commands.
#[derive(Clone, Debug)]
pub struct Step {
    /// The number of the edit among those of the tick, where it is one.
    pub edit: Option<u32>,
    /// Whose, by full name; empty for an edit.
    pub system: String,
    /// Whether it is the commands, which come after all runs.
    pub is_commands: bool,
    /// The world before it.
    pub before: World,
    /// The world after it, which differs by what it did and nothing else.
    pub after: World,
    /// What became of rows of tables, by table, as a session wrote it down.
    pub rows: Vec<(String, Vec<u8>)>,
}

/// How long the stages of one tick took, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Taking inputs.
    pub inputs: u64,
    /// Systems: shards, guests, merge.
    pub systems: u64,
    /// Commands and events.
    pub deferred: u64,
    /// The state and chain hashes.
    pub hash: u64,
    /// What it changed, as bytes for history.
    pub history: u64,
    /// The commit; zero where it is held back.
    pub commit: u64,
}

impl Timings {
    /// Each stage by its name, in the order in which a tick comes by them.
    pub fn stages(&self) -> [(&'static str, u64); 6] {
        let Self { inputs, systems, deferred, hash, history, commit } = *self;
        [
            ("inputs", inputs),
            ("systems", systems),
            ("deferred", deferred),
            ("hash", hash),
            ("history", history),
            ("commit", commit),
        ]
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        self.stages().iter().map(|(_, nanos)| nanos).sum()
    }
}

/// How much a line that a mod logs matters.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The operator must act.
    Error,
    /// The operator should look.
    Warn,
    /// Worth knowing.
    #[default]
    Info,
    /// Worth knowing while searching for a mistake.
    Debug,
}

impl LogLevel {
    /// Every level with its name in settings and saves, the one that matters most
    /// first.
    pub const ALL: [(LogLevel, &'static str); 4] = [
        (LogLevel::Error, "error"),
        (LogLevel::Warn, "warn"),
        (LogLevel::Info, "info"),
        (LogLevel::Debug, "debug"),
    ];

    /// Its name in settings and saves.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl std::str::FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        found.map(|(level, _)| level).ok_or_else(|| "give error, warn, info or debug".to_owned())
    }
}

/// A line that a system logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Which system, by full name.
    pub system: String,
    /// How much it matters.
    pub level: LogLevel,
    /// One line.
    pub text: String,
}

/// The form in which values leave a save.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxFormat {
    /// The JSON form.
    #[default]
    Json,
    /// The same in MessagePack.
    Msgpack,
}

impl OutboxFormat {
    /// Every form, with its name in settings.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Json, "json"), (Self::Msgpack, "msgpack")];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl std::str::FromStr for OutboxFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(_, name)| *name == text);
        known
            .map(|(form, _)| *form)
            .ok_or_else(|| format!("`{text}` is none: give json or msgpack"))
    }
}

/// Something that leaves the save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What it is, by full name.
    pub kind: String,
    /// Which entity it is about, if it is about one.
    pub entity: Option<Entity>,
    /// The form of its value.
    pub format: OutboxFormat,
    /// Its value.
    pub body: Vec<u8>,
}

/// What one tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickRecord {
    /// Its number; the first tick of a world is one.
    pub tick: u64,
    /// The state hash after it.
    pub state: Digest,
    /// The chain hash after it.
    pub chain: Digest,
    /// What it was given from outside, in order.
    pub inputs: Vec<Input>,
    /// Mods that took part again from it on, as a sender asked.
    pub resumes: Vec<Resume>,
    /// Changes by hand, in order, and what became of each.
    pub edits: Vec<EditRun>,
    /// What of that was sent at once, where it matters; part of no hash.
    pub requests: Vec<Request>,
    /// What was emitted in it, in order.
    pub events: Vec<Emitted>,
    /// Mods that were left out of it.
    pub exclusions: Vec<Exclusion>,
    /// What will never be read, as it turned out in it.
    pub set_aside: Vec<SetAside>,
    /// Mods that were suspended at its end.
    pub suspended: Vec<String>,
    /// Mods that came with a swap and faulted so soon that after this tick the
    /// mods from before run again.
    pub rolled_back: Vec<String>,
    /// Its system runs, in schedule order.
    pub runs: Vec<SystemRun>,
    /// What its systems logged, as far as the world wants it kept; part of no hash.
    pub logged: Vec<Logged>,
    /// What it changed, as history keeps it; nothing where there is none.
    pub history: Vec<Vec<u8>>,
    /// What of it leaves the save, in order; part of no hash.
    pub outgoing: Vec<Outgoing>,
    /// Entities created.
    pub spawned: u64,
    /// Entities ended.
    pub despawned: u64,
    /// How long it took.
    pub timings: Timings,
}

impl TickRecord {
    /// The same without what history keeps of it, and what leaves the save.
    pub fn published(&self) -> Self {
        let Self { tick, state, chain, spawned, despawned, timings, .. } = *self;
        Self {
            tick,
            state,
            chain,
            inputs: self.inputs.clone(),
            resumes: self.resumes.clone(),
            edits: self.edits.clone(),
            requests: self.requests.clone(),
            events: self.events.clone(),
            exclusions: self.exclusions.clone(),
            set_aside: self.set_aside.clone(),
            suspended: self.suspended.clone(),
            rolled_back: self.rolled_back.clone(),
            runs: self.runs.clone(),
            logged: self.logged.clone(),
            history: Vec::new(),
            outgoing: Vec::new(),
            spawned,
            despawned,
            timings,
        }
    }

    /// What came from outside for it.
    pub fn given(self) -> Given {
        Given {
            inputs: self.inputs,
            resumes: self.resumes,
            edits: self.edits.into_iter().map(|run| run.sent).collect(),
            requests: self.requests,
        }
    }
}
