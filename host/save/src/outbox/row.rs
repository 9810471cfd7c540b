//! What a row is, and how an outbox stands.

use serde_json::Value as Json;

use sandtable_world::ecs::Entity;
use sandtable_world::record::{Digest, OutboxFormat};

use crate::error::{Fallible, damage};

/// The kind of a row that tells of an entity which came.
pub const SPAWNED: &str = "sandtable/Spawned";
/// The kind of a row that tells of an entity which went.
pub const DESPAWNED: &str = "sandtable/Despawned";
/// The kind of a row that tells of a way back to an earlier tick.
pub const REWOUND: &str = "sandtable/Rewound";

/// A value in a form.
pub fn body(format: OutboxFormat, value: &Json) -> Vec<u8> {
    match format {
        OutboxFormat::Json => value.to_string().into_bytes(),
        // A value of JSON always has a form in MessagePack.
        OutboxFormat::Msgpack => rmp_serde::to_vec_named(value).unwrap_or_default(),
    }
}

/// The digest of a row, over that of the row before it.
pub(super) fn link(before: &Digest, row: &OutboxRow) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    for number in [row.seq, row.tick, row.entity.map_or(0, |it| it.to_bits())] {
        hasher.update(&number.to_le_bytes());
    }
    for part in [row.kind.as_bytes(), row.format.name().as_bytes(), &row.body] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The form of a payload, by its number in a save.
pub(super) fn format_of(number: i64) -> Fallible<OutboxFormat> {
    let known = usize::try_from(number).ok().and_then(|at| OutboxFormat::ALL.get(at));
    match known {
        Some((format, _)) => Ok(*format),
        None => damage(format!("its outbox has a payload of form {number}, which is none")),
    }
}

/// Whether a row may be called so: what it is called stands in headers and subjects.
pub(super) fn is_kind(kind: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !part.is_empty() && part.bytes().all(plain)
    };
    kind.len() <= 512 && kind.split_once('/').is_some_and(|(of, name)| is_part(of) && is_part(name))
}

/// Something that leaves a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number, from one on and without gaps.
    pub seq: u64,
    /// The tick that it is of.
    pub tick: u64,
    /// What it is, by full name.
    pub kind: String,
    /// Which entity it is about, if it is about one.
    pub entity: Option<Entity>,
    /// The form of its value.
    pub format: OutboxFormat,
    /// Its value.
    pub body: Vec<u8>,
    /// A digest of the chain before it and of itself.
    pub chain: Digest,
}

/// Up to where a relay has seen a stream acknowledge rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relayed {
    /// The row.
    pub seq: u64,
    /// The number that the stream gave it.
    pub stream: u64,
}

/// How the outbox of a save stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStanding {
    /// The first row that is kept; zero where nothing ever left the save.
    pub first: u64,
    /// The last row.
    pub last: u64,
    /// How far a relay came, as it said last.
    pub relayed: Option<Relayed>,
}

impl OutboxStanding {
    /// The last row that was acknowledged, as it was said last; zero for none.
    pub fn acknowledged(&self) -> u64 {
        self.relayed.unwrap_or_default().seq.min(self.last)
    }

    /// How many rows were not acknowledged yet.
    pub fn behind(&self) -> u64 {
        self.last - self.acknowledged()
    }
}
